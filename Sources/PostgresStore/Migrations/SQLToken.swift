/// One word of SQL, as PostgreSQL's scanner would cut it (PostgreSQL manual, 4.1 "Lexical Structure").
struct SQLToken: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        /// A key word or an unquoted identifier.
        case word
        /// An identifier in double quotes.
        case quotedIdentifier
        /// A string constant in any of its forms: '…', E'…', U&'…', B'…', X'…', $tag$…$tag$.
        case string
        case number
        /// `$1`, `$2`, …
        case parameter
        /// An operator or a single punctuation character.
        case symbol
    }

    let kind: Kind
    /// The token as it stands in the file; a word folded to lower case, as PostgreSQL folds it.
    let text: String
    /// The first and the one-past-last byte of the token in the file.
    let range: Range<Int>
    /// Counts from 1.
    let line: Int

    /// The name that an identifier stands for: folded when it was unquoted, unescaped when it was quoted.
    var identifier: String? {
        switch kind {
        case .word: text
        case .quotedIdentifier:
            text.dropFirst().dropLast().split(separator: "\"\"", omittingEmptySubsequences: false)
                .joined(separator: "\"")
        case .string, .number, .parameter, .symbol: nil
        }
    }
}

/// Why a text is not SQL that a migration may hold.
struct SQLTextProblem: Error, Hashable, Sendable {
    /// Counts from 1.
    let line: Int
    /// One line, lower case, no full stop.
    let message: String
}
