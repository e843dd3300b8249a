/// One statement of a migration, without its semicolon.
struct MigrationStatement: Hashable, Sendable {
    /// From the first token to the last, with the comments between them.
    let text: String
    let tokens: [SQLToken]

    /// Where in the file the statement starts, counted from 1.
    var line: Int { tokens.first?.line ?? 1 }

    /// Whether PostgreSQL would do the same for both: their tokens are equal, wherever they stand.
    func means(_ other: MigrationStatement) -> Bool {
        tokens.count == other.tokens.count
            && zip(tokens, other.tokens).allSatisfy { $0.kind == $1.kind && $0.text == $1.text }
    }

    /// The statement on one line, cut to `length` characters: for progress and messages.
    func summary(length: Int = 72) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count <= length ? words : words.prefix(length - 1) + "…"
    }
}

/// Splits SQL into statements.
enum SQLScript {
    /// The statements of `text`; empty ones are left out.
    ///
    /// A semicolon ends a statement unless it stands between brackets or inside the `begin atomic … end` body of a
    /// function (the rule that psql follows, and for the same reason: there is no grammar here).
    static func statements(of text: String) throws(SQLTextProblem) -> [MigrationStatement] {
        let bytes = Array(text.utf8)
        var statements: [MigrationStatement] = []
        var current: [SQLToken] = []
        var brackets = 0
        var bodyDepth = 0

        func close() {
            if let first = current.first, let last = current.last {
                let range = first.range.lowerBound..<last.range.upperBound
                statements.append(
                    MigrationStatement(text: String(decoding: bytes[range], as: UTF8.self), tokens: current))
            }
            current = []
            brackets = 0
            bodyDepth = 0
        }

        for token in try SQLTokenizer.tokens(of: text) {
            switch (token.kind, token.text) {
            case (.symbol, ";") where brackets == 0 && bodyDepth == 0:
                close()
                continue
            case (.symbol, "("), (.symbol, "["):
                brackets += 1
            case (.symbol, ")"), (.symbol, "]"):
                brackets = max(0, brackets - 1)
            case (.word, "begin") where createsRoutine(current):
                bodyDepth += 1
            case (.word, "case") where bodyDepth > 0:
                bodyDepth += 1
            case (.word, "end") where bodyDepth > 0:
                bodyDepth -= 1
            default:
                break
            }
            current.append(token)
        }
        close()
        return statements
    }

    /// Whether the statement so far is a `create [or replace] function` or `procedure`.
    private static func createsRoutine(_ tokens: [SQLToken]) -> Bool {
        var words = tokens.prefix(4).map(\.text)[...]
        guard words.popFirst() == "create" else { return false }
        if words.first == "or" { words = words.dropFirst(2) }
        return words.first == "function" || words.first == "procedure"
    }
}
