internal import Crypto
internal import Foundation

/// The PIN with which a customer's PCs join the customer's dashboard (cPIN).
///
/// Ten characters of the alphabet that serial numbers end with: digits and consonants. It is shown in two groups
/// of five and read without regard to case, spaces and hyphens.
package struct CompanyPIN: Hashable, Sendable {
    /// Ten characters, upper case, without the hyphen.
    package let text: String

    /// The number of characters, without the hyphen.
    package static let length = 10

    /// Draws a new PIN; about 49 bits, so guessing at 20 a minute takes longer than the product will live.
    package init(using generator: inout some RandomNumberGenerator) {
        var drawn = ""
        for _ in 0..<Self.length {
            drawn.append(Character(Unicode.Scalar(SerialAlphabet.tail[Int.random(in: 0..<31, using: &generator)])))
        }
        text = drawn
    }

    /// Reads what a person typed; `nil` if it cannot be a PIN.
    ///
    /// The letters O and I cannot occur in a PIN, so they are read as the digits they look like. A serial number is
    /// never mended that way: a wrong PIN is refused at once, a wrong serial number is somebody else's PC.
    package init?(typed: String) {
        var read = ""
        for byte in typed.utf8 where byte != UInt8(ascii: " ") && byte != UInt8(ascii: "-") {
            var upper = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 32 : byte
            if upper == UInt8(ascii: "O") { upper = UInt8(ascii: "0") }
            if upper == UInt8(ascii: "I") { upper = UInt8(ascii: "1") }
            guard SerialAlphabet.isTail(upper) else { return nil }
            read.append(Character(Unicode.Scalar(upper)))
        }
        guard read.utf8.count == Self.length else { return nil }
        text = read
    }

    /// The PIN as people see it: `B7K2M-9QX4T`.
    package var grouped: String {
        "\(text.prefix(5))-\(text.suffix(5))"
    }

    /// What is stored to recognise the PIN: HMAC-SHA256 of the PIN under the server's own key, 32 bytes.
    ///
    /// A keyed hash instead of a salted one, because a PC presents only the PIN: the customer is found by it.
    package func fingerprint(key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
    }
}
