/// Decides who is told about an alert, who may make a repair case of it, and where the case goes.
///
/// The whole table is one function; nothing else in the server decides any of the three.
package enum AlertRouting {
    /// What is known when an alert is raised or a case is submitted.
    package struct Facts: Sendable {
        /// `nil` for a PC that was reported and is in no place yet.
        package var place: Place?
        /// The best cover that the PC has now; `nil` if it has none.
        package var tier: Tier?
        /// The self-service switch of the dashboard. A holding tenant has no switch: this is ignored there.
        package var selfServiceAlerts: Bool
        /// The partner that holds the PC or manages its customer; `nil` if there is none.
        package var partner: PartnerProfile?
        /// Whether alerts of this type are shown to end users at all; from the alert catalogue.
        package var isShownToEndUsers: Bool
        /// Whether alerts of this type lead to a repair case; from the alert catalogue.
        package var isRepairable: Bool
        /// Whether the pop-up was delivered before the PC came to where it is now.
        package var wasDeliveredBefore: Bool

        package init(
            place: Place?, tier: Tier?, selfServiceAlerts: Bool, partner: PartnerProfile?,
            isShownToEndUsers: Bool = true, isRepairable: Bool = true, wasDeliveredBefore: Bool = false
        ) {
            self.place = place
            self.tier = tier
            self.selfServiceAlerts = selfServiceAlerts
            self.partner = partner
            self.isShownToEndUsers = isShownToEndUsers
            self.isRepairable = isRepairable
            self.wasDeliveredBefore = wasDeliveredBefore
        }
    }

    /// Who submits a case.
    package enum Submitter: String, Hashable, Sendable, CaseIterable {
        /// The end user at the PC, through View in the pop-up.
        case endUser = "popup-view"
        /// The customer's IT admin on the dashboard.
        case itAdmin = "dashboard-itadmin"
        /// The partner on the customer's dashboard.
        case partner = "dashboard-partner"
    }

    package struct Decision: Hashable, Sendable {
        /// Whether the end user sees a pop-up.
        package let popup: Bool
        package let maySubmit: Set<Submitter>
        /// `nil` if no case can be made.
        package let destination: CaseDestination?
        /// Who handles the case; `nil` if no case can be made.
        package let handler: CaseParty?

        package static let nothing = Decision(popup: false, maySubmit: [], destination: nil, handler: nil)
    }

    /// The decision table.
    package static func decide(_ facts: Facts, types: PartnerTypes) -> Decision {
        guard let place = facts.place, facts.tier != nil else { return .nothing }
        let popup: Bool
        var maySubmit: Set<Submitter>
        switch place {
        case .holdingTenant:
            popup = facts.isShownToEndUsers
            maySubmit = popup ? [.endUser] : []
        case .dashboard:
            popup = facts.isShownToEndUsers && facts.selfServiceAlerts
            maySubmit = [.itAdmin]
            if facts.partner != nil { maySubmit.insert(.partner) }
            // An end user who was shown the pop-up before the switch reached the PC acts in good faith.
            if popup || facts.wasDeliveredBefore { maySubmit.insert(.endUser) }
        }
        guard facts.isRepairable else {
            return Decision(popup: popup, maySubmit: [], destination: nil, handler: nil)
        }
        let (destination, handler) = route(facts.partner, types)
        return Decision(popup: popup, maySubmit: maySubmit, destination: destination, handler: handler)
    }

    /// A customer without a certified partner manages itself: its cases go to HP.
    private static func route(_ partner: PartnerProfile?, _ types: PartnerTypes) -> (CaseDestination, CaseParty) {
        guard let partner, let type = types.routing(of: partner) else {
            return (.hpCustomerSupport, .hpCustomerSupport)
        }
        return (type.destination(for: partner), type.handler)
    }
}
