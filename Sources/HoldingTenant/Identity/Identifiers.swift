/// An identifier that somebody outside gives: 1 to 80 visible characters, compared exactly.
package protocol TextIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    var text: String { get }
    init(unchecked text: String)
}

extension TextIdentifier {
    /// `nil` unless the text has 1 to 80 characters, none of them a control character, and no white space at its ends.
    package init?(_ text: String) {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, scalars.count <= 80,
            !first.properties.isWhitespace, !last.properties.isWhitespace,
            scalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return nil }
        self.init(unchecked: text)
    }

    package var description: String { text }
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// A company that resells PCs and is, or may become, certified for a track: `10284417`.
package struct PartnerID: TextIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// A distributor or reseller that files sell-through reports: `DISTIT01`.
package struct ReporterID: TextIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// An end customer's company with a dashboard; the text of a UUID in lower case.
package struct CustomerID: TextIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// A partner's account on HP's Channel Services Delivery Platform.
package struct CSDPAccount: TextIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// One PC: its serial number, and its product number where one is known.
///
/// The same serial number with two product numbers is two devices.
package struct DeviceKey: Hashable, Sendable {
    package let serial: SerialNumber
    package let product: ProductNumber?

    package init(serial: SerialNumber, product: ProductNumber?) {
        self.serial = serial
        self.product = product
    }
}

/// Which of the known devices a serial number, with or without a product number, means.
package enum DeviceMatch: Hashable, Sendable {
    case none
    /// The index of the one that matches.
    case one(Int)
    /// Several products share the serial number: the caller must say which.
    case ambiguous

    /// - Parameter products: the product number, where known, of every device with the serial number asked for.
    package init(asking product: ProductNumber?, among products: [ProductNumber?]) {
        let matching = products.indices.filter { index in
            guard let product, let known = products[index] else { return true }
            return known.isCompatible(with: product)
        }
        switch matching.count {
        case 0: self = .none
        case 1: self = .one(matching[0])
        default:
            let exact = matching.filter { product != nil && products[$0] == product }
            self = exact.count == 1 ? .one(exact[0]) : .ambiguous
        }
    }
}
