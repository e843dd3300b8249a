package import WorkflowKit

/// The reference under which a case is handed to a partner's CSDP account, for example `RB00000417`.
///
/// Two to four letters for the partner and a number, at most 20 characters. CSDP answers a reference that was used
/// before with the old order, ships nothing and says nothing; a reference is therefore never used for a second case,
/// and a retry sends the same case under the same reference again.
package struct CSDPReference: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// The most characters that CSDP keeps.
    package static let lengthMax = 20
    private static let digitsMin = 8

    /// The reference of a partner's `number`th case. The number comes from a counter of that partner which only rises,
    /// also when a case is never sent.
    package init(initials: String, number: Int64) {
        precondition((2...4).contains(initials.utf8.count), "initials have two to four letters")
        precondition(number > 0, "references count from 1")
        let digits = String(number)
        text = initials + String(repeating: "0", count: max(0, Self.digitsMin - digits.utf8.count)) + digits
        // Four letters leave sixteen digits, more than a counter ever reaches.
        precondition(text.utf8.count <= Self.lengthMax, "the counter of \(initials) has run out")
    }

    /// `nil` unless the text is two to four upper-case letters and at least one digit, at most 20 characters.
    package init?(_ text: String) {
        let letters = text.utf8.prefix { (0x41...0x5A).contains($0) }
        let digits = text.utf8.dropFirst(letters.count)
        guard (2...4).contains(letters.count), !digits.isEmpty, text.utf8.count <= Self.lengthMax,
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The letters for a partner: the first letters of the words of its name, or the first letters of its only word.
    ///
    /// Chosen once and stored: a new name does not change the letters. Two partners may have the same ones, because
    /// references are unique for each partner's account.
    package static func initials(of name: String) -> String {
        let words = name.uppercased().split { !($0.isLetter || $0.isNumber) }
            .map { word in word.unicodeScalars.compactMap(Self.letter) }.filter { !$0.isEmpty }
        var letters = words.map { $0[0] }
        if letters.count < 2, let word = words.first { letters = Array(word.prefix(3)) }
        while letters.count < 2 { letters.append("X") }
        return String(String.UnicodeScalarView(letters.prefix(4)))
    }

    private static func letter(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        if (0x41...0x5A).contains(scalar.value) { return scalar }
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "À": "A", "Á": "A", "Â": "A", "Ä": "A", "Ç": "C", "È": "E", "É": "E", "Ê": "E", "Ì": "I", "Í": "I",
            "Ñ": "N",
            "Ò": "O", "Ó": "O", "Ô": "O", "Ö": "O", "Ù": "U", "Ú": "U", "Ü": "U",
        ]
        return plain[scalar]
    }
}

/// Decides whether an order that comes back from CSDP is the one that a case asked for.
package enum OrderRules {
    package enum Refusal: String, Error, Hashable, Sendable {
        /// Order numbers begin with OR.
        case number = "not-an-order-number"
        /// The order is recorded with another case.
        case anotherCase = "order-of-another-case"
        /// The order is for another PC: the reference was used before.
        case anotherSerial = "order-for-another-pc"
        /// The order is older than the case: the reference was used before.
        case tooOld = "order-older-than-case"
        /// The case has another order already.
        case alreadyOrdered = "case-has-another-order"
    }

    /// An order that was recorded before, by its number.
    package struct Recorded: Hashable, Sendable {
        package let orderNumber: String
        package let caseID: String

        package init(orderNumber: String, caseID: String) {
            self.orderNumber = orderNumber
            self.caseID = caseID
        }
    }

    /// How far the clocks of CSDP and of the server may be apart.
    package static let clockSkew = Duration.seconds(300)

    /// - Parameters:
    ///   - recorded: the order of this case, and the case of this order, as far as they are recorded.
    /// - Returns: whether the order is new; false if it was recorded with this case before.
    package static func judge(
        orderNumber: String, serial: String, orderedAt: Timestamp, caseID: String, caseSerial: String,
        caseSubmittedAt: Timestamp, recorded: [Recorded]
    ) -> Result<Bool, Refusal> {
        guard orderNumber.hasPrefix("OR"), (3...20).contains(orderNumber.utf8.count),
            orderNumber.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x2D })
        else { return .failure(.number) }
        if recorded.contains(where: { $0.orderNumber == orderNumber && $0.caseID != caseID }) {
            return .failure(.anotherCase)
        }
        guard serial == caseSerial else { return .failure(.anotherSerial) }
        guard orderedAt >= caseSubmittedAt - clockSkew else { return .failure(.tooOld) }
        if let own = recorded.first(where: { $0.caseID == caseID }) {
            return own.orderNumber == orderNumber ? .success(false) : .failure(.alreadyOrdered)
        }
        return .success(true)
    }
}
