import BusinessHistory
import Foundation
import HoldingTenant
import Postgres
import RequirementTags
import Testing
import WorkflowKit

/// What does not depend on the order in which things happen, nor on what others do.
@Suite(.serialized) struct OrderTests {
    private enum Event: String, CaseIterable, Sendable { case certification, report, cover, enrolment }

    /// One partner, its customer and one PC, with names of their own.
    private struct Scene {
        let business: Business
        let partner: String
        let serial: String
        let customer: JSON
        let pin: JSON
        /// Whether the PC joins the dashboard of another partner's customer.
        let isForeign: Bool

        func play(_ event: Event) async throws {
            switch event {
            case .certification: try await business.complete(partner)
            case .report: try await business.sell([serial], to: partner)
            case .cover: try await business.sell([], covered: [serial], to: partner)
            case .enrolment:
                try await business.call(
                    "device.enroll", ["cpin": pin, "serial": .string(serial)], as: .device(serial))
            }
        }

        /// What everybody concerned reads in the end.
        func end() async throws -> [String] {
            let caller = Principal.partner(partner)
            let tenant = try await business.call("tenant.get", as: caller)
            let device = try await business.call("device.get", ["serial": .string(serial)], as: .admin)
            let own = try await business.refusal("device.get", ["serial": .string(serial)], as: caller)
            let place = device["place"]?["customerId"] == customer ? "dashboard" : device["place"]?.text ?? ""
            let covered = try await business.count(
                SQLStatement(
                    "select count(*) from holding.customer where customer_id = $1 and first_covered_at is not null",
                    .uuid(UUID(uuidString: customer.stringValue ?? "") ?? UUID())))
            return [
                tenant["status"]?.text ?? "", try await business.trace(serial, as: caller), place,
                device["entitlement"]?.text ?? "", own == nil ? "seen" : "unseen", "\(covered)",
            ]
        }
    }

    private static func permutations(_ events: [Event]) -> [[Event]] {
        guard let first = events.first else { return [[]] }
        return permutations(Array(events.dropFirst())).flatMap { rest in
            (0...rest.count).map { place in Array(rest[..<place]) + [first] + Array(rest[place...]) }
        }
    }

    @Test(.requirement("D17", "Q8", "Q13"), arguments: [false, true])
    func `certification, report, care pack and enrolment come to the same end in every order`(isForeign: Bool)
        async throws
    {
        try await Business.with { business in
            try await business.call("partner.create", ["partnerId": "PX", "name": "Another"], as: .admin)
            var ends: [[Event]: [String]] = [:]
            for (number, order) in Self.permutations(Event.allCases).enumerated() {
                let partner = "P\(number)"
                try await business.call(
                    "partner.create", ["partnerId": .string(partner), "name": "Partner"], as: .admin)
                try await business.call(
                    "learner.put",
                    [
                        "learnerId": .string("UV\(partner)"), "homePage": "https://learn.hpuniversity.example",
                        "partnerId": .string(partner),
                    ], as: .university)
                let owner = isForeign ? "PX" : partner
                let customer = try await business.customer(of: owner)
                let pin = try await business.call(
                    "customer.cpin", ["customerId": customer], as: .partner(owner))["cpin"]
                let scene = Scene(
                    business: business, partner: partner, serial: "5CG6101K\(String(format: "%02d", number))",
                    customer: customer, pin: pin ?? .null, isForeign: isForeign)
                for event in order { try await scene.play(event) }
                ends[order] = try await scene.end()
            }
            #expect(ends.count == 24)
            #expect(Set(ends.values).count == 1, "\(ends)")
            let end = ends.values.first ?? []
            let trace = isForeign ? "under-review enrolled-elsewhere" : "already-in-customer-dashboard"
            #expect(end == [#""active""#, trace, "dashboard", #""premium-plus""#, isForeign ? "unseen" : "seen", "1"])
        }
    }

    /// The partner of the story asks and does the same twice: alone, and beside another partner that sells, moves,
    /// repairs and pries. It reads the same to the letter.
    @Test(.requirement("D5", "Q9")) func `no answer to a partner depends on what another partner has or does`()
        async throws
    {
        let seed = testSeed("independence")
        var answers: [[String]] = []
        for hasNeighbour in [false, true] {
            try await Business.with { business in
                answers.append(try await Self.life(of: business, besideAnother: hasNeighbour, seed: seed))
            }
        }
        #expect(answers[0].count == answers[1].count)
        for (number, (alone, beside)) in zip(answers[0], answers[1]).enumerated() {
            #expect(alone == beside, "answer \(number)")
        }
    }

    private static func life(of business: Business, besideAnother: Bool, seed: UInt64) async throws -> [String] {
        var generator = SeededGenerator(seed: seed)
        var other = SeededGenerator(seed: seed &+ 1)
        let own = (0..<12).map { "5CG6101K\(String(format: "%02d", $0))" }
        let foreign = (0..<12).map { "5CG6102K\(String(format: "%02d", $0))" }
        try await business.certify("P1")
        try await business.sell(own, covered: Array(own.prefix(6)), to: "P1")
        let customer = try await business.customer(of: "P1")
        var neighbour: JSON?
        if besideAnother {
            try await business.certify("P2")
            try await business.sell(foreign, covered: foreign, to: "P2")
            neighbour = try await business.customer(of: "P2")
        }
        var plain = Plain()
        var answers: [String] = []
        for _ in 0..<150 {
            if let neighbour { try await disturb(business, own, foreign, neighbour, &other) }
            let (method, params) = question(own, foreign, customer, &generator)
            do {
                answers.append(plain.text(try await business.call(method, params, as: .partner("P1"))))
            } catch let error as RPCError {
                answers.append("\(method) \(error.code) \(error.type) \(error.message) \(error.detail?.text ?? "")")
            }
        }
        return answers
    }

    private static func question(
        _ own: [String], _ foreign: [String], _ customer: JSON, _ generator: inout SeededGenerator
    ) -> (String, JSON) {
        func some(_ serials: [String]) -> [JSON] {
            (0..<2).map { _ in .string(serials[Int.random(in: 0..<serials.count, using: &generator)]) }
        }
        let mixed = some(own) + some(foreign)
        let dashboard: JSON = ["customerId": customer]
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: return ("device.list", ["place": "unassigned"])
        case 1: return ("device.list", ["search": "5CG61"])
        case 2: return ("device.get", ["serial": mixed[Int.random(in: 0..<4, using: &generator)]])
        case 3: return ("device.trace", ["serials": .array(some(own))])
        case 4:
            return (
                "device.transfer",
                [
                    "serials": .array(mixed), "from": "unassigned", "to": dashboard, "possessionConfirmed": true,
                    "mode": Bool.random(using: &generator) ? "partial" : "atomic",
                ]
            )
        case 5:
            return (
                "device.transfer",
                [
                    "serials": .array(some(own)), "from": dashboard, "to": "unassigned",
                    "possessionConfirmed": true, "mode": "partial",
                ]
            )
        case 6: return ("device.enrollMany", ["customerId": customer, "serials": .array(mixed)])
        case 7: return ("customer.get", ["customerId": customer])
        default: return ("alert.list", [:])
        }
    }

    /// What the other partner does: with its own PCs, and in vain with the first partner's.
    private static func disturb(
        _ business: Business, _ own: [String], _ foreign: [String], _ neighbour: JSON,
        _ generator: inout SeededGenerator
    ) async throws {
        func one(_ serials: [String]) -> String { serials[Int.random(in: 0..<serials.count, using: &generator)] }
        let partner = Principal.partner("P2")
        let (mine, theirs) = (one(foreign), one(own))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: _ = try await business.refusal("device.get", ["serial": .string(theirs)], as: partner)
        case 1: try await business.sell([theirs, mine], to: "P2")
        case 2:
            try await business.call(
                "device.transfer",
                [
                    "serials": [.string(mine), .string(theirs)], "from": "unassigned",
                    "to": ["customerId": neighbour], "possessionConfirmed": true, "mode": "partial",
                ], as: partner)
        case 3: try await business.raise(mine)
        case 4: try await business.call("device.trace", ["serials": [.string(theirs)]], as: partner)
        default:
            try await business.call(
                "support.open",
                ["category": "unassigned-devices-missing", "subject": "?", "serials": [.string(theirs)]], as: partner)
        }
    }

    /// Answers without what differs from one database to the next: identifiers and times.
    private struct Plain {
        private var names: [String: String] = [:]

        mutating func text(_ json: JSON) -> String { plain(json).text }

        private mutating func plain(_ json: JSON) -> JSON {
            switch json {
            case .string(let text) where Timestamp(rfc3339: text) != nil: return "time"
            case .string(let text):
                var parts: [String] = []
                for part in text.split(separator: ":", omittingEmptySubsequences: false) {
                    let word = String(part)
                    if UUID(uuidString: word) != nil || PageCursorText.isCursor(word) {
                        parts.append(names[word] ?? "id-\(names.count)")
                        names[word] = parts.last
                    } else {
                        // "report:<id> line 3" has its id in the middle.
                        let words = word.split(separator: " ").map(String.init)
                        parts.append(words.map { UUID(uuidString: $0) == nil ? $0 : "id" }.joined(separator: " "))
                    }
                }
                return .string(parts.joined(separator: ":"))
            case .array(let elements):
                var plainElements: [JSON] = []
                for element in elements { plainElements.append(plain(element)) }
                return .array(plainElements)
            case .object(let object):
                var members: [(String, JSON)] = []
                for member in object { members.append((member.key, plain(member.value))) }
                return .object(JSONObject(uniqueMembers: members))
            case .null, .bool, .number: return json
            }
        }
    }

    private enum PageCursorText {
        /// Cursors name rows by their numbers, which others use up, too.
        static func isCursor(_ text: String) -> Bool { text.count > 8 && (try? PageCursor(text, count: 1)) != nil }
    }
}
