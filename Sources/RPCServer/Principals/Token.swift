private import Crypto
package import WorkflowKit

/// A secret that a caller shows: `hf_<kind>_<random text>`.
///
/// The prefix makes one recognisable where it should not be, in a log or a repository. The random text has 32 base-62
/// characters, 190 bits, so a fast hash is enough to keep it.
package struct Token: Hashable, Sendable {
    /// 62^32 is more than 2^190.
    private static let randomCharacters = 32
    private static let randomCharactersMin = 22
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    package let text: String
    package let kind: PrincipalKind

    /// A new one.
    package static func random(
        kind: PrincipalKind, using generator: inout some RandomNumberGenerator
    ) -> Token {
        let secret = (0..<randomCharacters).map { _ in alphabet.randomElement(using: &generator)! }
        return Token(text: "hf_\(kind.rawValue)_\(String(decoding: secret, as: UTF8.self))", kind: kind)
    }

    /// Nil for a text that cannot be a token.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "hf", let kind = PrincipalKind(rawValue: String(parts[1])),
            (Self.randomCharactersMin...256).contains(parts[2].utf8.count),
            parts[2].utf8.allSatisfy(Self.alphabet.contains)
        else { return nil }
        self.init(text: text, kind: kind)
    }

    private init(text: String, kind: PrincipalKind) {
        self.text = text
        self.kind = kind
    }

    package var hash: TokenHash { TokenHash(bytes: Array(SHA256.hash(data: Array(text.utf8)))) }
}

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
