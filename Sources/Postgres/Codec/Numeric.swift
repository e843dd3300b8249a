import WorkflowKit

// `numeric` on the wire (source: `numeric_send` in PostgreSQL 15's numeric.c): four 16-bit numbers, then digits of
// base 10,000. They are the count of digits, the weight of the first digit (its power of 10,000), the sign, and how
// many decimal digits stand behind the point.

private enum Sign {
    static let positive: UInt16 = 0x0000
    static let negative: UInt16 = 0x4000
    static let notANumber: UInt16 = 0xC000
    static let infinity: UInt16 = 0xD000
    static let negativeInfinity: UInt16 = 0xF000
}

extension [UInt8] {
    /// Appends the number that `text` writes: `-12.50`, `1e3`, `NaN`, `Infinity` and `-Infinity`.
    ///
    /// Throws `.rejected` for any other text, without repeating it.
    mutating func appendNumeric(_ text: String) throws(SQLError) {
        switch text {
        case "NaN": return appendHeader(digits: 0, weight: 0, sign: Sign.notANumber, scale: 0)
        case "Infinity": return appendHeader(digits: 0, weight: 0, sign: Sign.infinity, scale: 0)
        case "-Infinity": return appendHeader(digits: 0, weight: 0, sign: Sign.negativeInfinity, scale: 0)
        default: break
        }
        guard let number = DecimalText(text) else {
            throw SQLError(kind: .rejected, message: "a text that is not a decimal number cannot be stored as numeric")
        }
        let groups = number.groups
        appendHeader(
            digits: Int16(groups.digits.count), weight: Int16(groups.weight),
            sign: number.isNegative ? Sign.negative : Sign.positive, scale: UInt16(number.scale))
        for digit in groups.digits { appendBigEndian(digit) }
    }

    private mutating func appendHeader(digits: Int16, weight: Int16, sign: UInt16, scale: UInt16) {
        appendBigEndian(digits)
        appendBigEndian(weight)
        appendBigEndian(sign)
        appendBigEndian(scale)
    }
}

/// A decimal number taken apart: its digits, and where the point stands.
private struct DecimalText {
    var isNegative = false
    /// The decimal digits, without the point.
    var digits: [UInt8] = []
    /// How many of the digits stand before the point; may be negative or greater than their count.
    var pointAt = 0
    /// How many decimal digits the number shows behind the point.
    var scale = 0

    /// Limits of the type: 131,072 digits before the point and 16,383 behind (PostgreSQL manual, "Numeric Types").
    static let integerDigitsMax = 131_072
    static let scaleMax = 16_383

    init?(_ text: String) {
        var rest = text.utf8[...]
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            rest.removeFirst()
        }
        var hasPoint = false
        var exponent = 0
        scan: while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits.append(byte - UInt8(ascii: "0"))
                if !hasPoint { pointAt += 1 }
            case UInt8(ascii: ".") where !hasPoint:
                hasPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                rest.removeFirst()
                guard let number = Int(Substring(rest)), abs(number) <= Self.integerDigitsMax else { return nil }
                exponent = number
                break scan
            default:
                return nil
            }
            rest.removeFirst()
        }
        guard !digits.isEmpty else { return nil }
        scale = Swift.max(0, digits.count - pointAt - exponent)
        pointAt += exponent
        guard pointAt <= Self.integerDigitsMax, scale <= Self.scaleMax else { return nil }
    }

    /// The number's digits of base 10,000, without zeroes at either end, and the first one's power of 10,000.
    var groups: (digits: [Int16], weight: Int) {
        // Pad on the left, so that the point stands between two groups, and on the right to a whole group.
        let leading = ((-pointAt) % 4 + 4) % 4
        var groups: [Int16] = []
        var weight = (pointAt + leading) / 4 - 1
        var position = -leading
        while position < digits.count {
            var group: Int16 = 0
            for index in position..<(position + 4) {
                group = group * 10 + (digits.indices.contains(index) ? Int16(digits[index]) : 0)
            }
            groups.append(group)
            position += 4
        }
        while groups.last == 0 { groups.removeLast() }
        let zeroes = groups.prefix { $0 == 0 }.count
        groups.removeFirst(zeroes)
        weight -= zeroes
        return (groups, groups.isEmpty ? 0 : weight)
    }
}

extension CellReader {
    /// The decimal text that PostgreSQL would show.
    mutating func numeric() throws(UndecodableValue) -> String {
        let count = Int(try integer(as: Int16.self))
        let weight = Int(try integer(as: Int16.self))
        let sign = try integer(as: UInt16.self)
        let scale = Int(try integer(as: UInt16.self))
        guard count >= 0 else { throw UndecodableValue(reason: "the number has fewer than no digits") }
        switch sign {
        case Sign.positive, Sign.negative: break
        case Sign.notANumber: return "NaN"
        case Sign.infinity: return "Infinity"
        case Sign.negativeInfinity: return "-Infinity"
        default: throw UndecodableValue(reason: "the number has an unknown sign")
        }
        var groups: [Int16] = []
        for _ in 0..<count {
            let group = try integer(as: Int16.self)
            guard (0..<10_000).contains(group) else { throw UndecodableValue(reason: "a digit is not below 10,000") }
            groups.append(group)
        }
        /// The four decimal digits with the power `power` of 10,000.
        func digits(power: Int) -> String {
            let index = weight - power
            let group = groups.indices.contains(index) ? groups[index] : 0
            let text = String(group)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        var integerPart = ""
        for power in stride(from: Swift.max(weight, 0), through: 0, by: -1) { integerPart += digits(power: power) }
        let zeroes = integerPart.prefix(integerPart.count - 1).prefix { $0 == "0" }.count
        integerPart.removeFirst(zeroes)
        var text = (sign == Sign.negative ? "-" : "") + integerPart
        if scale > 0 {
            var fraction = ""
            for power in 1...((scale + 3) / 4) { fraction += digits(power: -power) }
            text += "." + fraction.prefix(scale)
        }
        return text
    }
}
