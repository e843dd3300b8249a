/// Decides which of the listed PCs a partner may move from one place to another.
///
/// A serial number that nobody knows and one that belongs to somebody else get the same refusal, so that the
/// answer tells nothing about other partners' stock.
package enum MoveRules {
    /// Why one serial number stays where it is.
    package enum Refusal: String, Hashable, Sendable {
        /// The text is no serial number.
        case invalidSerial = "invalid-serial"
        /// Unknown, or not visible to this partner.
        case notFound = "not-found"
        /// Visible to this partner, but in another place than the one named as the source.
        case notInSource = "not-in-source"
        /// The list names it twice; the first mention counts.
        case listedTwice = "listed-twice"
        /// Several products share the serial number.
        case ambiguousProduct = "ambiguous-product"
        /// An undo finds that the PC was moved again since.
        case movedSince = "moved-since"
    }

    /// Why the whole request is refused before any serial number is looked at.
    package enum RequestRefusal: Hashable, Sendable {
        /// The partner did not confirm that it knows who has the PCs: a wrong transfer shows one company's users to
        /// another.
        case possessionNotConfirmed
        /// Source and target are the same place.
        case samePlace
        /// A place that is not this partner's: its own holding tenant, or a customer linked to it.
        case placeNotFound(Place)
        /// The customer has not accepted the invitation, or was disabled.
        case customerNotReady(CustomerID, CustomerStatus)
    }

    package enum Mode: String, Hashable, Sendable {
        /// All or none.
        case atomic
        /// What can be moved is moved.
        case partial
    }

    /// One entry of the list and what is known about it.
    package struct Entry: Sendable {
        /// As the caller wrote it.
        package let raw: String
        package let serial: SerialNumber?
        /// The devices with that serial number, and with the product number if the caller gave one, that this
        /// partner can see, with their places.
        package let visible: [DevicePlace]

        package init(raw: String, serial: SerialNumber?, visible: [DevicePlace]) {
            self.raw = raw
            self.serial = serial
            self.visible = visible
        }
    }

    package struct DevicePlace: Hashable, Sendable {
        package let device: DeviceKey
        package let place: Place

        package init(device: DeviceKey, place: Place) {
            self.device = device
            self.place = place
        }
    }

    package struct Plan: Sendable {
        /// What is to be moved; empty if the mode is atomic and anything was refused.
        package var moves: [DeviceKey] = []
        /// What would move if nothing were refused; equal to ``moves`` in partial mode.
        package var movable = 0
        /// In the order of the list.
        package var refused: [(raw: String, refusal: Refusal)] = []
    }

    /// Whether the request as a whole may go on.
    ///
    /// - Parameters:
    ///   - customers: what is known of the customers named by `source` and `target`.
    package static func judge(
        partner: PartnerID, from source: Place, to target: Place, possessionConfirmed: Bool,
        customers: [CustomerFacts]
    ) -> RequestRefusal? {
        guard possessionConfirmed else { return .possessionNotConfirmed }
        guard source != target else { return .samePlace }
        for place in [source, target] {
            switch place {
            case .holdingTenant(let owner):
                if owner != partner { return .placeNotFound(place) }
            case .dashboard(let customer):
                guard let facts = customers.first(where: { $0.customer == customer }), facts.partner == partner else {
                    return .placeNotFound(place)
                }
                if facts.status != .accepted { return .customerNotReady(customer, facts.status) }
            }
        }
        return nil
    }

    /// Which devices move and which do not. The request has passed ``judge(partner:from:to:possessionConfirmed:customers:)``.
    package static func plan(_ entries: [Entry], from source: Place, mode: Mode) -> Plan {
        var plan = Plan()
        var seen = Set<DeviceKey>()
        for entry in entries {
            guard entry.serial != nil else {
                plan.refused.append((entry.raw, .invalidSerial))
                continue
            }
            let inSource = entry.visible.filter { $0.place == source }
            if entry.visible.isEmpty {
                plan.refused.append((entry.raw, .notFound))
            } else if inSource.isEmpty {
                plan.refused.append((entry.raw, .notInSource))
            } else if inSource.count > 1 {
                plan.refused.append((entry.raw, .ambiguousProduct))
            } else if seen.insert(inSource[0].device).inserted {
                plan.moves.append(inSource[0].device)
            } else {
                plan.refused.append((entry.raw, .listedTwice))
            }
        }
        plan.movable = plan.moves.count
        if mode == .atomic, !plan.refused.isEmpty { plan.moves = [] }
        return plan
    }

    /// Which devices of an earlier transfer go back. One that was moved again since stays where it is.
    ///
    /// - Parameter moved: every device of the transfer with the place where it is now; `nil` if it has none.
    package static func planUndo(
        _ moved: [(device: DeviceKey, now: Place?)], target: Place, mode: Mode
    ) -> Plan {
        var plan = Plan()
        for (device, now) in moved {
            if now == target {
                plan.moves.append(device)
            } else {
                plan.refused.append((device.serial.text, .movedSince))
            }
        }
        plan.movable = plan.moves.count
        if mode == .atomic, !plan.refused.isEmpty { plan.moves = [] }
        return plan
    }
}
