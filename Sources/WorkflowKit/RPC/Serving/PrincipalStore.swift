/// A token that was found good.
package struct AuthenticatedToken: Hashable, Sendable {
    package let tokenID: String
    package let principal: Principal
    package let expiresAt: Timestamp

    package init(tokenID: String, principal: Principal, expiresAt: Timestamp) {
        self.tokenID = tokenID
        self.principal = principal
        self.expiresAt = expiresAt
    }
}

/// Where tokens are kept, as hashes.
package protocol PrincipalStore: Sendable {
    /// The token of that hash if it is neither revoked nor expired; nil otherwise, and nobody learns which.
    func token(hash: TokenHash, at now: Timestamp) async throws -> AuthenticatedToken?

    /// The ids of tokens that were revoked at `time` or later, and of those whose overlap with a newer one ended.
    func tokensRevoked(since time: Timestamp) async throws -> [String]
}
