/// Decides what a sale that somebody reports means for one PC.
///
/// The first accepted sale wins until a return or a replacement by the same filer. Whatever contradicts it is kept
/// aside with its reason, and no PC ever leaves a partner's list because of another report.
package enum SaleRules {
    /// What one report says about one serial number.
    package struct Claim: Hashable, Sendable {
        package let partner: PartnerID
        /// Who filed the report.
        package let filer: ReporterID
        /// Whether the report replaces what the same filer reported before (purpose 05).
        package let isReplacement: Bool
        /// Whether the partner receives transfers now: it is certified and the certification has not lapsed.
        package let partnerReceivesTransfers: Bool

        package init(partner: PartnerID, filer: ReporterID, isReplacement: Bool, partnerReceivesTransfers: Bool) {
            self.partner = partner
            self.filer = filer
            self.isReplacement = isReplacement
            self.partnerReceivesTransfers = partnerReceivesTransfers
        }
    }

    /// What is known about the PC before this claim.
    package enum Standing: Hashable, Sendable {
        /// Never claimed, or returned since.
        case free
        /// Claimed, and waiting for the partner's certification.
        case pending(PartnerID, filer: ReporterID?)
        /// In the partner's holding tenant. `filer` is `nil` if HP attributed the PC by hand.
        case unassigned(PartnerID, filer: ReporterID?)
        /// In a customer's dashboard; the partner to whom the sale was attributed, if it was ever reported.
        case assigned(CustomerID, soldBy: PartnerID?)
    }

    package enum Verdict: Hashable, Sendable {
        /// Into the partner's holding tenant.
        case transfer
        /// Kept until the partner is certified.
        case keepPending
        /// The partner has it already; nothing changes.
        case alreadyHeld
        /// The partner's PC is in a dashboard already; the claim is recorded, the PC stays.
        case alreadyAssigned
        /// The same filer corrects itself: from the earlier partner to this one.
        case correct(from: PartnerID, transfer: Bool)
        /// Contradicts an accepted sale: kept aside, nothing moves.
        case quarantine(Conflict)
    }

    package enum Conflict: String, Hashable, Sendable {
        /// An earlier accepted sale names another partner.
        case attributedToAnother = "sale.attributed-to-another"
        /// A correction by somebody who did not file the first sale.
        case correctionByAnotherFiler = "sale.correction-by-another-filer"
        /// A correction for a PC that a customer has already.
        case correctionTooLate = "sale.correction-too-late"
    }

    package static func judge(_ claim: Claim, standing: Standing) -> Verdict {
        switch standing {
        case .free:
            return claim.partnerReceivesTransfers ? .transfer : .keepPending

        case .pending(claim.partner, _):
            return claim.partnerReceivesTransfers ? .transfer : .keepPending

        case .unassigned(claim.partner, _):
            return .alreadyHeld

        case .pending(let holder, let filer), .unassigned(let holder, let filer):
            guard claim.isReplacement else { return .quarantine(.attributedToAnother) }
            guard filer == claim.filer else { return .quarantine(.correctionByAnotherFiler) }
            return .correct(from: holder, transfer: claim.partnerReceivesTransfers)

        case .assigned(_, let seller):
            guard let seller else { return .alreadyAssigned }
            if seller == claim.partner { return .alreadyAssigned }
            return .quarantine(claim.isReplacement ? .correctionTooLate : .attributedToAnother)
        }
    }
}
