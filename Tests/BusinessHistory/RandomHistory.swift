private import Foundation
private import RequirementTags
private import WorkflowKit

/// A random life of a few partners, their customers and their PCs, played through the methods on one database.
///
/// Whatever is asked, in whatever order: the server carries it out or refuses it for a reason of the business. Anything
/// else ends the test.
package struct RandomHistory {
    private static let partners = ["P0", "P1", "P2"]
    private static let filers = ["DISTIT01", "DISTIT02"]

    private let business: any HistoryWorld
    private let serials: [String]
    private var generator: SeededGenerator
    private var customers: [String: JSON] = [:]
    private var pins: [String: JSON] = [:]
    private var alerts: [(id: JSON, serial: String)] = []
    private var cases: [JSON] = []
    private var transfers: [(id: JSON, partner: String)] = []
    private var requests: [JSON] = []
    /// What may come twice, with who sent it.
    private var repeatable: [(method: String, params: JSON, caller: Principal)] = []
    /// Runs that were started and not waited for.
    private var running: [JSON] = []
    package private(set) var carriedOut = 0
    package private(set) var refused = 0

    package init(_ business: any HistoryWorld, seed: UInt64, devices: Int) {
        self.business = business
        generator = SeededGenerator(seed: seed)
        serials = (0..<devices).map {
            "5CG61\(String(format: "%02d", 1 + $0 / 1_000))\(String(format: "%03d", $0 % 1_000))"
        }
    }

    // MARK: The beginning

    package mutating func begin() async throws {
        for partner in Self.partners {
            try await business.call(
                "partner.create", ["partnerId": .string(partner), "name": .string("Partner \(partner)")], as: .admin)
            try await business.call(
                "learner.put",
                [
                    "learnerId": .string("UV\(partner)"), "homePage": "https://learn.hpuniversity.example",
                    "partnerId": .string(partner),
                ], as: .university)
            let customer = try await business.customer(of: partner)
            customers[partner] = customer
            pins[partner] = try await business.call(
                "customer.cpin", ["customerId": customer], as: .partner(partner))["cpin"]
        }
    }

    // MARK: One step

    /// - Parameter waits: whether what the step started has to end before the next one.
    package mutating func step(waits: Bool = true) async throws {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<14: try await report()
        case 14..<17: try await completeCourse()
        case 17..<29: try await enrol()
        case 29..<43: try await transfer()
        case 43..<47: try await undo()
        case 47..<50: try await flipSwitch()
        case 50..<64: try await raise()
        case 64..<76: try await actOnAlert()
        case 76..<88: try await actOnCase()
        case 88..<94: try await support()
        default: try await ask()
        }
        if waits { try await settle() }
    }

    /// Waits for everything that was started.
    package mutating func settle() async throws {
        for run in running {
            let status = try await business.wait(for: run)
            guard status == .completed else { throw Failure.permanent("history", "a run has \(status)") }
        }
        running = []
    }

    private func pick<Element>(_ elements: [Element], _ generator: inout SeededGenerator) -> Element? {
        elements.isEmpty ? nil : elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element? { pick(elements, &generator) }

    private mutating func chance(_ part: Int, in whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &generator) < part
    }

    /// Calls the method; nil if the business refuses.
    @discardableResult
    private mutating func call(
        _ method: String, _ params: JSON, as caller: Principal, isRepeatable: Bool = false
    ) async throws -> JSON? {
        do {
            let result = try await business.call(method, params, as: caller)
            if isRepeatable { repeatable.append((method, params, caller)) }
            if let run = result["runId"], run != .null { running.append(run) }
            carriedOut += 1
            return result
        } catch let error as RPCError where Self.reasons.contains(error.code) {
            refused += 1
            return nil
        }
    }

    /// What the business may say no with.
    private static let reasons: Set<RPCError.Code> = [.notFound, .conflict, .precondition, .forbidden]

    private mutating func someSerials() -> [String] {
        (0..<Int.random(in: 1...4, using: &generator)).compactMap { _ in pick(serials) }
    }

    private mutating func partner() -> String { pick(Self.partners) ?? "P0" }

    private mutating func report() async throws {
        let partner = partner()
        var text = "report_type,transaction_type,reseller_id,product_number,serial_number,quantity\n"
        for serial in someSerials() {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: text += "POS,RETURN,\(partner),9G2J7ET,\(serial),-1\n"
            case 1, 2: text += "POS,SALE,\(partner),U04RYE,\(serial),1\n"
            case 3: text += "POS,SALE,,9G2J7ET,\(serial),1\n"
            default: text += "POS,SALE,\(partner),9G2J7ET,\(serial),1\n"
            }
        }
        // No two reports are the same by accident.
        text += "POS,SALE,\(partner),9G2J7ET,NO-SERIAL-\(generator.next()),1\n"
        let filer = pick(Self.filers) ?? "DISTIT01"
        try await call(
            "report.submit", ["format": "csv", "content": .string(text)], as: .reporter(filer), isRepeatable: true)
    }

    private mutating func completeCourse() async throws {
        let course = pick(["000111475", "0001114953", "0001114825"]) ?? ""
        let statement: JSON = [
            "id": .string(UUID(using: &generator).uuidString.lowercased()),
            "actor": [
                "account": [
                    "homePage": "https://learn.hpuniversity.example", "name": .string("UV\(partner())"),
                ]
            ],
            "verb": ["id": "http://adlnet.gov/expapi/verbs/passed"],
            "object": ["id": .string("https://learn.hpuniversity.example/courses/\(course)")],
            "timestamp": "2026-03-05T09:12:40Z",
        ]
        try await call("course.complete", ["statement": statement], as: .university, isRepeatable: true)
    }

    private mutating func enrol() async throws {
        guard let serial = pick(serials), let pin = pins[partner()] else { return }
        try await call(
            "device.enroll", ["cpin": pin, "serial": .string(serial)], as: .device(serial), isRepeatable: false)
    }

    private mutating func place(of partner: String) -> JSON {
        chance(1, in: 2) ? "unassigned" : ["customerId": customers[partner] ?? .null]
    }

    private mutating func transfer() async throws {
        let partner = partner()
        let (from, to) = (place(of: partner), place(of: chance(1, in: 10) ? self.partner() : partner))
        guard from != to else { return }
        let params: JSON = [
            "serials": .array(someSerials().map(JSON.string)), "from": from, "to": to, "possessionConfirmed": true,
            "mode": chance(2, in: 3) ? "partial" : "atomic",
        ]
        guard let moved = try await call("device.transfer", params, as: .partner(partner)) else { return }
        if let id = moved["transferId"] { transfers.append((id, partner)) }
    }

    private mutating func undo() async throws {
        guard let (id, owner) = pick(transfers) else { return }
        let partner = chance(1, in: 10) ? partner() : owner
        try await call("device.undoTransfer", ["transferId": id], as: .partner(partner))
    }

    private mutating func flipSwitch() async throws {
        let partner = partner()
        let isOn = chance(1, in: 2)
        try await call(
            "customer.configure", ["customerId": customers[partner] ?? .null, "selfServiceAlerts": .bool(isOn)],
            as: .partner(partner))
    }

    private mutating func raise() async throws {
        guard let serial = pick(serials), let type = pick(["battery-replace", "memory-error", "os-crash"]) else {
            return
        }
        let raised = try await call(
            "alert.raise", ["serial": .string(serial), "type": .string(type)], as: .device(serial),
            isRepeatable: false)
        if let id = raised?["alertId"] { alerts.append((id, serial)) }
    }

    private mutating func actOnAlert() async throws {
        guard let (id, serial) = pick(Array(alerts.suffix(60))) else { return }
        let device = Principal.device(serial)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: try await call("alert.dismiss", ["alertId": id], as: device)
        case 1: try await call("alert.clear", ["alertId": id], as: device)
        case 2..<6: try await call("alert.view", ["alertId": id], as: device)
        default:
            let caller = chance(1, in: 4) ? Principal.partner(partner()) : device
            let made = try await call(
                "repair.submit", ["alertId": id, "contact": ["name": "Mario Rossi"]], as: caller, isRepeatable: true)
            if let made = made?["caseId"] { cases.append(made) }
        }
    }

    private mutating func actOnCase() async throws {
        guard let id = pick(Array(cases.suffix(40))) else { return }
        let step = pick(["accept", "schedule", "start", "resolve", "reject", "cancel", "close"]) ?? "accept"
        var params: JSONObject = ["caseId": id]
        if step == "schedule" { params["at"] = "2026-12-01T09:00:00.000Z" }
        if step == "resolve" { (params["code"], params["notes"]) = ("replaced", "done") }
        if step == "reject" { params["reason"] = "not covered" }
        let caller = chance(1, in: 2) ? Principal.support : .partner(partner())
        try await call("repair.\(step)", .object(params), as: caller)
    }

    private mutating func support() async throws {
        if chance(1, in: 2) || requests.isEmpty {
            let opened = try await call(
                "support.open",
                [
                    "category": "unassigned-devices-missing", "subject": "missing",
                    "serials": .array(someSerials().map(JSON.string)),
                ], as: .partner(partner()))
            if let id = opened?["requestId"] { requests.append(id) }
        } else if let id = pick(requests), let serial = pick(serials) {
            try await call(
                "support.attribute",
                ["requestId": id, "serial": .string(serial), "partnerId": .string(partner())], as: .support)
        }
    }

    /// Reading never fails, and finds an outcome for every serial number that anybody ever named.
    private mutating func ask() async throws {
        let asked = someSerials()
        let partner = partner()
        let answer = try await business.call(
            "device.trace", ["serials": .array(asked.map(JSON.string))], as: .partner(partner))
        guard answer["items"]?.arrayValue?.map({ $0["serial"] }) == asked.map(JSON.string) else {
            throw Failure.permanent("history", "a serial number has no trace")
        }
        try await business.call("device.list", ["place": "unassigned"], as: .partner(partner))
        try await business.call("alert.list", as: .partner(partner))
        carriedOut += 1
    }

    // MARK: Repetition

    /// Sends something once more that was carried out before; nil if there is nothing yet.
    package mutating func repeatSomething() async throws -> String? {
        guard let (method, params, caller) = pick(repeatable) else { return nil }
        _ = try await business.call(method, params, as: caller)
        return method
    }
}

extension UUID {
    fileprivate init(using generator: inout SeededGenerator) {
        let (high, low) = (generator.next(), generator.next())
        func byte(_ word: UInt64, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: word >> (8 * index)) }
        self.init(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5),
                0x40 | byte(high, 6) & 0x0F, byte(high, 7), 0x80 | byte(low, 0) & 0x3F, byte(low, 1), byte(low, 2),
                byte(low, 3), byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            ))
    }
}
