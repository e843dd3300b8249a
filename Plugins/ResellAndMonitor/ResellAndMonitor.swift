package import HoldingTenant

/// Partners that resell PCs and watch over them: HP customer support schedules their repairs.
package struct ResellAndMonitor: PartnerType {
    package init() {}

    package let track = Track.resellAndMonitor
    package let precedence = 10
    package let handler = CaseParty.hpCustomerSupport

    /// HP customer support needs no account of the partner.
    package func isReady(_ partner: PartnerProfile) -> Bool { true }

    package func destination(for partner: PartnerProfile) -> CaseDestination { .hpCustomerSupport }

    /// The partner follows every case of the PCs that it resold, and decides nothing.
    package func partnerAccess(to place: Place) -> CaseAccess { .monitor }
}
