package import WorkflowKit

/// Where a history is played: the business, reached in one way or another.
package protocol HistoryWorld: Sendable {
    /// Calls a method as `caller` and returns its result; what the business refuses is thrown as ``RPCError``.
    @discardableResult
    func call(_ method: String, _ params: JSON, as caller: Principal?) async throws -> JSON

    /// Waits until the run has ended; how it did.
    func wait(for run: JSON?) async throws -> RunStatus
}

extension HistoryWorld {
    @discardableResult
    package func call(_ method: String, as caller: Principal?) async throws -> JSON {
        try await call(method, [:], as: caller)
    }

    /// A customer of the partner that has accepted its invitation.
    package func customer(of partner: String) async throws -> JSON {
        let created = try await call(
            "customer.create",
            [
                "name": "Studio Gamma", "plan": "premium-plus",
                "admin": ["firstName": "Anna", "lastName": "Verdi", "email": "anna@gamma.example"],
            ], as: .partner(partner))
        guard let id = created["customerId"], let invitation = created["invitation"] else {
            throw RPCError.internalError
        }
        try await call("customer.accept", ["invitation": invitation], as: nil)
        return id
    }
}

extension Principal {
    package static let admin = Principal(kind: .admin, id: "admin", name: "admin")
    package static let university = Principal(kind: .university, id: "university", name: "university")
    package static let support = Principal(kind: .support, id: "support", name: "support")

    package static func partner(_ id: String) -> Principal {
        Principal(kind: .partner, id: id, name: id, partnerID: id)
    }

    package static func reporter(_ id: String) -> Principal {
        Principal(kind: .reporter, id: id, name: id, reporterID: id)
    }

    package static func device(_ serial: String) -> Principal {
        Principal(kind: .device, id: serial, name: serial, serial: serial)
    }

    package static func customer(_ id: String) -> Principal {
        Principal(kind: .customer, id: id, name: id, customerID: id)
    }
}
