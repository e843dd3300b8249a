/// Cuts SQL into tokens; white space and comments fall away.
///
/// It knows what can hide a semicolon or a comment sign: strings with doubled quotes, escape strings, dollar quotes,
/// quoted identifiers and nested comments. It knows no grammar.
struct SQLTokenizer {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    private init(_ text: String) {
        bytes = Array(text.utf8)
    }

    static func tokens(of text: String) throws(SQLTextProblem) -> [SQLToken] {
        var tokenizer = SQLTokenizer(text)
        var tokens: [SQLToken] = []
        while let token = try tokenizer.next() { tokens.append(token) }
        return tokens
    }

    private mutating func next() throws(SQLTextProblem) -> SQLToken? {
        try skipSpaceAndComments()
        guard let byte = peek() else { return nil }
        let start = position
        let startLine = line
        let kind = try scan(startingWith: byte)
        let raw = String(decoding: bytes[start..<position], as: UTF8.self)
        return SQLToken(
            kind: kind, text: kind == .word ? Self.folded(raw) : raw, range: start..<position, line: startLine)
    }

    private mutating func scan(startingWith byte: UInt8) throws(SQLTextProblem) -> SQLToken.Kind {
        switch byte {
        case UInt8(ascii: "'"):
            try skipString(escapes: false)
            return .string

        case UInt8(ascii: "\""):
            try skipQuoted(by: byte, what: "quoted identifier")
            return .quotedIdentifier

        case UInt8(ascii: "$"):
            return try scanDollar()

        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            skipNumber()
            return .number

        case UInt8(ascii: "."):
            if let following = peek(1), Self.isDigit(following) {
                skipNumber()
                return .number
            }
            advance()
            return .symbol

        case UInt8(ascii: "\\"):
            throw problem("\"\\\" is a command of psql, not SQL")

        case _ where Self.startsWord(byte):
            return try scanWord()

        case _ where Self.operatorBytes.contains(byte):
            skipOperator()
            return .symbol

        default:
            advance()
            return .symbol
        }
    }

    // MARK: - White space and comments

    private mutating func skipSpaceAndComments() throws(SQLTextProblem) {
        while let byte = peek() {
            if Self.isSpace(byte) {
                advance()
            } else if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") {
                while let inside = peek(), inside != UInt8(ascii: "\n") { advance() }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                try skipBlockComment()
            } else {
                return
            }
        }
    }

    /// Block comments nest, as the SQL standard has it and C does not.
    private mutating func skipBlockComment() throws(SQLTextProblem) {
        let startLine = line
        var depth = 0
        repeat {
            guard let byte = peek() else { throw SQLTextProblem(line: startLine, message: "unterminated comment") }
            if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                advance(2)
            } else if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                advance(2)
            } else {
                advance()
            }
        } while depth > 0
    }

    // MARK: - Quotes

    private mutating func skipString(escapes: Bool) throws(SQLTextProblem) {
        let startLine = line
        advance()
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), escapes {
                advance(2)
            } else if byte == UInt8(ascii: "'") {
                advance()
                guard peek() == UInt8(ascii: "'") else { return }
                advance()
            } else {
                advance()
            }
        }
        throw SQLTextProblem(line: startLine, message: "unterminated string")
    }

    private mutating func skipQuoted(by quote: UInt8, what: String) throws(SQLTextProblem) {
        let startLine = line
        advance()
        while let byte = peek() {
            advance()
            if byte == quote {
                guard peek() == quote else { return }
                advance()
            }
        }
        throw SQLTextProblem(line: startLine, message: "unterminated \(what)")
    }

    /// `$1`, or the whole of `$tag$ … $tag$`.
    private mutating func scanDollar() throws(SQLTextProblem) -> SQLToken.Kind {
        if let following = peek(1), Self.isDigit(following) {
            advance()
            while let byte = peek(), Self.isDigit(byte) { advance() }
            return .parameter
        }
        var end = position + 1
        if end < bytes.count, Self.startsWord(bytes[end]) {
            while end < bytes.count, Self.continuesWord(bytes[end]), bytes[end] != UInt8(ascii: "$") { end += 1 }
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
            advance()
            return .symbol
        }
        let tag = bytes[position...end]
        let startLine = line
        advance(tag.count)
        while position + tag.count <= bytes.count {
            if bytes[position..<position + tag.count].elementsEqual(tag) {
                advance(tag.count)
                return .string
            }
            advance()
        }
        throw SQLTextProblem(line: startLine, message: "unterminated dollar-quoted string")
    }

    // MARK: - Words, numbers, operators

    private mutating func scanWord() throws(SQLTextProblem) -> SQLToken.Kind {
        let start = position
        while let byte = peek(), Self.continuesWord(byte) { advance() }
        let prefix = Self.folded(String(decoding: bytes[start..<position], as: UTF8.self))
        if peek() == UInt8(ascii: "'"), ["e", "b", "x", "n"].contains(prefix) {
            try skipString(escapes: prefix == "e")
            return .string
        }
        if prefix == "u", peek() == UInt8(ascii: "&") {
            if peek(1) == UInt8(ascii: "'") {
                advance()
                try skipString(escapes: false)
                return .string
            }
            if peek(1) == UInt8(ascii: "\"") {
                advance()
                try skipQuoted(by: UInt8(ascii: "\""), what: "quoted identifier")
                return .quotedIdentifier
            }
        }
        return .word
    }

    private mutating func skipNumber() {
        while let byte = peek() {
            if Self.continuesWord(byte), byte != UInt8(ascii: "$") {
                advance()
                let isExponent = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
                if isExponent, let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { advance() }
            } else if byte == UInt8(ascii: "."), peek(1) != UInt8(ascii: ".") {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func skipOperator() {
        while let byte = peek(), Self.operatorBytes.contains(byte) {
            let opensComment =
                (byte == UInt8(ascii: "-") && peek(1) == UInt8(ascii: "-"))
                || (byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*"))
            if opensComment { return }
            advance()
        }
    }

    // MARK: - Bytes

    private static let operatorBytes = Set("+-*/<>=~!@#%^&|`?".utf8)

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Letters, the underscore, and every byte of a character beyond ASCII.
    private static func startsWord(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte >= 0x80
    }

    private static func continuesWord(_ byte: UInt8) -> Bool {
        startsWord(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }

    /// ASCII letters only: PostgreSQL leaves the others as they are in a UTF-8 database.
    private static func folded(_ text: String) -> String {
        String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
    }

    private func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            if bytes[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    private func problem(_ message: String) -> SQLTextProblem { SQLTextProblem(line: line, message: message) }
}
