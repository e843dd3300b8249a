import Foundation
import WorkflowKit

/// A customer as callers read it.
struct CustomerAnswer: Codable, Sendable, JSONDescribed {
    struct Admin: Codable, Sendable {
        var firstName: String
        var lastName: String
        var email: String

        static let schema = JSONSchema.object([
            .required("firstName", .string(1...100)), .required("lastName", .string(1...100)),
            .required("email", .string(3...254)),
        ])
    }

    var customerId: String
    var name: String
    var status: String
    var plan: String
    var devices: Int
    /// Only once the invitation is accepted.
    var admin: Admin?
    var address: String?
    var acceptedAt: Timestamp?
    /// When the invitation ends, or has ended; absent once it was accepted.
    var invitationEndsAt: Timestamp?
    /// What cannot be done while the invitation is pending or the customer is disabled.
    var blocked: [String]

    static let schema = JSONSchema.object([
        .required("customerId", .uuid), .required("name", .text),
        .required("status", .oneOf(["invited", "accepted", "disabled"])),
        .required("plan", .oneOf(Tier.allCases.map(\.rawValue))), .required("devices", .integer(0...Int.max)),
        .optional("admin", Admin.schema), .optional("address", .text), .optional("acceptedAt", .timestamp),
        .optional("invitationEndsAt", .timestamp), .required("blocked", .array(of: .text)),
    ])

    init(_ customer: KeptCustomer, devices: Int) {
        customerId = CustomerID(customer.id).text
        name = customer.name
        status = customer.access.status.rawValue
        plan = customer.plan
        self.devices = devices
        blocked = customer.access.blocked.map(\.rawValue)
        if customer.access.status == .invited {
            invitationEndsAt =
                customer.invitationEndedAt ?? customer.access.invitedAt + CustomerAccess.invitationLasts
        }
        guard customer.access.status == .accepted else { return }
        admin = Admin(
            firstName: customer.admin.firstName, lastName: customer.admin.lastName, email: customer.admin.email)
        address = customer.address
        acceptedAt = customer.access.acceptedAt
    }

    /// The customer of that id if the caller sees it and it has accepted.
    static func accepted(
        _ id: String, isLocked: Bool = false, in transaction: any Transaction
    ) async throws -> KeptCustomer {
        let customer = try await visible(id, isLocked: isLocked, in: transaction)
        guard customer.access.status == .accepted else {
            throw RPCError.precondition(
                "customer", "The customer has not accepted the invitation, or was disabled.",
                detail: ["status": .string(customer.access.status.rawValue)])
        }
        return customer
    }

    static func visible(
        _ id: String, isLocked: Bool = false, in transaction: any Transaction
    ) async throws -> KeptCustomer {
        guard let id = UUID(uuidString: id),
            let customer = try await CustomerBook.find(id, isLocked: isLocked, in: transaction)
        else { throw RPCError.notFound("customer") }
        return customer
    }
}

/// Names one customer in parameters.
struct CustomerReference: Codable, Sendable, JSONDescribed {
    var customerId: String
    static let schema = JSONSchema.object([.required("customerId", .uuid)])
}
