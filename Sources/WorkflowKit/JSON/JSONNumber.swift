/// A number as it was spelled, so that nothing is lost between reading it and writing it again.
///
/// Two numbers are equal when they are spelled alike: `1` and `1.0` differ, although ``int64`` is 1 for both.
public struct JSONNumber: Hashable, Sendable {
    /// Whole numbers in their shortest spelling are most of what travels; they need no text.
    private enum Storage: Hashable {
        case integer(Int64)
        case text(String)
    }

    private let storage: Storage

    public init(_ value: Int64) { storage = .integer(value) }

    /// Nil for infinity and NaN, which JSON cannot write.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        storage = .text(value.description)
    }

    /// A number by its spelling; nil unless that is one JSON number and nothing else.
    public init?(spelling: String) {
        let bytes = Array(spelling.utf8)
        var reader = JSONReader(limits: .default)
        guard let first = bytes.first, first == UInt8(ascii: "-") || JSONReader.isDigit(first),
            let token = try? reader.skipNumber(bytes.span), token.upperBound == bytes.count
        else { return nil }
        self.init(validated: bytes.span, token)
    }

    /// The number whose spelling is `range` of `bytes`, which a ``JSONReader`` found to be one.
    init(validated bytes: Span<UInt8>, _ range: Range<Int>) {
        if let value = Self.shortestInteger(bytes, range) {
            storage = .integer(value)
        } else {
            storage = .text(JSONReader.string(bytes, range))
        }
    }

    /// The text of the number, as it was read or is going to be written.
    public var spelling: String {
        switch storage {
        case .integer(let value): String(value)
        case .text(let text): text
        }
    }

    /// The whole number that this is, exactly: `100`, `100.0` and `1e2` are 100, `0.5` and 2⁶⁴ are nil.
    public var int64: Int64? {
        switch storage {
        case .integer(let value): value
        case .text(let text): Self.exactInteger(text)
        }
    }

    /// Whether this is spelled as a whole number and a `Double` may not hold it.
    var isUnsafeInteger: Bool {
        switch storage {
        case .integer(let value): value.magnitude > 1 << 53
        case .text(let text):
            text.utf8.allSatisfy { JSONReader.isDigit($0) || $0 == UInt8(ascii: "-") }
                && (Self.exactInteger(text)?.magnitude ?? .max) > 1 << 53
        }
    }

    /// The nearest `Double`; infinite when the number is beyond its range.
    public var double: Double {
        switch storage {
        case .integer(let value): Double(value)
        case .text(let text): Double(text) ?? .infinity
        }
    }

    func write(into bytes: inout [UInt8]) {
        switch storage {
        case .integer(let value): Self.write(value, into: &bytes)
        case .text(let text): bytes.append(contentsOf: text.utf8)
        }
    }

    /// Appends the decimal digits of `value`.
    package static func write(_ value: Int64, into bytes: inout [UInt8]) {
        var magnitude = value.magnitude
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10))
            magnitude /= 10
        } while magnitude != 0
        var low = start
        var high = bytes.count - 1
        while low < high {
            bytes.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    /// The value of a spelling that consists of digits alone and is the shortest one of an `Int64`.
    private static func shortestInteger(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard range.count <= 20 else { return nil }
        var index = range.lowerBound
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var value: Int64 = 0
        while index < range.upperBound {
            guard JSONReader.isDigit(bytes[index]) else { return nil }
            let digit = Int64(bytes[index] - UInt8(ascii: "0"))
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) =
                isNegative ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
            if overflow || overflowed { return nil }
            value = sum
            index += 1
        }
        // "-0" is not how 0 is written.
        return isNegative && value == 0 ? nil : value
    }

    private static func exactInteger(_ text: String) -> Int64? {
        var digits: [UInt8] = []
        var isNegative = false
        var fractionDigits = 0
        var exponent = 0
        var isExponentNegative = false
        enum Part { case whole, fraction, exponent }
        var part = Part.whole
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"):
                if part == .exponent { isExponentNegative = true } else { isNegative = true }
            case UInt8(ascii: "+"): break
            case UInt8(ascii: "."): part = .fraction
            case UInt8(ascii: "e"), UInt8(ascii: "E"): part = .exponent
            default:
                if part == .exponent {
                    // Beyond this any number is either 0 or out of range; stopping here keeps the sum in bounds.
                    exponent = min(exponent * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
                } else {
                    digits.append(byte - UInt8(ascii: "0"))
                    if part == .fraction { fractionDigits += 1 }
                }
            }
        }
        var scale = (isExponentNegative ? -exponent : exponent) - fractionDigits
        while digits.last == 0 {
            digits.removeLast()
            scale += 1
        }
        guard !digits.isEmpty else { return 0 }
        guard scale >= 0 else { return nil }
        var value: Int64 = 0
        for digit in digits + Array(repeating: 0, count: min(scale, 20)) {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let signed = isNegative ? -Int64(digit) : Int64(digit)
            let (sum, overflowed) = scaled.addingReportingOverflow(signed)
            if overflow || overflowed { return nil }
            value = sum
        }
        return value
    }
}

extension JSONNumber: CustomStringConvertible {
    public var description: String { spelling }
}
