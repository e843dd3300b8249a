extension Timestamp {
    /// How many digits a written time has after the second.
    public enum Fraction: Sendable {
        /// Three digits, as the protocol writes times; what is below a millisecond is cut off.
        case milliseconds
        /// Six digits: reading it back gives the same `Timestamp`.
        case microseconds
    }

    /// Reads an RFC 3339 time, for example `2026-03-01T09:30:00.250Z` or `2026-03-01T10:30:00+01:00`.
    ///
    /// Digits below a microsecond are cut off. Nil for what is no such time, also for one without an offset from UTC;
    /// a leap second (`:60`) is read as the second that follows it.
    public init?(rfc3339 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        var cursor = DigitCursor(bytes: bytes)
        guard let year = cursor.number(digits: 4), cursor.skip("-"),
            let month = cursor.number(digits: 2), (1...12).contains(month), cursor.skip("-"),
            let day = cursor.number(digits: 2), (1...Self.days(inMonth: month, year: year)).contains(day),
            cursor.skip("Tt "),
            let hour = cursor.number(digits: 2), hour < 24, cursor.skip(":"),
            let minute = cursor.number(digits: 2), minute < 60, cursor.skip(":"),
            let second = cursor.number(digits: 2), second <= 60,
            let microseconds = cursor.fraction(),
            let offsetMinutes = cursor.offset(), cursor.isAtEnd
        else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second
        self.init(microsecondsSince1970: Int64(seconds) * 1_000_000 + Int64(microseconds))
    }

    /// The time in UTC as RFC 3339 writes it; years outside 0 to 9999 have more or fewer digits than it allows.
    public func rfc3339(_ fraction: Fraction = .milliseconds) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(27)
        let day = Int(utcDay)
        let (year, month, dayOfMonth) = Self.date(daysSince1970: day)
        let microsecondsOfDay = Int(microsecondsSince1970 - Int64(day) * 86_400_000_000)
        let seconds = microsecondsOfDay / 1_000_000
        Self.append(year, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(month, digits: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(dayOfMonth, digits: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        Self.append(seconds / 3_600, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(seconds / 60 % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(seconds % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: "."))
        switch fraction {
        case .milliseconds: Self.append(microsecondsOfDay / 1_000 % 1_000, digits: 3, to: &text)
        case .microseconds: Self.append(microsecondsOfDay % 1_000_000, digits: 6, to: &text)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ number: Int, digits: Int, to text: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        if number < 0 { text.append(UInt8(ascii: "-")) }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(abs(number) / divisor % 10))
            divisor /= 10
        }
    }

    private static func days(inMonth month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    // Both conversions count years from March, so that the leap day is the last day of a year, and work in eras of
    // 400 years, which all have the same length. Source: H. Hinnant, chrono-compatible low-level date algorithms.

    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

/// Reads digits and signs of a time from left to right.
private struct DigitCursor {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func number(digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + digits] {
            guard let digit = Self.digit(byte) else { return nil }
            value = value * 10 + digit
        }
        position += digits
        return value
    }

    /// Reads one character if it is among `characters`.
    mutating func skip(_ characters: String) -> Bool {
        guard position < bytes.count, characters.utf8.contains(bytes[position]) else { return false }
        position += 1
        return true
    }

    /// The microseconds of a fraction of a second; 0 where there is none.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        var value = 0
        var unit = 100_000
        let start = position
        while position < bytes.count, let digit = Self.digit(bytes[position]) {
            value += digit * unit
            unit /= 10
            position += 1
        }
        return position > start ? value : nil
    }

    /// The minutes that the time is ahead of UTC.
    mutating func offset() -> Int? {
        if skip("Zz") { return 0 }
        let isAhead = skip("+")
        guard isAhead || skip("-"), let hours = number(digits: 2), hours < 24, skip(":"),
            let minutes = number(digits: 2), minutes < 60
        else { return nil }
        return (isAhead ? 1 : -1) * (hours * 60 + minutes)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? Int(value) : nil
    }
}

/// Written as RFC 3339 text in UTC: with milliseconds, or with microseconds where ``JSONCoding`` was asked for exact
/// times.
extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Timestamp(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be an RFC 3339 time such as 2026-03-01T09:30:00.000Z")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let isExact = encoder.userInfo[JSONCoding.exactTimesKey] as? Bool == true
        try container.encode(rfc3339(isExact ? .microseconds : .milliseconds))
    }
}
