/// The characters of PC serial numbers.
enum SerialAlphabet {
    /// The 31 characters that the last four places of a serial number use: digits and consonants, in ASCII order.
    static let tail = Array("0123456789BCDFGHJKLMNPQRSTVWXYZ".utf8)

    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    static func isUpperLetter(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || isUpperLetter(byte)
    }

    static func isTail(_ byte: UInt8) -> Bool {
        guard isAlphanumeric(byte) else { return false }
        switch byte {
        case UInt8(ascii: "A"), UInt8(ascii: "E"), UInt8(ascii: "I"), UInt8(ascii: "O"), UInt8(ascii: "U"):
            return false
        default:
            return true
        }
    }
}
