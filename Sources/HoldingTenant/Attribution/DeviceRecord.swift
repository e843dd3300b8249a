/// Everything the rules know of one PC: who sold it, where it is, who gave it back, whose claims were kept aside.
///
/// The database stores the same in columns and changes many PCs at once; this is what each of them has to come to.
package struct DeviceRecord: Hashable, Sendable {
    /// An accepted sale.
    package struct Sale: Hashable, Sendable {
        package let partner: PartnerID
        /// `nil` if HP attributed the PC by hand.
        package let filer: ReporterID?

        package init(partner: PartnerID, filer: ReporterID?) {
            self.partner = partner
            self.filer = filer
        }
    }

    package private(set) var sale: Sale?
    package private(set) var place: Place?
    /// Partners that gave the PC back and do not have it again.
    package private(set) var returnedBy: Set<PartnerID> = []
    /// Partners with a claim that contradicts an accepted sale.
    package private(set) var quarantined: Set<PartnerID> = []

    /// A PC that nobody has spoken of yet.
    package init() {}

    /// A PC that was stored before.
    package init(sale: Sale?, place: Place?, returnedBy: Set<PartnerID>, quarantined: Set<PartnerID>) {
        self.sale = sale
        self.place = place
        self.returnedBy = returnedBy
        self.quarantined = quarantined
    }

    package var standing: SaleRules.Standing {
        switch place {
        case .holdingTenant(let partner): .unassigned(partner, filer: sale?.filer)
        case .dashboard(let customer): .assigned(customer, soldBy: sale?.partner)
        case nil: sale.map { .pending($0.partner, filer: $0.filer) } ?? .free
        }
    }

    /// A report says that the PC was sold.
    package mutating func sell(_ claim: SaleRules.Claim) -> SaleRules.Verdict {
        let verdict = SaleRules.judge(claim, standing: standing)
        switch verdict {
        case .transfer:
            accept(claim)
            place = .holdingTenant(claim.partner)
        case .keepPending:
            accept(claim)
        case .correct(_, let transfer):
            sale = nil
            accept(claim)
            place = transfer ? .holdingTenant(claim.partner) : nil
        case .alreadyAssigned:
            // The customer enrolled the PC before anybody reported the sale: now it is known who sold it.
            accept(claim)
        case .alreadyHeld:
            break
        case .quarantine:
            quarantined.insert(claim.partner)
        }
        return verdict
    }

    /// A report says that the PC was given back.
    package mutating func giveBack(partner: PartnerID?, filer: ReporterID) -> ReturnRules.Verdict {
        let verdict = ReturnRules.judge(partner: partner, filer: filer, standing: standing)
        switch verdict {
        case .withdraw, .withdrawPending:
            if let sale { returnedBy.insert(sale.partner) }
            sale = nil
            place = nil
        case .notifyPartner, .nothingToWithdraw, .quarantine:
            break
        }
        return verdict
    }

    /// A partner was certified: what waits for it comes to it.
    package mutating func certify(_ partner: PartnerID) {
        if place == nil, sale?.partner == partner { place = .holdingTenant(partner) }
    }

    /// HP attributes the PC by hand. A PC that a customer has stays there; one for a partner without a holding tenant
    /// waits for it.
    package mutating func attribute(to partner: PartnerID, hasHoldingTenant: Bool) {
        sale = Sale(partner: partner, filer: nil)
        quarantined.remove(partner)
        returnedBy.remove(partner)
        if place?.customer == nil { place = hasHoldingTenant ? .holdingTenant(partner) : nil }
    }

    /// The PC presents the PIN of a customer.
    package mutating func enrol(into customer: CustomerFacts) -> EnrolmentRules.Outcome {
        let outcome = EnrolmentRules.enrolByPIN(from: place, into: customer)
        if case .join = outcome { place = .dashboard(customer.customer) }
        return outcome
    }

    /// A transfer that the rules have allowed.
    package mutating func move(from source: Place, to target: Place) {
        precondition(place == source, "a PC is moved from where it is")
        place = target
    }

    /// What the trace is derived from, seen from one partner.
    package func traceFacts(
        for partner: PartnerID, isOwnCustomer: (CustomerID) -> Bool, isCovered: Bool, receivesTransfers: Bool
    ) -> TraceRules.DeviceFacts {
        let owner: TraceRules.DeviceFacts.Owner =
            sale.map { $0.partner == partner ? .asker : .another } ?? .nobody
        var facts = TraceRules.DeviceFacts(owner: owner, place: place)
        facts.isInAskersDashboard = place?.customer.map(isOwnCustomer) ?? false
        facts.wasReturned = returnedBy.contains(partner)
        facts.hasQuarantinedClaim = quarantined.contains(partner)
        facts.isCovered = isCovered
        facts.askerReceivesTransfers = receivesTransfers
        return facts
    }

    /// The first accepted sale stays; the same partner reported again changes nothing.
    private mutating func accept(_ claim: SaleRules.Claim) {
        if sale == nil { sale = Sale(partner: claim.partner, filer: claim.filer) }
        quarantined.remove(claim.partner)
        returnedBy.remove(claim.partner)
    }
}
