/// Reads a statement from left to right, word by word.
struct StatementCursor {
    private(set) var tokens: ArraySlice<SQLToken>

    init(_ statement: MigrationStatement) {
        tokens = statement.tokens[...]
    }

    init(_ tokens: ArraySlice<SQLToken>) {
        self.tokens = tokens
    }

    var isAtEnd: Bool { tokens.isEmpty }

    /// Takes `words` if they come next, all of them or none.
    mutating func accept(_ words: String...) -> Bool {
        guard tokens.count >= words.count, zip(tokens, words).allSatisfy({ Self.matches($0, $1) }) else { return false }
        tokens = tokens.dropFirst(words.count)
        return true
    }

    /// Takes and returns the first of `words` that comes next.
    mutating func acceptAny(_ words: String...) -> String? {
        guard let token = tokens.first, let word = words.first(where: { Self.matches(token, $0) }) else { return nil }
        tokens = tokens.dropFirst()
        return word
    }

    /// Takes a name, qualified or not.
    mutating func name() -> QualifiedName? {
        guard let first = tokens.first?.identifier else { return nil }
        tokens = tokens.dropFirst()
        guard let dot = tokens.first, dot.text == ".", let second = tokens.dropFirst().first?.identifier else {
            return QualifiedName(schema: nil, name: first)
        }
        tokens = tokens.dropFirst(2)
        return QualifiedName(schema: first, name: second)
    }

    /// Takes one token, whatever it is.
    mutating func skip() { tokens = tokens.dropFirst() }

    /// Whether `words` follow one another somewhere in what is left.
    func contains(_ words: String...) -> Bool {
        tokens.indices.contains { start in
            let candidate = tokens[start...].prefix(words.count)
            return candidate.count == words.count && zip(candidate, words).allSatisfy { Self.matches($0, $1) }
        }
    }

    /// What is left, cut at each comma that stands outside brackets.
    func commaSeparated() -> [StatementCursor] {
        var parts: [StatementCursor] = []
        var start = tokens.startIndex
        var depth = 0
        for index in tokens.indices {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "," where depth == 0:
                parts.append(StatementCursor(tokens[start..<index]))
                start = index + 1
            default: break
            }
        }
        parts.append(StatementCursor(tokens[start...]))
        return parts
    }

    private static func matches(_ token: SQLToken, _ word: String) -> Bool {
        (token.kind == .word || token.kind == .symbol) && token.text == word
    }
}

/// The name of a relation as a statement writes it.
struct QualifiedName: Hashable, Sendable, CustomStringConvertible {
    let schema: String?
    let name: String

    /// For people.
    var description: String { schema.map { "\($0).\(name)" } ?? name }

    /// For SQL text, quoted so that any name is safe.
    var quoted: String {
        let quotedName = Self.quote(name)
        return schema.map { "\(Self.quote($0)).\(quotedName)" } ?? quotedName
    }

    static func quote(_ identifier: String) -> String {
        "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
