import Crypto

/// What tells whether a migration is still the one that was applied.
///
/// Two sums, because two different questions are asked. ``statements`` is over the tokens of the statements: it stays the
/// same when a comment, a line ending or an indentation changes, and an edit that it sees is an error. ``file`` is over
/// the bytes: a difference in it alone is only worth a warning.
package struct MigrationChecksum: Hashable, Sendable {
    /// SHA-256, lower-case hexadecimal.
    package let statements: String
    /// SHA-256, lower-case hexadecimal.
    package let file: String

    package init(statements: String, file: String) {
        self.statements = statements
        self.file = file
    }

    init(of statements: [MigrationStatement], file text: String) {
        var hash = SHA256()
        for statement in statements {
            for token in statement.tokens {
                // Kind and length before the text, so that no two sequences of tokens give the same bytes.
                let bytes = Array(token.text.utf8)
                hash.update(data: [token.kind.rawValue])
                hash.update(data: withBytes(of: UInt32(bytes.count)))
                hash.update(data: bytes)
            }
            hash.update(data: [0xFF])
        }
        self.init(statements: Self.hexadecimal(hash.finalize()), file: Self.ofText(text))
    }

    /// SHA-256 over the UTF-8 of `text`, lower-case hexadecimal.
    static func ofText(_ text: String) -> String { hexadecimal(SHA256.hash(data: Array(text.utf8))) }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] })
    }
}

/// The four bytes of `number`, big end first.
private func withBytes(of number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
}
