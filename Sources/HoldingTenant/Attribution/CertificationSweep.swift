/// Decides what happens to PCs that were reported before their partner was certified.
package enum CertificationSweep {
    /// How far back a new holding tenant reaches for sales that were reported earlier.
    package enum Reach: Hashable, Sendable {
        /// All of them.
        case unlimited
        /// Sales of this day and later.
        case since(CalendarDate)
    }

    /// Whether a pending PC goes into the new holding tenant. A sale without a date is always in reach.
    package static func transfers(
        _ standing: SaleRules.Standing, of partner: PartnerID, soldOn day: CalendarDate?, reach: Reach
    ) -> Bool {
        guard case .pending(partner, _) = standing else { return false }
        switch reach {
        case .unlimited: return true
        case .since(let first): return day.map { $0 >= first } ?? true
        }
    }
}
