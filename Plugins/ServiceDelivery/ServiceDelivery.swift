package import HoldingTenant

/// Partners that repair PCs themselves: cases go to their CSDP account, where they order parts and schedule.
package struct ServiceDelivery: PartnerType {
    package init() {}

    package let track = Track.serviceDelivery
    /// Above resell-and-monitor: a partner with both certifications and an account repairs itself.
    package let precedence = 20
    package let handler = CaseParty.partner

    package func isReady(_ partner: PartnerProfile) -> Bool { partner.csdpAccount != nil }

    /// Without an account the case waits for it. Sending it to HP instead would take the repair from the partner
    /// without anybody noticing.
    package func destination(for partner: PartnerProfile) -> CaseDestination {
        partner.csdpAccount.map(CaseDestination.csdp) ?? .pendingCSDPLink
    }

    package func partnerAccess(to place: Place) -> CaseAccess { .handle }
}
