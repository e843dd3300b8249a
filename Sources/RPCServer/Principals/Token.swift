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
