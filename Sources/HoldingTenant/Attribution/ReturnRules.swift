/// Decides what a return that somebody reports means for one PC.
package enum ReturnRules {
    package enum Verdict: Hashable, Sendable {
        /// Off the partner's Unassigned Devices page.
        case withdraw
        /// The sale that waited for a certification is forgotten.
        case withdrawPending
        /// A customer has the PC: it stays, and the partner gets a notice.
        case notifyPartner(PartnerID)
        /// Nothing is known of a sale; recorded, with a warning.
        case nothingToWithdraw
        /// The PC was sold by another partner: kept aside, nothing moves.
        case quarantine(Conflict)
    }

    package enum Conflict: String, Hashable, Sendable {
        case notSoldByThisPartner = "return.not-sold-by-this-partner"
    }

    /// - Parameter partner: the partner that the report names as the one who gave the PC back; `nil` if the line
    ///   names nobody, in which case the return concerns whoever the PC was sold to, provided that `filer` reported
    ///   the sale.
    package static func judge(
        partner: PartnerID?, filer: ReporterID, standing: SaleRules.Standing
    ) -> Verdict {
        switch standing {
        case .free:
            return .nothingToWithdraw
        case .pending(let holder, let seller):
            return isMeant(holder, seller, partner, filer) ? .withdrawPending : .quarantine(.notSoldByThisPartner)
        case .unassigned(let holder, let seller):
            return isMeant(holder, seller, partner, filer) ? .withdraw : .quarantine(.notSoldByThisPartner)
        case .assigned(_, let holder):
            guard let holder else { return .nothingToWithdraw }
            if let partner, partner != holder { return .quarantine(.notSoldByThisPartner) }
            return .notifyPartner(holder)
        }
    }

    private static func isMeant(
        _ holder: PartnerID, _ seller: ReporterID?, _ partner: PartnerID?, _ filer: ReporterID
    ) -> Bool {
        partner.map { $0 == holder } ?? (seller == filer)
    }

    /// A whole report is cancelled (purpose 01): every PC that it brought and that is still unassigned or pending is
    /// withdrawn, as if returned.
    package static func judgeCancellation(
        filer: ReporterID, standing: SaleRules.Standing
    ) -> Verdict {
        judge(partner: nil, filer: filer, standing: standing)
    }
}
