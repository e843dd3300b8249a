/// The product number of a PC model, with its localisation option if one was given: `9G2J7ET#ABZ`.
package struct ProductNumber: Hashable, Sendable, CustomStringConvertible {
    /// Five to seven digits and upper-case letters: `9G2J7ET`.
    package let base: String
    /// Three digits and upper-case letters: `ABZ` is Italy, `ABD` Germany, `ABF` France, `ABE` Spain.
    package let option: String?

    package var description: String {
        option.map { "\(base)#\($0)" } ?? base
    }

    /// Reads a product number; letters become upper case and white space is dropped. `nil` if the shape is wrong.
    package init?(_ raw: some StringProtocol) {
        let parts = normalised(raw).split(separator: "#", omittingEmptySubsequences: false)
        guard let base = parts.first, (5...7).contains(base.utf8.count),
            base.utf8.allSatisfy(SerialAlphabet.isAlphanumeric)
        else { return nil }
        switch parts.count {
        case 1:
            option = nil
        case 2:
            guard parts[1].utf8.count == 3, parts[1].utf8.allSatisfy(SerialAlphabet.isAlphanumeric) else { return nil }
            option = String(parts[1])
        default:
            return nil
        }
        self.base = String(base)
    }

    /// Whether both may be the same model: the same base, and not two different options.
    package func isCompatible(with other: ProductNumber) -> Bool {
        base == other.base && (option == nil || other.option == nil || option == other.option)
    }
}

/// The part number of a care pack: `U04RYE`, or `U04RYPE` after the warranty.
///
/// On a sale line it comes with the serial number of the PC that it covers; it is never a PC itself.
package struct CarePackPart: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// `U`, two to four letters and digits, `E` or `PE`; `nil` for anything else.
    package init?(_ raw: some StringProtocol) {
        let text = normalised(raw)
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "U"), bytes.last == UInt8(ascii: "E"), (4...7).contains(bytes.count),
            bytes.allSatisfy(SerialAlphabet.isAlphanumeric),
            bytes.count < 7 || bytes[5] == UInt8(ascii: "P")
        else { return nil }
        self.text = text
    }
}

/// Upper case, without white space.
private func normalised(_ raw: some StringProtocol) -> String {
    if raw.utf8.allSatisfy({ SerialAlphabet.isAlphanumeric($0) || $0 == UInt8(ascii: "#") }) { return String(raw) }
    var text = ""
    for scalar in raw.unicodeScalars where !scalar.properties.isWhitespace {
        text += scalar.properties.uppercaseMapping
    }
    return text
}
