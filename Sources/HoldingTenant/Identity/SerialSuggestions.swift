/// "Did you mean" for serial numbers: one usual mistake undone, offered but never applied.
enum SerialSuggestions {
    private static let most = 3

    /// For a text of letters and digits that is accepted but not in the modern order.
    static func forUnusual(_ text: String) -> [String] {
        lookAlikes(Array(text.utf8)).map { [$0] } ?? []
    }

    /// For a text that is refused.
    static func forInvalid(_ text: String) -> [String] {
        var found: [String] = []
        func offer(_ candidate: [UInt8]) {
            let text = String(decoding: candidate, as: UTF8.self)
            if SerialNumber.isModern(candidate), !found.contains(text), found.count < most { found.append(text) }
            if let mended = lookAlikes(candidate), !found.contains(mended), found.count < most { found.append(mended) }
        }
        let bytes = Array(text.utf8)
        let plain = bytes.filter(SerialAlphabet.isAlphanumeric)
        offer(plain)
        // A spreadsheet drops zeros in front of a number.
        if plain.count < 10, plain.allSatisfy(SerialAlphabet.isDigit) {
            offer(Array(repeating: UInt8(ascii: "0"), count: 10 - plain.count) + plain)
        }
        // A label reads "SN" or "S/N" before the number.
        for label in ["SN", "SERIAL", "SER"] where plain.starts(with: label.utf8) {
            offer(Array(plain.dropFirst(label.utf8.count)))
        }
        return found
    }

    /// The text with O and I read as 0 and 1 where only a digit or a consonant can stand; `nil` if that does not
    /// give the modern shape or changes nothing.
    private static func lookAlikes(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 10 else { return nil }
        var mended = bytes
        for index in 4..<10 {
            if mended[index] == UInt8(ascii: "O") { mended[index] = UInt8(ascii: "0") }
            if mended[index] == UInt8(ascii: "I") { mended[index] = UInt8(ascii: "1") }
        }
        guard mended != bytes, SerialNumber.isModern(mended) else { return nil }
        return String(decoding: mended, as: UTF8.self)
    }
}
