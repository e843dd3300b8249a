package import Postgres
package import WorkflowKit

/// The tokens in the database.
package struct PostgresPrincipals: PrincipalStore {
    private let pool: PostgresPool
    private let clock: @Sendable () -> Timestamp

    package init(pool: PostgresPool, clock: @escaping @Sendable () -> Timestamp) {
        self.pool = pool
        self.clock = clock
    }

    package func token(hash: TokenHash, at now: Timestamp) async throws -> AuthenticatedToken? {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.tokenByHash, name: "TokenByHash",
            parameters: [.bytes(hash.bytes), .timestamp(now)])
        guard let row = try await pool.query(statement).first else { return nil }
        let life = TokenLife(
            expiresAt: try row.timestamp("expires_at"), endsAt: try row.timestampOrNull("ends_at"))
        return AuthenticatedToken(
            tokenID: try row.text("token_id"), principal: try Self.principal(row), expiresAt: life.end)
    }

    package func tokensRevoked(since time: Timestamp) async throws -> [String] {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.revokedTokens, name: "RevokedTokens",
            parameters: [.timestamp(time), .timestamp(clock())])
        return try await pool.query(statement).map { row in try row.text("token_id") }
    }

    /// A token as operators see it: never the secret.
    package struct Listed: Hashable, Sendable {
        package let tokenID: String
        package let principal: Principal
        package let createdAt: Timestamp
        package let life: TokenLife
        package let replacedBy: String?
    }

    /// Every token there ever was.
    package func list() async throws -> [Listed] {
        let statement = SQLStatement(uncheckedText: EmbeddedSQL.listTokens, name: "ListTokens")
        return try await pool.query(statement).map { row in
            Listed(
                tokenID: try row.text("token_id"), principal: try Self.principal(row),
                createdAt: try row.timestamp("created_at"),
                life: TokenLife(
                    expiresAt: try row.timestamp("expires_at"), endsAt: try row.timestampOrNull("ends_at")),
                replacedBy: try row.textOrNull("replaced_by"))
        }
    }

    /// Makes a token good from now on. `hash` is all that is kept of it.
    ///
    /// - Parameter audit: What the audit log says about it, in the same transaction.
    package func create(
        id: String, principal: Principal, hash: TokenHash, expiresAt: Timestamp, audit: AuditEntry? = nil
    ) async throws {
        let now = clock()
        try await pool.transaction { transaction in
            try await transaction.execute(Self.insertion(id, principal, hash, now, expiresAt))
            if let audit { try await PostgresAudit.append(audit, in: transaction) }
        }
    }

    /// Ends a token now; every node closes its sessions within a second. False if there is no such token.
    package func revoke(id: String, audit: AuditEntry? = nil) async throws -> Bool {
        try await pool.transaction { transaction in
            let isKnown = try await !transaction.query(Self.end(id, at: clock(), replacedBy: nil)).isEmpty
            if isKnown, let audit { try await PostgresAudit.append(audit, in: transaction) }
            return isKnown
        }
    }

    /// What became of a rotation.
    package enum Rotation: Hashable, Sendable {
        /// The new token's caller and when it expires: it lives as long as the old one was to live.
        case rotated(Principal, expiresAt: Timestamp)
        /// There is no such token, or it has ended or was rotated already.
        case notGood
    }

    /// Replaces a token by a new one; the old one stays good for `overlap`.
    package func rotate(
        id: String, newID: String, newHash: TokenHash, overlap: Duration, audit: AuditEntry? = nil
    ) async throws -> Rotation {
        let now = clock()
        return try await pool.transaction { transaction in
            let statement = SQLStatement(
                uncheckedText: EmbeddedSQL.tokenForRotation, name: "TokenForRotation",
                parameters: [.text(id), .timestamp(now)])
            guard let row = try await transaction.query(statement).first else { return .notGood }
            let principal = try Self.principal(row)
            let expiresAt = now + (try row.timestamp("expires_at") - row.timestamp("created_at"))
            try await transaction.execute(Self.insertion(newID, principal, newHash, now, expiresAt))
            _ = try await transaction.query(Self.end(id, at: now + overlap, replacedBy: newID))
            if let audit { try await PostgresAudit.append(audit, in: transaction) }
            return .rotated(principal, expiresAt: expiresAt)
        }
    }

    private static func insertion(
        _ id: String, _ principal: Principal, _ hash: TokenHash, _ now: Timestamp, _ expiresAt: Timestamp
    ) -> SQLStatement {
        SQLStatement(
            uncheckedText: EmbeddedSQL.insertToken, name: "InsertToken",
            parameters: [
                .text(id), .text(principal.kind.rawValue), .text(principal.id), .text(principal.name),
                .textArray(principal.scopes), .text(orNull: principal.partnerID), .text(orNull: principal.reporterID),
                .text(orNull: principal.serial), .text(orNull: principal.customerID), .bytes(hash.bytes),
                .timestamp(now), .timestamp(expiresAt),
            ])
    }

    private static func end(_ id: String, at time: Timestamp, replacedBy: String?) -> SQLStatement {
        SQLStatement(
            uncheckedText: EmbeddedSQL.endToken, name: "EndToken",
            parameters: [.text(id), .timestamp(time), .text(orNull: replacedBy)])
    }

    private static func principal(_ row: SQLRow) throws -> Principal {
        guard let kind = PrincipalKind(rawValue: try row.text("kind")),
            case .textArray(let scopes) = try row.value("scopes")
        else { throw SQLError(kind: .defect, message: "a token's row has an unknown kind or scopes of another type") }
        return Principal(
            kind: kind, id: try row.text("principal_id"), name: try row.text("name"),
            scopes: scopes.compactMap { $0 }, partnerID: try row.textOrNull("partner_id"),
            reporterID: try row.textOrNull("reporter_id"), serial: try row.textOrNull("serial"),
            customerID: try row.textOrNull("customer_id"))
    }
}
