/// SHA-256 of a token: what is stored and looked up. Finding one that matches a stored hash takes finding the token,
/// so the lookup need not take constant time.
package struct TokenHash: Hashable, Sendable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// When a token is good.
package struct TokenLife: Hashable, Sendable {
    package let expiresAt: Timestamp
    /// Set when the token was revoked, or replaced by rotation and its overlap is running.
    package let endsAt: Timestamp?

    package init(expiresAt: Timestamp, endsAt: Timestamp?) {
        self.expiresAt = expiresAt
        self.endsAt = endsAt
    }

    package func isGood(at now: Timestamp) -> Bool { now < end }

    /// The moment from which the token is refused.
    package var end: Timestamp { min(expiresAt, endsAt ?? .distantFuture) }

    /// The life after revoking, which a running overlap cannot prolong.
    package func revoked(at now: Timestamp) -> TokenLife {
        TokenLife(expiresAt: expiresAt, endsAt: min(endsAt ?? now, now))
    }

    /// The life of the old token after rotation: it stays good for `overlap`, so that whoever uses it can change over.
    package func rotated(at now: Timestamp, overlap: Duration) -> TokenLife {
        TokenLife(expiresAt: expiresAt, endsAt: min(endsAt ?? .distantFuture, now + overlap))
    }
}
