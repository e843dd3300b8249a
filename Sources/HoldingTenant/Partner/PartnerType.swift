/// One kind of partner: where its repair cases go, who schedules them, and what the partner may see.
///
/// A plugin implements it for its track; the wiring hands all of them to ``PartnerTypes``.
package protocol PartnerType: Sendable {
    /// The certification that makes a partner one of this type.
    var track: Track { get }

    /// A partner with several certifications and no choice of its own is of the ready type with the highest number.
    var precedence: Int { get }

    /// Whether cases of this partner can be handed on now, for example because an account is linked.
    func isReady(_ partner: PartnerProfile) -> Bool

    /// Where a case goes that is submitted now.
    func destination(for partner: PartnerProfile) -> CaseDestination

    /// Who accepts, schedules and resolves the cases of this type.
    var handler: CaseParty { get }

    /// What the partner may see or do with a case that it did not submit.
    func partnerAccess(to place: Place) -> CaseAccess
}

/// Where a repair case goes.
package enum CaseDestination: Hashable, Sendable {
    case hpCustomerSupport
    /// The partner's account on HP's Channel Services Delivery Platform.
    case csdp(CSDPAccount)
    /// The case exists and waits until the partner has linked its account; it is never sent elsewhere instead.
    case pendingCSDPLink

    /// The value of `routedTo` on the wire.
    package var name: String {
        switch self {
        case .hpCustomerSupport: "hp-customer-support"
        case .csdp, .pendingCSDPLink: "csdp"
        }
    }
}

/// Who can take a step with a repair case.
package enum CaseParty: String, Hashable, Sendable, CaseIterable {
    /// HP customer support.
    case hpCustomerSupport = "hp-customer-support"
    /// The partner that holds the PC or manages its customer.
    case partner
    /// Whoever submitted the case: the end user at the PC, the customer's IT admin, or the partner on the dashboard.
    case submitter
}

/// What a partner may do with the repair cases of PCs that it resold.
package enum CaseAccess: String, Hashable, Sendable {
    case none
    /// Read state and history.
    case monitor
    /// Read, accept, schedule, resolve.
    case handle
}

/// The partner types that this server knows.
package struct PartnerTypes: Sendable {
    private let byTrack: [Track: any PartnerType]

    /// Two types for one track are a mistake in the wiring.
    package init(_ types: [any PartnerType]) {
        var byTrack: [Track: any PartnerType] = [:]
        for type in types {
            precondition(byTrack.updateValue(type, forKey: type.track) == nil, "two partner types for \(type.track)")
        }
        self.byTrack = byTrack
    }

    package subscript(track: Track) -> (any PartnerType)? { byTrack[track] }

    /// Highest precedence first.
    package var all: [any PartnerType] {
        byTrack.values.sorted { ($0.precedence, $0.track) > ($1.precedence, $1.track) }
    }

    /// The type by which a partner's cases are routed from now on; `nil` if it is certified for no known track.
    ///
    /// The partner's choice counts if it is certified for it. Without a choice the ready type of the highest
    /// precedence counts; if none is ready, the highest certified one, whose cases then wait.
    package func routing(of partner: PartnerProfile) -> (any PartnerType)? {
        let certified = Set(partner.certifications.map(\.track))
        if let choice = partner.chosenRouting, certified.contains(choice), let type = byTrack[choice] { return type }
        let candidates = all.filter { certified.contains($0.track) }
        return candidates.first { $0.isReady(partner) } ?? candidates.first
    }
}
