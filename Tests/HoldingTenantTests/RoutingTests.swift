import HoldingTenant
import RequirementTags
import ResellAndMonitor
import ServiceDelivery
import Testing
import WorkflowKit

let noon = Timestamp(microsecondsSince1970: 1_772_712_000_000_000)
let types = PartnerTypes([ResellAndMonitor(), ServiceDelivery()])
let beta = PartnerID(unchecked: "10284417")
let delta = PartnerID(unchecked: "10284418")
let gamma = CustomerID(unchecked: "0b7c5e0e-2b8e-4a52-8f1c-8e0a5d5f9a10")

func partner(
    _ id: PartnerID = beta, tracks: [Track], chosen: Track? = nil, csdp: String? = nil
) -> PartnerProfile {
    PartnerProfile(
        partner: id, displayName: "Rivenditore Beta",
        certifications: tracks.map { Certification(track: $0, completedAt: noon) }, chosenRouting: chosen,
        csdpAccount: csdp.map(CSDPAccount.init(unchecked:)))
}

@Suite struct AlertRoutingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let place: Place
        let tier: Tier?
        let isOn: Bool
        let track: Track
        let popup: Bool
        let submitters: Set<AlertRouting.Submitter>
        let destination: CaseDestination?

        var testDescription: String { "\(place) \(tier?.rawValue ?? "none") \(isOn ? "on" : "off") \(track)" }
    }

    static let account = CSDPAccount(unchecked: "CSDP-0042")
    static let holding = Place.holdingTenant(beta)
    static let dashboard = Place.dashboard(gamma)
    static let everybody: Set<AlertRouting.Submitter> = [.endUser, .itAdmin, .partner]
    static let onDashboard: Set<AlertRouting.Submitter> = [.itAdmin, .partner]

    /// The decision table: place, cover, switch, partner type; pop-up, who may make a case, where it goes.
    static let table: [Row] = Tier.allCases.flatMap { tier in
        [true, false].flatMap { isOn in
            [
                Row(
                    place: holding, tier: tier, isOn: isOn, track: .resellAndMonitor, popup: true,
                    submitters: [.endUser], destination: .hpCustomerSupport),
                Row(
                    place: holding, tier: tier, isOn: isOn, track: .serviceDelivery, popup: true,
                    submitters: [.endUser], destination: .csdp(account)),
                Row(
                    place: dashboard, tier: tier, isOn: isOn, track: .resellAndMonitor, popup: isOn,
                    submitters: isOn ? everybody : onDashboard, destination: .hpCustomerSupport),
                Row(
                    place: dashboard, tier: tier, isOn: isOn, track: .serviceDelivery, popup: isOn,
                    submitters: isOn ? everybody : onDashboard, destination: .csdp(account)),
                Row(
                    place: dashboard, tier: nil, isOn: isOn, track: .serviceDelivery, popup: false, submitters: [],
                    destination: nil),
                Row(
                    place: holding, tier: nil, isOn: isOn, track: .resellAndMonitor, popup: false, submitters: [],
                    destination: nil),
            ]
        }
    }

    @Test(
        .requirement("D3", "D11", "D25", "D26", "D27", "D28", "D29", "D30", "D33", "D37", "D38"), arguments: table)
    func `alerts and cases follow the decision table`(row: Row) {
        let decision = AlertRouting.decide(
            AlertRouting.Facts(
                place: row.place, tier: row.tier, selfServiceAlerts: row.isOn,
                partner: partner(tracks: [row.track], csdp: "CSDP-0042")),
            types: types)
        #expect(decision.popup == row.popup)
        #expect(decision.maySubmit == row.submitters)
        #expect(decision.destination == row.destination)
    }

    @Test(.requirement("D27", "D28")) func `HP schedules for resell-and-monitor, the partner for service-delivery`() {
        func handler(_ track: Track) -> CaseParty? {
            AlertRouting.decide(
                AlertRouting.Facts(
                    place: .holdingTenant(beta), tier: .premium, selfServiceAlerts: true,
                    partner: partner(tracks: [track], csdp: "CSDP-0042")),
                types: types
            ).handler
        }
        #expect(handler(.resellAndMonitor) == .hpCustomerSupport)
        #expect(handler(.serviceDelivery) == .partner)
    }

    @Test(.requirement("Q3")) func `without a CSDP account a case waits for it and is not sent to HP`() {
        let decision = AlertRouting.decide(
            AlertRouting.Facts(
                place: .holdingTenant(beta), tier: .premium, selfServiceAlerts: true,
                partner: partner(tracks: [.serviceDelivery])),
            types: types)
        #expect(decision.destination == .pendingCSDPLink)
        #expect(decision.destination?.name == "csdp")
    }

    @Test(.requirement("Q10")) func `what the catalogue hides from end users does not pop up in a holding tenant`() {
        var facts = AlertRouting.Facts(
            place: .holdingTenant(beta), tier: .premium, selfServiceAlerts: true,
            partner: partner(tracks: [.resellAndMonitor]))
        facts.isShownToEndUsers = false
        #expect(AlertRouting.decide(facts, types: types).popup == false)
        #expect(AlertRouting.decide(facts, types: types).maySubmit.isEmpty)
        facts.isShownToEndUsers = true
        facts.isRepairable = false
        let decision = AlertRouting.decide(facts, types: types)
        #expect(decision.popup)
        #expect(decision.maySubmit.isEmpty)
        #expect(decision.destination == nil)
    }

    @Test(.requirement("Q18")) func `an end user who saw the pop-up before the PC moved may still submit`() {
        var facts = AlertRouting.Facts(
            place: .dashboard(gamma), tier: .premium, selfServiceAlerts: false,
            partner: partner(delta, tracks: [.serviceDelivery], csdp: "CSDP-0043"), wasDeliveredBefore: true)
        let decision = AlertRouting.decide(facts, types: types)
        #expect(decision.popup == false)
        #expect(decision.maySubmit.contains(.endUser))
        #expect(decision.destination == .csdp(CSDPAccount(unchecked: "CSDP-0043")), "routed by the current partner")
        facts.wasDeliveredBefore = false
        #expect(!AlertRouting.decide(facts, types: types).maySubmit.contains(.endUser))
    }

    @Test func `a PC without a place has neither pop-up nor case`() {
        let facts = AlertRouting.Facts(place: nil, tier: .premium, selfServiceAlerts: true, partner: nil)
        #expect(AlertRouting.decide(facts, types: types) == .nothing)
    }

    @Test func `a customer without a partner manages itself, and HP repairs`() {
        let decision = AlertRouting.decide(
            AlertRouting.Facts(place: .dashboard(gamma), tier: .premium, selfServiceAlerts: false, partner: nil),
            types: types)
        #expect(decision.maySubmit == [.itAdmin])
        #expect(decision.destination == .hpCustomerSupport)
    }
}

@Suite(.requirement("Q2", "D11")) struct RoutingChoiceTests {
    struct Row: Sendable {
        let tracks: [Track]
        let chosen: Track?
        let csdp: String?
        let expected: Track?
    }

    @Test(arguments: [
        Row(tracks: [], chosen: nil, csdp: nil, expected: nil),
        Row(tracks: [.resellAndMonitor], chosen: nil, csdp: nil, expected: .resellAndMonitor),
        Row(tracks: [.resellAndMonitor], chosen: nil, csdp: "A", expected: .resellAndMonitor),
        Row(tracks: [.serviceDelivery], chosen: nil, csdp: nil, expected: .serviceDelivery),
        Row(tracks: [.serviceDelivery], chosen: nil, csdp: "A", expected: .serviceDelivery),
        Row(tracks: [.resellAndMonitor, .serviceDelivery], chosen: nil, csdp: nil, expected: .resellAndMonitor),
        Row(tracks: [.resellAndMonitor, .serviceDelivery], chosen: nil, csdp: "A", expected: .serviceDelivery),
        Row(
            tracks: [.resellAndMonitor, .serviceDelivery], chosen: .resellAndMonitor, csdp: "A",
            expected: .resellAndMonitor),
        Row(
            tracks: [.resellAndMonitor, .serviceDelivery], chosen: .serviceDelivery, csdp: nil,
            expected: .serviceDelivery),
        Row(tracks: [.resellAndMonitor], chosen: .serviceDelivery, csdp: "A", expected: .resellAndMonitor),
    ])
    func `the routing type is the partner's choice, else service-delivery once an account is linked`(row: Row) {
        let profile = partner(tracks: row.tracks, chosen: row.chosen, csdp: row.csdp)
        #expect(types.routing(of: profile)?.track == row.expected)
    }

    @Test func `two types for one track are a mistake in the wiring`() async {
        await #expect(processExitsWith: .failure) {
            _ = PartnerTypes([ResellAndMonitor(), ResellAndMonitor()])
        }
    }

    /// A third type comes as a value of its own, and the rules take it without a change.
    @Test func `a partner type that the rules never heard of routes its cases`() {
        struct DepotRepair: PartnerType {
            let track = Track(name: "depot-repair")
            let precedence = 30
            let handler = CaseParty.partner
            func isReady(_ partner: PartnerProfile) -> Bool { true }
            func destination(for partner: PartnerProfile) -> CaseDestination {
                .csdp(CSDPAccount(unchecked: "DEPOT"))
            }
            func partnerAccess(to place: Place) -> CaseAccess { .handle }
        }
        let types = PartnerTypes([ResellAndMonitor(), DepotRepair()])
        let profile = partner(tracks: [.resellAndMonitor, Track(name: "depot-repair")])
        #expect(types.routing(of: profile)?.destination(for: profile) == .csdp(CSDPAccount(unchecked: "DEPOT")))
    }
}

@Suite(.requirement("Q4")) struct CertificationRulesTests {
    @Test func `a lapsed certification stops new transfers and nothing else`() {
        let lapsed = [
            Certification(track: .serviceDelivery, completedAt: noon, validUntil: noon + .seconds(86_400))
        ]
        let later = noon + .seconds(86_400)
        #expect(CertificationRules.receivesTransfers(lapsed, at: noon))
        #expect(!CertificationRules.receivesTransfers(lapsed, at: later))
        #expect(CertificationRules.hasHoldingTenant(lapsed, at: later))
        let profile = PartnerProfile(
            partner: beta, displayName: "Beta", certifications: lapsed, chosenRouting: nil,
            csdpAccount: CSDPAccount(unchecked: "A"))
        #expect(types.routing(of: profile)?.track == .serviceDelivery)
    }

    @Test(.requirement("D12")) func `before the completion there is no holding tenant`() {
        let certification = [Certification(track: .serviceDelivery, completedAt: noon)]
        #expect(!CertificationRules.hasHoldingTenant(certification, at: noon - .seconds(1)))
        #expect(!CertificationRules.hasHoldingTenant([], at: noon))
        #expect(CertificationRules.hasHoldingTenant(certification, at: noon))
    }
}

@Suite(.requirement("Q5", "D33", "D34", "D35", "D36")) struct SelfServiceSwitchTests {
    @Test func `switched off too early, it is accepted with a warning and switched on by the first covered PC`() {
        var settings = SelfServiceSwitch()
        #expect(settings.set(false) == .storeAndWarn)
        #expect(settings.isOn == false)
        #expect(settings.coveredDevicePresent(at: noon) == .storeFirstCovered(switchedOn: true))
        #expect(settings.isOn)
        #expect(settings.firstCoveredAt == noon)
    }

    @Test func `after the first covered PC, off stays off whatever is added`() {
        var settings = SelfServiceSwitch()
        #expect(settings.coveredDevicePresent(at: noon) == .storeFirstCovered(switchedOn: false))
        #expect(settings.set(false) == .store)
        #expect(settings.coveredDevicePresent(at: noon + .seconds(1)) == .nothing)
        #expect(settings.isOn == false)
        #expect(settings.firstCoveredAt == noon)
    }

    @Test func `it fires once, also when it is read back from the store`() {
        var settings = SelfServiceSwitch(isOn: false, firstCoveredAt: noon)
        #expect(settings.coveredDevicePresent(at: noon + .seconds(60)) == .nothing)
        #expect(settings.isOn == false)
    }

    @Test func `setting what is set already changes nothing`() {
        var settings = SelfServiceSwitch(isOn: true, firstCoveredAt: noon)
        #expect(settings.set(true) == .nothing)
    }

    @Test func `in a random history it is switched on by a PC at most once`() {
        var generator = SeededGenerator(seed: testSeed("self-service switch"))
        for _ in 0..<500 {
            var settings = SelfServiceSwitch()
            var fired = 0
            var lastSet = true
            for step in 0..<40 {
                if Bool.random(using: &generator) {
                    lastSet = Bool.random(using: &generator)
                    _ = settings.set(lastSet)
                } else if case .storeFirstCovered = settings.coveredDevicePresent(at: noon + .seconds(step)) {
                    fired += 1
                    lastSet = true
                }
                #expect(settings.isOn == lastSet)
            }
            #expect(fired <= 1)
        }
    }
}

@Suite(.requirement("Q7", "D3")) struct EntitlementTests {
    let catalogue = CarePackCatalogue(tiers: [
        CarePackPart("U04RYE")!: .premiumPlus, CarePackPart("U8HC1E")!: .premium,
    ])

    @Test func `the catalogue decides which part gives which cover`() throws {
        #expect(catalogue.classify("U04RYE") == .cover(CarePackPart("U04RYE")!, .premiumPlus))
        #expect(catalogue.classify("u8hc1e") == .cover(CarePackPart("U8HC1E")!, .premium))
        #expect(catalogue.classify("U7897E") == .unknownCarePack(CarePackPart("U7897E")!))
        #expect(catalogue.classify("9G2J7ET") == .product(ProductNumber("9G2J7ET")!))
        #expect(catalogue.classify("?") == .unreadable)
    }

    @Test func `a catalogue is read from the configuration, and its faults are told`() throws {
        let read = try CarePackCatalogue(configuration: ["U04RYE": "PREMIUMPLUS", "U8HC1E": "premium", "U7897E": nil])
        #expect(read.classify("U04RYE") == .cover(CarePackPart("U04RYE")!, .premiumPlus))
        #expect(read.classify("U7897E") == .unknownCarePack(CarePackPart("U7897E")!))
        #expect(CarePackCatalogue.shipped.classify("U04RYE") == .cover(CarePackPart("U04RYE")!, .premiumPlus))
        let thrown = #expect(throws: JSONFieldErrors.self) {
            _ = try CarePackCatalogue(configuration: ["9G2J7ET": "premium", "U8HC1E": "gold"])
        }
        #expect(thrown?.fields.map(\.path) == ["carePacks.9G2J7ET", "carePacks.U8HC1E"])
    }

    @Test func `the best cover is the higher tier, then the one that lasts longer`() {
        let short = Entitlement(tier: .premium, part: nil, validUntil: noon + .seconds(10))
        let long = Entitlement(tier: .premium, part: nil, validUntil: noon + .seconds(20))
        let plus = Entitlement(tier: .premiumPlus, part: nil, validFrom: noon + .seconds(5))
        #expect(EntitlementRules.best(of: [short, long], at: noon) == long)
        #expect(EntitlementRules.best(of: [short, long, plus], at: noon) == long)
        #expect(EntitlementRules.best(of: [short, long, plus], at: noon + .seconds(5)) == plus)
        #expect(EntitlementRules.best(of: [short], at: noon + .seconds(10)) == nil)
    }

    @Test(.requirement("Q19"))
    func `a care pack can be registered until the end of the tenth day after the sale`() throws {
        let day = try #require(CalendarDate(iso: "2026-03-04"))
        let deadline = EntitlementRules.registrationDeadline(saleDay: day)
        #expect(CalendarDate(utcDay: deadline.utcDay).description == "2026-03-15")
        #expect(deadline.microsecondsSince1970 % 86_400_000_000 == 0)
    }
}
