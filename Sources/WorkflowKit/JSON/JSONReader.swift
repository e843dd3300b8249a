/// Walks over JSON text, one byte after the other, and accepts what RFC 8259 describes and nothing else.
///
/// The reader knows a position and no text: every call is handed the bytes, so that it can stand over an array or
/// over a network buffer without a copy. `skip…` checks a value and tells where it stands, `read…` builds it too.
package struct JSONReader {
    /// Where a string stands, without its quotes.
    package struct StringToken {
        package let range: Range<Int>
        /// Whether the text between the quotes is not yet the string, because it has escapes.
        package let hasEscapes: Bool
        /// Whether it is ASCII without escapes, so that equal strings have equal bytes.
        package let isPlain: Bool
    }

    /// The next byte to read.
    package var position: Int
    /// How many arrays and objects the position stands in.
    var depth: Int
    package let limits: JSONLimits
    package var keys = JSONKeySet()

    package init(limits: JSONLimits, position: Int = 0, depth: Int = 0) {
        self.limits = limits
        self.position = position
        self.depth = depth
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The next byte that is no white space, which stays unread.
    package mutating func peek(_ bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
        skipWhitespace(bytes)
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, offset: position) }
        return bytes[position]
    }

    package mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Reads `byte`, which must come next after white space.
    package mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) {
        let next = try peek(bytes)
        guard next == byte else { throw JSONError(.unexpectedByte(next), offset: position) }
        position += 1
    }

    /// Nothing but white space may follow.
    package mutating func expectEnd(_ bytes: Span<UInt8>) throws(JSONError) {
        skipWhitespace(bytes)
        if position < bytes.count { throw JSONError(.trailingBytes, offset: position) }
    }

    /// A byte-order mark is no white space and begins no value; it gets a reason of its own because it cannot be seen.
    package func refuseByteOrderMark(_ bytes: Span<UInt8>) throws(JSONError) {
        let isUTF8Mark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        let isUTF16Mark =
            bytes.count >= 2 && ((bytes[0] == 0xFE && bytes[1] == 0xFF) || (bytes[0] == 0xFF && bytes[1] == 0xFE))
        if isUTF8Mark || isUTF16Mark { throw JSONError(.byteOrderMark, offset: 0) }
    }

    /// Reads the bracket that opens an array or an object.
    package mutating func enter() throws(JSONError) {
        guard depth < limits.depth else { throw JSONError(.tooDeep(limit: limits.depth), offset: position) }
        depth += 1
        position += 1
    }

    package mutating func leave() {
        depth -= 1
        position += 1
    }

    /// After a member or an element: true if a comma says that another follows, false if `close` ends it (and is read).
    package mutating func another(before close: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        switch try peek(bytes) {
        case UInt8(ascii: ","):
            position += 1
            if try peek(bytes) == close { throw JSONError(.trailingComma, offset: position) }
            return true
        case close:
            leave()
            return false
        case let byte:
            throw JSONError(.unexpectedByte(byte), offset: position)
        }
    }

    /// Checks the value that comes next, whatever it is.
    package mutating func skipValue(_ bytes: Span<UInt8>) throws(JSONError) {
        switch try peek(bytes) {
        case UInt8(ascii: "{"): try skipObject(bytes)
        case UInt8(ascii: "["): try skipArray(bytes)
        case UInt8(ascii: "\""): _ = try skipString(bytes)
        case UInt8(ascii: "t"): try skipWord("true", bytes)
        case UInt8(ascii: "f"): try skipWord("false", bytes)
        case UInt8(ascii: "n"): try skipWord("null", bytes)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try skipNumber(bytes)
        case let byte: throw JSONError(.unexpectedByte(byte), offset: position)
        }
    }

    private mutating func skipArray(_ bytes: Span<UInt8>) throws(JSONError) {
        try enter()
        if try peek(bytes) == UInt8(ascii: "]") { return leave() }
        repeat { try skipValue(bytes) } while try another(before: UInt8(ascii: "]"), bytes)
    }

    private mutating func skipObject(_ bytes: Span<UInt8>) throws(JSONError) {
        try enter()
        if try peek(bytes) == UInt8(ascii: "}") { return leave() }
        let mark = keys.begin()
        repeat {
            try skipKey(bytes)
            try skipValue(bytes)
        } while try another(before: UInt8(ascii: "}"), bytes)
        keys.end(mark)
    }

    private mutating func skipKey(_ bytes: Span<UInt8>) throws(JSONError) {
        let token = try key(bytes)
        guard keys.insert(token, bytes) else {
            throw JSONError(.duplicateKey(Self.string(token, bytes)), offset: token.range.lowerBound - 1)
        }
    }

    /// A member's key and its colon.
    package mutating func key(_ bytes: Span<UInt8>) throws(JSONError) -> StringToken {
        let byte = try peek(bytes)
        guard byte == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte(byte), offset: position) }
        let token = try skipString(bytes)
        try expect(UInt8(ascii: ":"), bytes)
        return token
    }

    package mutating func skipWord(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw JSONError(.unexpectedEnd, offset: position) }
            guard bytes[position] == (unsafe word.utf8Start[index]) else {
                throw JSONError(.unexpectedByte(bytes[position]), offset: position)
            }
            position += 1
        }
    }

    /// The number that begins at the position.
    package mutating func skipNumber(_ bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let whole = try skipDigits(bytes)
        if whole.count > 1, bytes[whole.lowerBound] == UInt8(ascii: "0") {
            throw JSONError(.leadingZero, offset: whole.lowerBound)
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            _ = try skipDigits(bytes)
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            _ = try skipDigits(bytes)
        }
        guard position - start <= limits.numberBytes else {
            throw JSONError(.numberTooLong(limit: limits.numberBytes), offset: start)
        }
        return start..<position
    }

    /// One digit or more.
    private mutating func skipDigits(_ bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        let start = position
        while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
        if position > start { return start..<position }
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, offset: position) }
        throw JSONError(.invalidNumber, offset: position)
    }
}
