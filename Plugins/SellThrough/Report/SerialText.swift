import HoldingTenant

/// Serial numbers as they stand in a cell or an element: one or several, and perhaps damaged by a spreadsheet.
enum SerialText {
    /// Reads one serial number; knows what spreadsheets do to them.
    static func read(_ raw: String) -> Result<SerialNumber, SerialProblem> {
        if case .success(let serial) = SerialNumber.read(raw) { return .success(serial) }
        let text = trimmed(raw)
        if isScientific(text) { return .failure(SerialProblem(.spreadsheetNumber, suggestions: [])) }
        if let first = text.utf8.first,
            first == UInt8(ascii: "=") || first == UInt8(ascii: "+")
                || first == UInt8(ascii: "@")
        {
            return .failure(SerialProblem(.formula, suggestions: []))
        }
        return SerialNumber.read(raw)
    }

    /// The serial numbers of one cell: separated by `;`, `|`, `,`, `/` or line breaks, or by spaces if every part is
    /// a serial number by itself.
    static func split(_ cell: String) -> [String] {
        // Most cells hold one serial number in its normal form; this way 100,000 of them take a third of the time.
        if SerialNumber(normalised: cell) != nil { return [cell] }
        let unwrapped = unwrapped(cell)
        if isScientific(unwrapped) { return [unwrapped] }
        let parts = unwrapped.split { ";|,/\n\r\r\n\t".contains($0) }.map { trimmed(String($0)) }.filter { !$0.isEmpty }
        guard parts.count < 2 else { return parts }
        let words = unwrapped.split { $0.isWhitespace }.map(String.init)
        if words.count > 1, words.allSatisfy({ SerialNumber(normalised: $0.uppercased()) != nil }) { return words }
        return parts
    }

    /// Takes away what a spreadsheet puts around a text to keep it a text: `="5CG6081BCD"` and `'5CG6081BCD`.
    static func unwrapped(_ cell: String) -> String {
        var text = trimmed(cell)
        if text.hasPrefix("=\""), text.hasSuffix("\""), text.utf8.count >= 3 {
            text = String(text.dropFirst(2).dropLast())
        } else if text.hasPrefix("'") {
            text.removeFirst()
        }
        return text
    }

    /// `5.00E+09`: what is left of a serial number that looked like a number.
    private static func isScientific(_ text: String) -> Bool {
        guard let exponent = text.lastIndex(where: { $0 == "E" || $0 == "e" }) else { return false }
        let mantissa = text[..<exponent]
        let power = text[text.index(after: exponent)...]
        guard let sign = power.first, sign == "+" || sign == "-", !mantissa.isEmpty, power.count > 1 else {
            return false
        }
        return mantissa.allSatisfy { $0.isNumber || $0 == "." || $0 == "," } && power.dropFirst().allSatisfy(\.isNumber)
    }

    static func trimmed(_ text: String) -> String {
        if let first = text.utf8.first, let last = text.utf8.last, (0x21...0x7E).contains(first),
            (0x21...0x7E).contains(last)
        {
            return text
        }
        var scalars = Substring(text).unicodeScalars
        while let first = scalars.first, first.properties.isWhitespace || first == "\u{FEFF}" { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }
}

/// The text of bytes that should be UTF-8; every byte is a Latin-1 character if they are not.
func decoded(_ bytes: ArraySlice<UInt8>) -> String {
    if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
    return String(validating: bytes, as: UTF8.self)
        ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}
