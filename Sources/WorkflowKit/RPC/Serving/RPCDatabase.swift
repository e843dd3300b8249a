/// The database as the server needs it: transactions that see what a caller may see.
package protocol RPCDatabase: Sendable {
    /// Runs `body` in a transaction whose rows are limited to what `principal` may see; nil sees no tenant's rows.
    ///
    /// It is repeated when another transaction won. Only a transaction that is not `readOnly` may write.
    func transaction<Value: Sendable>(
        as principal: Principal?, readOnly: Bool, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value
}

/// One change, as the audit log remembers it.
package struct AuditEntry: Hashable, Sendable {
    package let at: Timestamp
    /// ``Principal/qualifiedID``, or `anonymous`.
    package let principal: String
    package let method: String
    /// What was changed: `partner:P-1001`.
    package let entity: String
    package let requestID: String

    package init(at: Timestamp, principal: String, method: String, entity: String, requestID: String) {
        self.at = at
        self.principal = principal
        self.method = method
        self.entity = entity
        self.requestID = requestID
    }

    /// The same about another entity.
    package func about(_ entity: String) -> AuditEntry {
        AuditEntry(at: at, principal: principal, method: method, entity: entity, requestID: requestID)
    }
}

/// Remembers every change, and cannot be changed itself.
package protocol AuditLog: Sendable {
    func append(_ entry: AuditEntry, in transaction: any Transaction) async throws
}
