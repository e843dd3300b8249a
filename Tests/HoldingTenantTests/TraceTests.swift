import HoldingTenant
import RequirementTags
import Testing

@Suite(.requirement("Q12", "D5", "D24")) struct TraceRulesTests {
    typealias Facts = TraceRules.DeviceFacts

    private func ask(_ raw: String = "5CG6081BCD", _ devices: Facts...) -> TraceRules.Answer {
        TraceRules.answer(serial: SerialNumber.read(raw), devices: devices, for: .partner(beta))
    }

    private func device(
        _ owner: Facts.Owner, _ place: Place? = nil, _ change: (inout Facts) -> Void = { _ in }
    ) -> Facts {
        var facts = Facts(owner: owner, place: place)
        change(&facts)
        return facts
    }

    @Test func `each serial number has one outcome`() {
        let holding = Place.holdingTenant(beta)
        #expect(ask("5CG") == .init(.invalidSerial))
        #expect(ask() == .init(.notReported))
        #expect(ask("5CG6081BCD", device(.asker, holding) { $0.isCovered = true }) == .init(.visible))
        #expect(ask("5CG6081BCD", device(.asker, holding)) == .init(.visible, detail: "not-entitled"))
        #expect(
            ask("5CG6081BCD", device(.asker)) == .init(.reportedNotTransferred, detail: "transfer-under-way"))
        #expect(
            ask("5CG6081BCD", device(.asker) { $0.askerReceivesTransfers = false })
                == .init(.reportedNotTransferred, detail: "partner-not-certified"))
        #expect(ask("5CG6081BCD", device(.asker) { $0.wasReturned = true }) == .init(.returned))
        #expect(
            ask("5CG6081BCD", device(.asker, .dashboard(gamma)) { $0.isInAskersDashboard = true })
                == .init(.alreadyInCustomerDashboard))
        #expect(
            ask("5CG6081BCD", device(.asker, .dashboard(gamma)))
                == .init(.underReview, detail: "enrolled-elsewhere"))
        #expect(ask("5CG6081BCD", device(.asker), device(.asker)) == .init(.ambiguousProduct))
        #expect(ask("5CG6081BCD", device(.nobody)) == .init(.notReported))
    }

    @Test func `a partner learns of somebody else's PC only that it is under review`() {
        let theirs = device(.another, .holdingTenant(delta)) { $0.isCovered = true }
        #expect(ask("5CG6081BCD", theirs) == .init(.underReview))
        #expect(ask("5CG6081BCD", device(.another)) == .init(.underReview))
        #expect(ask("5CG6081BCD", device(.another) { $0.hasQuarantinedClaim = true }) == .init(.underReview))
        #expect(ask("5CG6081BCD", theirs, theirs) == .init(.underReview), "not ambiguous: that would tell more")
        #expect(
            ask("5CG6081BCD", device(.another, .holdingTenant(delta)) { $0.wasReturned = true }) == .init(.returned))
        #expect(
            TraceRules.answer(serial: SerialNumber.read("5CG6081BCD"), devices: [theirs], for: .operators)
                == .init(.reportedForOtherPartner))
    }

    @Test func `no partner is ever told the outcome that is for HP's operators`() {
        let places: [Place?] = [nil, .holdingTenant(beta), .holdingTenant(delta), .dashboard(gamma)]
        for owner in [Facts.Owner.asker, .another, .nobody] {
            for place in places {
                for bits in 0..<16 {
                    let facts = device(owner, place) {
                        $0.isInAskersDashboard = bits & 1 != 0
                        $0.wasReturned = bits & 2 != 0
                        $0.hasQuarantinedClaim = bits & 4 != 0
                        $0.isCovered = bits & 8 != 0
                    }
                    #expect(ask("5CG6081BCD", facts).outcome != .reportedForOtherPartner)
                }
            }
        }
    }
}
