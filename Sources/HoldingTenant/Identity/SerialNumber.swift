/// The serial number of one PC, upper case, without spaces: `5CG6081BCD`.
///
/// There is no check digit. A serial number is real when a product record knows it; what is checked here is its
/// shape. Since 2003 it is three characters for region and site, one for the year, two digits for the week, and
/// four digits or consonants; other commercial devices and older ones have ten to twelve letters and digits.
package struct SerialNumber: Hashable, Sendable {
    /// Ten to twelve characters, digits and upper-case letters.
    package let text: String

    /// What the shape of the text says about it.
    package enum Shape: Hashable, Sendable {
        /// Ten characters in the order used since 2003.
        case modern
        /// Ten to twelve letters and digits in another order: accepted, with a warning.
        case unusual
    }

    package let shape: Shape

    private init(text: String, shape: Shape) {
        self.text = text
        self.shape = shape
    }

    /// A serial number that was read and stored before; `nil` if the text is not one in its normal form.
    package init?(normalised text: String) {
        guard case .success(let shape) = Self.shape(of: text.utf8) else { return nil }
        self.init(text: text, shape: shape)
    }

    /// Reads a serial number as people, scanners and spreadsheets write it.
    ///
    /// White space is dropped, letters become upper case, and the bar-code identifier `S` or `1S` in front goes if
    /// the rest has the modern shape. Nothing else is mended: what may have been meant is offered in the answer.
    package static func read(_ raw: some StringProtocol) -> Result<SerialNumber, SerialProblem> {
        if case .success(let shape) = shape(of: raw.utf8) {
            return finish(String(raw), shape)
        }
        let cleaned = clean(raw)
        guard !cleaned.isEmpty else { return .failure(SerialProblem(.empty, suggestions: [])) }
        switch shape(of: cleaned.utf8) {
        case .success(let shape):
            return finish(cleaned, shape)
        case .failure(let reason):
            for prefix in ["1S", "S"] where cleaned.hasPrefix(prefix) {
                let rest = String(cleaned.dropFirst(prefix.count))
                if isModern(rest.utf8) { return .success(SerialNumber(text: rest, shape: .modern)) }
            }
            return .failure(SerialProblem(reason, suggestions: SerialSuggestions.forInvalid(cleaned)))
        }
    }

    /// Serial numbers that may have been meant instead of this one, none if the shape is the modern one.
    ///
    /// The letters O and I cannot stand in the week or in the last four places; when they do, a digit was misread.
    package var suggestions: [String] {
        shape == .modern ? [] : SerialSuggestions.forUnusual(text)
    }

    private static func finish(_ text: String, _ shape: Shape) -> Result<SerialNumber, SerialProblem> {
        if shape == .unusual {
            for prefix in ["1S", "S"] where text.hasPrefix(prefix) {
                let rest = String(text.dropFirst(prefix.count))
                if isModern(rest.utf8) { return .success(SerialNumber(text: rest, shape: .modern)) }
            }
        }
        return .success(SerialNumber(text: text, shape: shape))
    }

    private static func clean(_ raw: some StringProtocol) -> String {
        var cleaned = ""
        for scalar in raw.unicodeScalars {
            if scalar.properties.isWhitespace || scalar == "\u{200B}" || scalar == "\u{FEFF}" { continue }
            if scalar.isASCII {
                cleaned.unicodeScalars.append(contentsOf: Character(scalar).uppercased().unicodeScalars)
            } else {
                cleaned.unicodeScalars.append(scalar)
            }
        }
        return cleaned
    }

    private static func shape(of bytes: some Sequence<UInt8>) -> Result<Shape, SerialProblem.Reason> {
        var count = 0
        var isModern = true
        var sawOther = false
        var weekTens: UInt8 = 0
        for byte in bytes {
            if !SerialAlphabet.isAlphanumeric(byte) { sawOther = true }
            switch count {
            case 0...3: break
            case 4:
                weekTens = byte &- UInt8(ascii: "0")
                if weekTens > 5 { isModern = false }
            case 5:
                let units = byte &- UInt8(ascii: "0")
                let week = weekTens &* 10 &+ units
                if units > 9 || !isModern || week < 1 || week > 53 { isModern = false }
            default:
                if !SerialAlphabet.isTail(byte) { isModern = false }
            }
            count += 1
        }
        if sawOther { return .failure(.character) }
        if count == 10, isModern { return .success(.modern) }
        return (10...12).contains(count) ? .success(.unusual) : .failure(.length)
    }

    static func isModern(_ bytes: some Sequence<UInt8>) -> Bool {
        if case .success(.modern) = shape(of: bytes) { return true }
        return false
    }
}

extension SerialNumber: Comparable, CustomStringConvertible {
    package static func == (left: SerialNumber, right: SerialNumber) -> Bool { left.text == right.text }
    package static func < (left: SerialNumber, right: SerialNumber) -> Bool { left.text < right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
    package var description: String { text }
}

/// Why a text is not a serial number, and what may have been meant.
package struct SerialProblem: Error, Hashable, Sendable {
    package enum Reason: String, Error, Hashable, Sendable {
        case empty
        /// Fewer than ten or more than twelve letters and digits.
        case length
        /// Something other than letters and digits.
        case character
        /// A spreadsheet turned the serial number into a number, such as `5.00E+09`; the digits are lost.
        case spreadsheetNumber = "spreadsheet-number"
        /// The cell holds a formula instead of a serial number.
        case formula
    }

    package let reason: Reason
    /// Serial numbers that would be valid and differ by one usual mistake; best first, at most three.
    package let suggestions: [String]

    package init(_ reason: Reason, suggestions: [String]) {
        self.reason = reason
        self.suggestions = suggestions
    }

    /// One sentence for the person who sent it.
    package var message: String {
        switch reason {
        case .empty: "the serial number is empty"
        case .length: "a serial number has 10 to 12 letters and digits"
        case .character: "a serial number consists of letters and digits only"
        case .spreadsheetNumber: "a spreadsheet turned the serial number into a number"
        case .formula: "the cell holds a formula instead of a serial number"
        }
    }
}
