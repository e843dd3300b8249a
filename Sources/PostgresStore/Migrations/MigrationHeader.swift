/// What the `-- holdfast:` lines of a migration file say.
///
/// They may stand anywhere outside a statement's strings. All that follows `-- holdfast: down` is the way back.
struct MigrationHeader {
    private(set) var phase = MigrationPhase.expand
    private(set) var requires: [MigrationRequirement] = []
    private(set) var allowedRules: Set<String> = []
    private(set) var upText: String
    private(set) var upAlone = false
    private(set) var downText: String?
    /// The line of the file on which ``downText`` starts, counted from 1.
    private(set) var downLine = 1
    private(set) var downAlone = false

    private init(upText: String) {
        self.upText = upText
    }

    static func read(_ text: String, path: String) throws -> MigrationHeader {
        let strings = try SQLTokenizer.tokens(of: text).filter { $0.kind == .string || $0.kind == .quotedIdentifier }
        var header = MigrationHeader(upText: text)
        var problems: [MigrationProblem] = []
        var offset = 0
        for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            defer { offset += line.count + 1 }
            guard let directive = directive(String(decoding: line, as: UTF8.self)),
                !strings.contains(where: { $0.range.lowerBound < offset && offset < $0.range.upperBound })
            else { continue }
            let next = min(offset + line.count + 1, text.utf8.count)
            let position = Position(line: index + 1, start: offset, next: next)
            if let message = header.take(directive, at: position, of: text) {
                problems.append(MigrationProblem(path, message, line: index + 1))
            }
        }
        guard problems.isEmpty else { throw MigrationProblems(problems: problems) }
        return header
    }

    /// Where a directive stands: its line, its first byte, and the first byte of the next line.
    private struct Position {
        let line: Int
        let start: Int
        let next: Int
    }

    /// Notes one directive; returns what is wrong with it, or nil.
    private mutating func take(_ directive: String, at position: Position, of text: String) -> String? {
        let words = directive.split(whereSeparator: \.isWhitespace).map(String.init)
        switch words.first {
        case "down" where downText != nil:
            return "a second \"holdfast: down\""

        case "down" where words.count == 1 || words.dropFirst() == ["no-transaction"]:
            upText = String(decoding: text.utf8.prefix(position.start), as: UTF8.self)
            downText = String(decoding: text.utf8.dropFirst(position.next), as: UTF8.self)
            downLine = position.line + 1
            downAlone = words.count == 2

        case "no-transaction" where words.count == 1:
            if downText == nil { upAlone = true } else { downAlone = true }

        case "phase" where words.count == 2:
            guard let phase = MigrationPhase(rawValue: words[1]) else {
                return "phase \"\(words[1])\" is none of expand, backfill, contract"
            }
            self.phase = phase

        case "requires" where words.count == 2:
            guard let requirement = MigrationRequirement(words[1]) else {
                return "requires \"\(words[1])\": write a plugin's name and version, as in hp-university@2"
            }
            requires.append(requirement)

        case "allow" where words.count >= 2:
            guard MigrationLint.rules.contains(words[1]) else { return "allow \"\(words[1])\": no rule has this name" }
            allowedRules.insert(words[1])

        default:
            return "\"holdfast: \(directive)\" is none of down, no-transaction, phase, requires, allow"
        }
        return nil
    }

    /// What follows `-- holdfast:` in `line`, or nil.
    private static func directive(_ line: String) -> String? {
        var rest = line[...].drop(while: \.isWhitespace)
        guard rest.hasPrefix("--") else { return nil }
        rest = rest.dropFirst(2).drop(while: \.isWhitespace)
        guard rest.hasPrefix("holdfast:") else { return nil }
        rest = rest.dropFirst("holdfast:".count).drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
