import HoldingTenant
import RequirementTags
import Testing

/// Random histories of many PCs, partners and customers, and what holds after every one of their steps.
@Suite(.requirement("D4", "D16", "D17", "D19", "Q8", "Q11", "Q13", "Q14")) struct HistoryTests {
    private enum Event: Hashable, Sendable {
        case sell(device: Int, partner: Int, filer: Int, isReplacement: Bool)
        case giveBack(device: Int, partner: Int?, filer: Int)
        case certify(partner: Int)
        case enrol(device: Int, customer: Int)
        case assign(device: Int)
        case unassign(device: Int)
        case attribute(device: Int, partner: Int)
    }

    private struct World: Hashable {
        static let partners = (0..<3).map { PartnerID(unchecked: "partner-\($0)") }
        static let filers = (0..<3).map { ReporterID(unchecked: "filer-\($0)") }
        /// The customer of each partner, and one that manages itself.
        static let customers = (0..<4).map { number in
            CustomerFacts(
                customer: CustomerID(unchecked: "customer-\(number)"), partner: number < 3 ? partners[number] : nil,
                status: .accepted)
        }

        var devices: [DeviceRecord]
        var certified = Set<Int>()

        init(devices count: Int) {
            devices = Array(repeating: DeviceRecord(), count: count)
        }

        mutating func apply(_ event: Event) {
            switch event {
            case .sell(let device, let partner, let filer, let isReplacement):
                _ = devices[device].sell(
                    SaleRules.Claim(
                        partner: Self.partners[partner], filer: Self.filers[filer], isReplacement: isReplacement,
                        partnerReceivesTransfers: certified.contains(partner)))
            case .giveBack(let device, let partner, let filer):
                _ = devices[device].giveBack(
                    partner: partner.map { Self.partners[$0] }, filer: Self.filers[filer])
            case .certify(let partner):
                certified.insert(partner)
                for device in devices.indices { devices[device].certify(Self.partners[partner]) }
            case .enrol(let device, let customer):
                _ = devices[device].enrol(into: Self.customers[customer])
            case .assign(let device):
                guard case .holdingTenant(let partner) = devices[device].place,
                    let customer = Self.customers.first(where: { $0.partner == partner })
                else { return }
                devices[device].move(from: .holdingTenant(partner), to: .dashboard(customer.customer))
            case .unassign(let device):
                guard case .dashboard(let customer) = devices[device].place,
                    let partner = Self.customers.first(where: { $0.customer == customer })?.partner,
                    devices[device].sale?.partner == partner
                else { return }
                devices[device].move(from: .dashboard(customer), to: .holdingTenant(partner))
            case .attribute(let device, let partner):
                devices[device].attribute(
                    to: Self.partners[partner], hasHoldingTenant: certified.contains(partner))
            }
        }
    }

    private static func event(_ generator: inout SeededGenerator, devices: Int) -> Event {
        let device = Int.random(in: 0..<devices, using: &generator)
        let partner = Int.random(in: 0..<3, using: &generator)
        let filer = Int.random(in: 0..<3, using: &generator)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<9:
            let isReplacement = Int.random(in: 0..<4, using: &generator) == 0
            return .sell(device: device, partner: partner, filer: filer, isReplacement: isReplacement)
        case 9..<12:
            return .giveBack(device: device, partner: Bool.random(using: &generator) ? partner : nil, filer: filer)
        case 12: return .certify(partner: partner)
        case 13..<15: return .enrol(device: device, customer: Int.random(in: 0..<4, using: &generator))
        case 15..<17: return .assign(device: device)
        case 17..<19: return .unassign(device: device)
        default: return .attribute(device: device, partner: partner)
        }
    }

    @Test func `in 40,000 random steps every PC stays in one place that its sale explains`() {
        var generator = SeededGenerator(seed: testSeed("histories"))
        for _ in 0..<40 {
            var world = World(devices: 12)
            for _ in 0..<1_000 {
                let event = Self.event(&generator, devices: 12)
                let before = world
                world.apply(event)
                for (device, record) in world.devices.enumerated() {
                    if let holder = record.place?.partner {
                        #expect(record.sale?.partner == holder, "a PC in a holding tenant was sold by its partner")
                    }
                    if let sale = record.sale, record.place == nil,
                        let partner = World.partners.firstIndex(of: sale.partner)
                    {
                        #expect(
                            !world.certified.contains(partner), "a sale waits only while its partner is not certified")
                    }
                    #expect(record.sale.map { !record.returnedBy.contains($0.partner) } ?? true)
                    moved(from: before.devices[device], to: record, by: event)
                }
            }
        }
    }

    /// No report takes a PC out of a partner's list but a return or a correction, and none touches a customer's PC.
    private func moved(from old: DeviceRecord, to new: DeviceRecord, by event: Event) {
        guard old.place != new.place else { return }
        switch event {
        case .sell(_, _, let filer, let isReplacement):
            #expect(old.place?.customer == nil)
            if old.place?.partner != nil {
                #expect(isReplacement && old.sale?.filer == World.filers[filer])
            }
        case .giveBack:
            #expect(old.place?.customer == nil)
        case .certify:
            #expect(old.place == nil)
        case .attribute:
            #expect(old.place?.customer == nil)
        case .enrol, .assign, .unassign:
            break
        }
    }

    @Test func `the same step again changes nothing`() {
        var generator = SeededGenerator(seed: testSeed("repetitions"))
        for _ in 0..<40 {
            var world = World(devices: 6)
            for _ in 0..<300 {
                let event = Self.event(&generator, devices: 6)
                world.apply(event)
                let once = world
                world.apply(event)
                switch event {
                case .giveBack, .sell, .certify, .enrol, .attribute: #expect(world == once, "\(event)")
                case .assign, .unassign: world = once
                }
            }
        }
    }

    /// Certification, report and enrolment in any order come to the same end, as long as the reports agree.
    @Test(.requirement("D17", "Q13")) func `the order of certification, report and enrolment does not matter`() {
        var generator = SeededGenerator(seed: testSeed("orders"))
        for _ in 0..<400 {
            var events: Set<Event> = []
            for device in 0..<8 {
                let partner = Int.random(in: 0..<3, using: &generator)
                if Int.random(in: 0..<4, using: &generator) > 0 {
                    events.insert(.sell(device: device, partner: partner, filer: 0, isReplacement: false))
                }
                if Bool.random(using: &generator) {
                    events.insert(.enrol(device: device, customer: Int.random(in: 0..<4, using: &generator)))
                }
            }
            for partner in 0..<3 where Bool.random(using: &generator) { events.insert(.certify(partner: partner)) }
            let list = events.sorted { "\($0)" < "\($1)" }
            var expected = World(devices: 8)
            for event in list { expected.apply(event) }
            for _ in 0..<5 {
                var world = World(devices: 8)
                let order = list.shuffled(using: &generator)
                for event in order { world.apply(event) }
                #expect(world == expected, "\(order)")
            }
        }
    }

    @Test(.requirement("D24", "Q12")) func `in any history the trace tells a partner of its own PCs only`() {
        var generator = SeededGenerator(seed: testSeed("traces"))
        var world = World(devices: 10)
        for _ in 0..<10_000 {
            world.apply(Self.event(&generator, devices: 10))
            let record = world.devices[Int.random(in: 0..<10, using: &generator)]
            let number = Int.random(in: 0..<3, using: &generator)
            let partner = World.partners[number]
            let facts = record.traceFacts(
                for: partner, isOwnCustomer: { $0 == World.customers[number].customer }, isCovered: true,
                receivesTransfers: world.certified.contains(number))
            let outcome = TraceRules.answer(
                serial: SerialNumber.read("5CG6081BCD"), devices: [facts], for: .partner(partner)
            ).outcome
            #expect((outcome == .visible) == (record.place == .holdingTenant(partner)))
            #expect(
                (outcome == .alreadyInCustomerDashboard)
                    == (record.place == .dashboard(World.customers[number].customer)))
            if outcome == .reportedNotTransferred { #expect(record.sale?.partner == partner) }
            #expect(outcome != .reportedForOtherPartner)
        }
    }
}
