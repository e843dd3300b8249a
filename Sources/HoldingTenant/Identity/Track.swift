/// What a partner is certified for; decides where the repair cases of its customers go.
///
/// A structure instead of an enumeration: a new partner type is a new plugin that declares its track, and nothing
/// else changes.
package struct Track: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Lower case with hyphens, as on the wire and in the database.
    package let name: String

    /// "Resell and View/Monitor": HP customer support schedules the repairs.
    package static let resellAndMonitor = Track(name: "resell-and-monitor")
    /// "Service Delivery": the partner schedules the repairs in its CSDP account.
    package static let serviceDelivery = Track(name: "service-delivery")

    package init(name: String) {
        self.name = name
    }

    package var description: String { name }
    package static func < (left: Track, right: Track) -> Bool { left.name < right.name }
}

/// The tier of the support service that covers a PC.
///
/// Both tiers are one service family, whose former name is Active Care.
package enum Tier: String, Hashable, Sendable, CaseIterable, Comparable {
    case premium
    case premiumPlus = "premium-plus"

    package static func < (left: Tier, right: Tier) -> Bool {
        left == .premium && right == .premiumPlus
    }

    /// Recognises every name the tiers have had, without regard to case, spaces, hyphens and the words "HP" and
    /// "support": `HP Premium+ Support`, `PREMIUMPLUS`, `Active Care`. `nil` for any other service.
    package init?(recognising name: String) {
        var key = ""
        for scalar in name.unicodeScalars {
            if scalar == "+" { key += "plus" }
            guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else { continue }
            key += scalar.properties.lowercaseMapping
        }
        if key.hasPrefix("hp") { key.removeFirst(2) }
        for ending in ["service", "support"] where key.hasSuffix(ending) { key.removeLast(ending.count) }
        switch key {
        case "premium": self = .premium
        case "premiumplus", "activecare": self = .premiumPlus
        default: return nil
        }
    }
}
