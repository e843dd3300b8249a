import HoldingTenant
import RequirementTags
import Testing
import WorkflowKit

private let alfa = ReporterID(unchecked: "DISTIT01")
private let omega = ReporterID(unchecked: "DISTIT02")

@Suite(.requirement("Q11", "D14", "D16", "D17")) struct SaleRulesTests {
    struct Row: Sendable {
        let standing: SaleRules.Standing
        let partner: PartnerID
        var filer = alfa
        var isReplacement = false
        var isCertified = true
        let verdict: SaleRules.Verdict
    }

    static let table: [Row] = [
        Row(standing: .free, partner: beta, verdict: .transfer),
        Row(standing: .free, partner: beta, isReplacement: true, verdict: .transfer),
        Row(standing: .free, partner: beta, isCertified: false, verdict: .keepPending),
        Row(standing: .pending(beta, filer: alfa), partner: beta, isCertified: false, verdict: .keepPending),
        Row(standing: .pending(beta, filer: alfa), partner: beta, verdict: .transfer),
        Row(standing: .unassigned(beta, filer: alfa), partner: beta, verdict: .alreadyHeld),
        Row(standing: .unassigned(beta, filer: alfa), partner: beta, filer: omega, verdict: .alreadyHeld),
        Row(
            standing: .unassigned(beta, filer: alfa), partner: delta, verdict: .quarantine(.attributedToAnother)),
        Row(
            standing: .pending(beta, filer: alfa), partner: delta, verdict: .quarantine(.attributedToAnother)),
        Row(
            standing: .unassigned(beta, filer: alfa), partner: delta, isReplacement: true,
            verdict: .correct(from: beta, transfer: true)),
        Row(
            standing: .pending(beta, filer: alfa), partner: delta, isReplacement: true, isCertified: false,
            verdict: .correct(from: beta, transfer: false)),
        Row(
            standing: .unassigned(beta, filer: alfa), partner: delta, filer: omega, isReplacement: true,
            verdict: .quarantine(.correctionByAnotherFiler)),
        Row(
            standing: .unassigned(beta, filer: nil), partner: delta, isReplacement: true,
            verdict: .quarantine(.correctionByAnotherFiler)),
        Row(
            standing: .assigned(gamma, soldBy: beta), partner: delta, isReplacement: true,
            verdict: .quarantine(.correctionTooLate)),
        Row(
            standing: .assigned(gamma, soldBy: beta), partner: delta, verdict: .quarantine(.attributedToAnother)),
        Row(standing: .assigned(gamma, soldBy: beta), partner: beta, verdict: .alreadyAssigned),
        Row(standing: .assigned(gamma, soldBy: nil), partner: beta, verdict: .alreadyAssigned),
    ]

    @Test(arguments: table)
    func `the first accepted sale wins until a return or a correction by its filer`(row: Row) {
        let claim = SaleRules.Claim(
            partner: row.partner, filer: row.filer, isReplacement: row.isReplacement,
            partnerReceivesTransfers: row.isCertified)
        #expect(SaleRules.judge(claim, standing: row.standing) == row.verdict)
    }

    @Test(.requirement("Q4")) func `a partner whose certification lapsed gets no new transfers`() {
        let claim = SaleRules.Claim(
            partner: beta, filer: alfa, isReplacement: false, partnerReceivesTransfers: false)
        #expect(SaleRules.judge(claim, standing: .free) == .keepPending)
    }

    @Test(.requirement("Q13", "D17")) func `what was reported before the certification is transferred with it`() {
        let early = CalendarDate(iso: "2024-01-01")
        #expect(
            CertificationSweep.transfers(.pending(beta, filer: alfa), of: beta, soldOn: early, reach: .unlimited))
        #expect(
            !CertificationSweep.transfers(.pending(delta, filer: alfa), of: beta, soldOn: early, reach: .unlimited))
        #expect(!CertificationSweep.transfers(.free, of: beta, soldOn: early, reach: .unlimited))
        let reach = CertificationSweep.Reach.since(CalendarDate(iso: "2025-01-01")!)
        #expect(!CertificationSweep.transfers(.pending(beta, filer: alfa), of: beta, soldOn: early, reach: reach))
        #expect(CertificationSweep.transfers(.pending(beta, filer: alfa), of: beta, soldOn: nil, reach: reach))
    }
}

@Suite(.requirement("Q14", "D19")) struct ReturnRulesTests {
    struct Row: Sendable {
        let partner: PartnerID?
        let standing: SaleRules.Standing
        let verdict: ReturnRules.Verdict
    }

    @Test(arguments: [
        Row(partner: beta, standing: .free, verdict: .nothingToWithdraw),
        Row(partner: beta, standing: .unassigned(beta, filer: alfa), verdict: .withdraw),
        Row(partner: beta, standing: .unassigned(beta, filer: omega), verdict: .withdraw),
        Row(partner: beta, standing: .pending(beta, filer: alfa), verdict: .withdrawPending),
        Row(partner: delta, standing: .unassigned(beta, filer: alfa), verdict: .quarantine(.notSoldByThisPartner)),
        Row(partner: delta, standing: .pending(beta, filer: alfa), verdict: .quarantine(.notSoldByThisPartner)),
        Row(partner: nil, standing: .unassigned(beta, filer: alfa), verdict: .withdraw),
        Row(partner: nil, standing: .unassigned(beta, filer: omega), verdict: .quarantine(.notSoldByThisPartner)),
        Row(partner: beta, standing: .assigned(gamma, soldBy: beta), verdict: .notifyPartner(beta)),
        Row(partner: beta, standing: .assigned(gamma, soldBy: nil), verdict: .nothingToWithdraw),
        Row(partner: delta, standing: .assigned(gamma, soldBy: beta), verdict: .quarantine(.notSoldByThisPartner)),
    ])
    func `a return withdraws an unassigned PC of that partner and never touches a customer's`(row: Row) {
        #expect(ReturnRules.judge(partner: row.partner, filer: alfa, standing: row.standing) == row.verdict)
    }

    @Test func `a cancelled report withdraws what it brought`() {
        #expect(ReturnRules.judgeCancellation(filer: alfa, standing: .unassigned(beta, filer: alfa)) == .withdraw)
        #expect(
            ReturnRules.judgeCancellation(filer: omega, standing: .unassigned(beta, filer: alfa))
                == .quarantine(.notSoldByThisPartner))
    }
}

@Suite(.requirement("Q9", "D32", "D41")) struct MoveRulesTests {
    let accepted = CustomerFacts(customer: gamma, partner: beta, status: .accepted)
    let unassigned = Place.holdingTenant(beta)
    let dashboard = Place.dashboard(gamma)

    func entry(_ raw: String, in places: Place..., products: [String?] = [nil]) -> MoveRules.Entry {
        let serial = try? SerialNumber.read(raw).get()
        var visible: [MoveRules.DevicePlace] = []
        if let serial {
            for place in places {
                for product in products {
                    let key = DeviceKey(serial: serial, product: product.flatMap { ProductNumber($0) })
                    visible.append(MoveRules.DevicePlace(device: key, place: place))
                }
            }
        }
        return MoveRules.Entry(raw: raw, serial: serial, visible: visible)
    }

    @Test func `a transfer needs the confirmation of who has the PCs`() {
        #expect(
            MoveRules.judge(
                partner: beta, from: unassigned, to: dashboard, possessionConfirmed: false, customers: [accepted])
                == .possessionNotConfirmed)
    }

    @Test func `source and target are places of the partner that asks`() {
        func judge(_ from: Place, _ to: Place, _ customers: [CustomerFacts]) -> MoveRules.RequestRefusal? {
            MoveRules.judge(partner: beta, from: from, to: to, possessionConfirmed: true, customers: customers)
        }
        #expect(judge(unassigned, dashboard, [accepted]) == nil)
        #expect(judge(dashboard, unassigned, [accepted]) == nil)
        #expect(judge(unassigned, unassigned, []) == .samePlace)
        #expect(judge(unassigned, dashboard, []) == .placeNotFound(dashboard))
        #expect(judge(.holdingTenant(delta), dashboard, [accepted]) == .placeNotFound(.holdingTenant(delta)))
        let foreign = CustomerFacts(customer: gamma, partner: delta, status: .accepted)
        #expect(judge(unassigned, dashboard, [foreign]) == .placeNotFound(dashboard))
        let pending = CustomerFacts(customer: gamma, partner: beta, status: .invited)
        #expect(judge(unassigned, dashboard, [pending]) == .customerNotReady(gamma, .invited))
    }

    @Test(.requirement("D5")) func `an unknown serial number and somebody else's are refused alike`() {
        let plan = MoveRules.plan(
            [entry("5CG6081BCD"), entry("5CG6081BCF")], from: unassigned, mode: .partial)
        #expect(plan.refused.map(\.refusal) == [.notFound, .notFound])
    }

    @Test func `atomic moves nothing when anything is refused, partial moves the rest`() {
        let entries = [
            entry("5CG6081BCD", in: unassigned), entry("5CG6081BCF", in: dashboard),
            entry("5cg6081bcd", in: unassigned),
            entry("?"), entry("5CG6081BCG", in: unassigned, products: ["9G2J7ET", "4Y0H8AV"]),
        ]
        let atomic = MoveRules.plan(entries, from: unassigned, mode: .atomic)
        #expect(atomic.moves.isEmpty)
        #expect(atomic.movable == 1)
        #expect(atomic.refused.map(\.raw) == ["5CG6081BCF", "5cg6081bcd", "?", "5CG6081BCG"])
        #expect(atomic.refused.map(\.refusal) == [.notInSource, .listedTwice, .invalidSerial, .ambiguousProduct])
        let partial = MoveRules.plan(entries, from: unassigned, mode: .partial)
        #expect(partial.moves.map(\.serial.text) == ["5CG6081BCD"])
    }

    @Test func `an undo leaves alone what was moved again since`() {
        let keys = ["5CG6081BCD", "5CG6081BCF"].map {
            DeviceKey(serial: SerialNumber(normalised: $0)!, product: nil)
        }
        let moved: [(device: DeviceKey, now: Place?)] = [(keys[0], dashboard), (keys[1], .holdingTenant(delta))]
        let partial = MoveRules.planUndo(moved, target: dashboard, mode: .partial)
        #expect(partial.moves == [keys[0]])
        #expect(partial.refused.map(\.refusal) == [.movedSince])
        #expect(MoveRules.planUndo(moved, target: dashboard, mode: .atomic).moves.isEmpty)
    }
}

@Suite(.requirement("Q8", "D32")) struct EnrolmentRulesTests {
    let own = CustomerFacts(customer: gamma, partner: beta, status: .accepted)

    @Test func `by PIN, possession wins and the first partner sees only what it may`() {
        func enrol(_ place: Place?, _ customer: CustomerFacts) -> EnrolmentRules.Outcome {
            EnrolmentRules.enrolByPIN(from: place, into: customer)
        }
        let holding = Place.holdingTenant(beta)
        #expect(enrol(holding, own) == .join(leaving: holding, partnerView: .ownCustomer))
        let others = CustomerFacts(customer: gamma, partner: delta, status: .accepted)
        #expect(enrol(holding, others) == .join(leaving: holding, partnerView: .enrolledElsewhere))
        let unlinked = CustomerFacts(customer: gamma, partner: nil, status: .accepted)
        #expect(enrol(holding, unlinked) == .join(leaving: holding, partnerView: .enrolledElsewhere))
        #expect(enrol(nil, own) == .join(leaving: nil, partnerView: .nothing))
        #expect(enrol(.dashboard(gamma), own) == .alreadyThere)
        let invited = CustomerFacts(customer: gamma, partner: beta, status: .invited)
        #expect(enrol(holding, invited) == .refuse(.customerNotReady))
    }

    @Test func `a list proves no possession: only the own partner's PCs join`() {
        func enrol(_ place: Place?) -> EnrolmentRules.Outcome { EnrolmentRules.enrolByList(from: place, into: own) }
        let other = CustomerID(unchecked: "11111111-2222-3333-4444-555555555555")
        #expect(
            enrol(.holdingTenant(beta)) == .join(leaving: .holdingTenant(beta), partnerView: .ownCustomer))
        #expect(enrol(.holdingTenant(delta)) == .refuse(.notFound))
        #expect(enrol(.dashboard(other)) == .refuse(.notFound))
        #expect(enrol(nil) == .refuse(.notFound))
        #expect(enrol(.dashboard(gamma)) == .alreadyThere)
    }
}
