extension JSONReader {
    /// Checks the string that begins at the position, quotes, escapes and UTF-8.
    package mutating func skipString(_ bytes: Span<UInt8>) throws(JSONError) -> StringToken {
        let start = position + 1
        var index = start
        var hasEscapes = false
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return StringToken(
                    range: start..<index, hasEscapes: hasEscapes, isPlain: isASCII && !hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index = try Self.skipEscape(at: index, bytes)
            } else if byte < 0x20 {
                throw JSONError(.controlCharacter(byte), offset: index)
            } else if byte < 0x80 {
                index += 1
            } else {
                isASCII = false
                index = try Self.skipMultibyteCharacter(at: index, bytes)
            }
        }
        throw JSONError(.unexpectedEnd, offset: bytes.count)
    }

    /// The string at `token`, its escapes resolved.
    package static func string(_ token: StringToken, _ bytes: Span<UInt8>) -> String {
        token.hasEscapes
            ? String(decoding: unescaped(bytes, token.range), as: UTF8.self) : string(bytes, token.range)
    }

    /// Whether the string at `token` is `text`, which is ASCII.
    package static func isEqual(_ token: StringToken, _ text: StaticString, _ bytes: Span<UInt8>) -> Bool {
        guard token.isPlain else { return string(token, bytes) == "\(text)" }
        guard token.range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<token.range.count
        where bytes[token.range.lowerBound + offset] != (unsafe text.utf8Start[offset]) { return false }
        return true
    }

    /// The text of `range`, which is known to be UTF-8.
    static func string(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
            unsafe String(decoding: buffer, as: UTF8.self)
        }
    }

    /// The end of the escape at `index`; a surrogate pair is one escape.
    private static func skipEscape(at index: Int, _ bytes: Span<UInt8>) throws(JSONError) -> Int {
        guard index + 1 < bytes.count else { throw JSONError(.unexpectedEnd, offset: bytes.count) }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(at: index, bytes)
            guard (0xD800...0xDFFF).contains(unit) else { return index + 6 }
            guard unit < 0xDC00, index + 7 < bytes.count, bytes[index + 6] == UInt8(ascii: "\\"),
                bytes[index + 7] == UInt8(ascii: "u"),
                (0xDC00...0xDFFF).contains(try codeUnit(at: index + 6, bytes))
            else { throw JSONError(.loneSurrogate, offset: index) }
            return index + 12
        default:
            throw JSONError(.invalidEscape, offset: index)
        }
    }

    /// The UTF-16 code unit that the `\uXXXX` at `index` stands for.
    private static func codeUnit(at index: Int, _ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        guard index + 6 <= bytes.count else { throw JSONError(.unexpectedEnd, offset: bytes.count) }
        var unit: UInt32 = 0
        for offset in 2..<6 {
            guard let digit = hexDigit(bytes[index + offset]) else {
                throw JSONError(.invalidEscape, offset: index + offset)
            }
            unit = unit << 4 | digit
        }
        return unit
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// The end of the character at `index`; well-formed sequences are those of table 3-7 of the Unicode Standard.
    private static func skipMultibyteCharacter(at index: Int, _ bytes: Span<UInt8>) throws(JSONError) -> Int {
        let length: Int
        // What the second byte may be; it keeps out overlong forms, surrogates and what is above U+10FFFF.
        let second: ClosedRange<UInt8>
        switch bytes[index] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw JSONError(.invalidUTF8, offset: index)
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else {
            throw JSONError(.invalidUTF8, offset: index)
        }
        var next = index + 2
        while next < index + length {
            guard bytes[next] & 0xC0 == 0x80 else { throw JSONError(.invalidUTF8, offset: index) }
            next += 1
        }
        return next
    }

    /// The bytes of a string whose escapes were found to be right.
    static func unescaped(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                index += appendScalar(at: index, bytes, to: &text)
                continue
            case let literal: text.append(literal)
            }
            index += 2
        }
        return text
    }

    /// Appends the character that the `\u` escape at `index` stands for, and tells how long the escape is.
    private static func appendScalar(at index: Int, _ bytes: Span<UInt8>, to text: inout [UInt8]) -> Int {
        func unit(_ start: Int) -> UInt32 {
            (2..<6).reduce(0) { $0 << 4 | (hexDigit(bytes[start + $1]) ?? 0) }
        }
        let first = unit(index)
        let isPair = (0xD800...0xDBFF).contains(first)
        let scalar = isPair ? 0x10000 + (first - 0xD800) << 10 + (unit(index + 6) - 0xDC00) : first
        // Whoever calls has checked the escapes, so the replacement character never appears.
        text.append(contentsOf: String(Character(UnicodeScalar(scalar) ?? "\u{FFFD}")).utf8)
        return isPair ? 12 : 6
    }
}
