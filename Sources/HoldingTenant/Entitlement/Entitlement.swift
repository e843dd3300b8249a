package import WorkflowKit

/// The care pack that covers one PC.
package struct Entitlement: Hashable, Sendable {
    package let tier: Tier
    /// The part that gives the cover; `nil` if it comes from the warranty record.
    package let part: CarePackPart?
    /// `nil` means from the beginning.
    package let validFrom: Timestamp?
    /// The first moment without cover; `nil` means no end is known.
    package let validUntil: Timestamp?

    package init(tier: Tier, part: CarePackPart?, validFrom: Timestamp? = nil, validUntil: Timestamp? = nil) {
        self.tier = tier
        self.part = part
        self.validFrom = validFrom
        self.validUntil = validUntil
    }

    package func covers(at time: Timestamp) -> Bool {
        (validFrom.map { $0 <= time } ?? true) && (validUntil.map { time < $0 } ?? true)
    }
}

/// Which care packs exist, as configured: part number to tier.
///
/// No part number is part of the program: the price list changes more often than the server is released.
package struct CarePackCatalogue: Hashable, Sendable {
    /// The tier of each part; `nil` for a part that is a care pack of another service.
    package let tiers: [CarePackPart: Tier?]

    package init(tiers: [CarePackPart: Tier?]) {
        self.tiers = tiers
    }

    /// What a part number on a sale line is.
    package enum Part: Hashable, Sendable {
        /// A PC or another product.
        case product(ProductNumber)
        /// A care pack that covers the PCs whose serial numbers the line carries.
        case cover(CarePackPart, Tier)
        /// A care pack that is not configured: it covers nothing until the catalogue names it.
        case unknownCarePack(CarePackPart)
        case unreadable
    }

    /// A part that the catalogue names is a care pack. Any other text is one if it has the shape of a care pack.
    package func classify(_ text: some StringProtocol) -> Part {
        if let part = CarePackPart(text) {
            if let tier = tiers[part] ?? nil { return .cover(part, tier) }
            return .unknownCarePack(part)
        }
        return ProductNumber(text).map(Part.product) ?? .unreadable
    }
}

extension CarePackCatalogue {
    /// The catalogue that the server is shipped with; a sample, which a configuration replaces.
    package static let shipped = CarePackCatalogue(tiers: CarePackPart("U04RYE").map { [$0: .premiumPlus] } ?? [:])

    /// Reads a catalogue from the configuration: part number to the name of a tier, or to null for a care pack of
    /// another service. `{"U04RYE":"premium-plus","U8HC1E":"premium","U7897E":null}`
    package init(configuration json: JSON) throws(JSONFieldErrors) {
        guard let object = json.objectValue else {
            throw JSONFieldErrors([
                JSONFieldError(path: "carePacks", message: "must be an object from part number to tier")
            ])
        }
        var errors: [JSONFieldError] = []
        var tiers: [CarePackPart: Tier?] = [:]
        for member in object {
            guard let part = CarePackPart(member.key) else {
                errors.append(
                    JSONFieldError(path: "carePacks.\(member.key)", message: "is no part number of a care pack"))
                continue
            }
            let tier = member.value.stringValue.flatMap { Tier(recognising: $0) }
            if tier == nil, !member.value.isNull {
                errors.append(
                    JSONFieldError(
                        path: "carePacks.\(member.key)", message: "must be premium, premium-plus or null"))
            }
            tiers[part] = .some(tier)
        }
        guard errors.isEmpty else { throw JSONFieldErrors(errors) }
        self.init(tiers: tiers)
    }
}

/// Rules about cover.
package enum EntitlementRules {
    /// Premium+ is active only if it was registered within this time after the purchase.
    package static let registrationWindow = Duration.seconds(10 * 86_400)

    /// The best cover at `time`: the higher tier, then the later end. `nil` if nothing covers the PC.
    package static func best(of entitlements: some Sequence<Entitlement>, at time: Timestamp) -> Entitlement? {
        entitlements.filter { $0.covers(at: time) }.max { left, right in
            if left.tier != right.tier { return left.tier < right.tier }
            return (left.validUntil ?? .distantFuture) < (right.validUntil ?? .distantFuture)
        }
    }

    /// The last moment at which a care pack sold on `saleDay` can be registered: the end of the tenth day after it.
    package static func registrationDeadline(saleDay: CalendarDate) -> Timestamp {
        let midnightAfterSale = Timestamp(microsecondsSince1970: Int64(saleDay.utcDay + 1) * 86_400_000_000)
        return midnightAfterSale + registrationWindow
    }
}
