package import Postgres
package import WorkflowKit

/// Transactions in which a tenant's caller sees its own rows and no others, whatever the query forgets.
package struct PostgresTenancy: RPCDatabase {
    private let pool: PostgresPool
    private let conflictRetriesMax: Int

    package init(pool: PostgresPool, conflictRetriesMax: Int = 5) {
        self.pool = pool
        self.conflictRetriesMax = conflictRetriesMax
    }

    package func transaction<Value: Sendable>(
        as principal: Principal?, readOnly: Bool, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        let options = TransactionOptions(isReadOnly: readOnly, conflictRetriesMax: conflictRetriesMax)
        return try await pool.transaction(options) { transaction in
            if let principal, Self.isTenant(principal.kind) {
                _ = try await transaction.query(Self.become(principal))
            }
            return try await body(transaction)
        }
    }

    /// Whether row-level security stands behind the queries made for callers of that kind. The others are the
    /// operator's own and see all rows.
    package static func isTenant(_ kind: PrincipalKind) -> Bool {
        switch kind {
        case .partner, .reporter, .device, .customer: true
        case .admin, .support, .university: false
        }
    }

    private static func become(_ principal: Principal) -> SQLStatement {
        SQLStatement(
            uncheckedText: EmbeddedSQL.becomeTenant, name: "BecomeTenant",
            parameters: [
                .text(principal.qualifiedID), .text(principal.partnerID ?? ""), .text(principal.reporterID ?? ""),
                .text(principal.serial ?? ""), .text(principal.customerID ?? ""),
            ])
    }
}
