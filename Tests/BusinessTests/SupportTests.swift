import BusinessHistory
import Foundation
import HoldingTenant
import Postgres
import RequirementTags
import SupportCases
import Testing
import WorkflowKit

/// Requests to the support team: missing PCs with an outcome for each, and everything else.
@Suite(.serialized, .requirement("D39")) struct SupportTests {
    private let distributor = Principal.reporter("DISTIT01")
    private let partner = Principal.partner("P1")
    private let stranger = Principal.partner("P2")

    private func list(_ serials: [(partner: String, serial: String)]) -> String {
        serials.reduce("reseller_id,product_number,serial_number,quantity\n") {
            $0 + "\($1.partner),9G2J7ET,\($1.serial),1\n"
        }
    }

    private func outcomes(_ request: JSON) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (request["serials"]?.arrayValue ?? []).map {
                ($0["serial"]?.stringValue ?? "", $0["outcome"]?.stringValue ?? "")
            })
    }

    @Test(.requirement("D21", "D24", "Q12"))
    func `a request with a list has an outcome for each serial number at once, and tells nothing of others`()
        async throws
    {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.certify("P2")
            let sold = list([("P1", "5CG6101KLM"), ("P1", "5CG6101KLN"), ("P2", "5CG6101KLX"), ("P9", "5CG6101KLZ")])
            _ = try await business.report("csv", sold, as: distributor)
            let opened = try await business.call(
                "support.open",
                [
                    "category": "unassigned-devices-missing", "subject": "PC rivenduti non presenti",
                    "serials": ["5cg6101klm", "5CG6101KLX", "5CG6101KLZ", "5CG6101ZZZ", "5CG6101KLM", "short"],
                    "evidence": [["type": "INVOICE", "reference": "FT-2026-004417"]],
                ], as: partner)
            #expect(opened["state"] == "open")
            #expect(opened["serialCount"] == 5, "the one that is listed twice counts once")
            #expect(
                outcomes(opened) == [
                    "5CG6101KLM": "visible", "5CG6101KLX": "under-review", "5CG6101KLZ": "under-review",
                    "5CG6101ZZZ": "not-reported", "short": "invalid-serial",
                ])
            let id = try #require(opened["requestId"])
            let seen = try await business.call("support.get", ["requestId": id], as: .support)
            #expect(outcomes(seen)["5CG6101KLX"] == "reported-for-other-partner", "operators are told everything")
            let foreign = try await business.refusal("support.get", ["requestId": id], as: stranger)
            #expect(foreign?.code == .notFound)
            #expect(try await business.call("support.list", as: stranger)["items"] == [])
            #expect(try await business.call("support.list", as: partner)["items"]?[0]?["requestId"] == id)
            #expect(try await business.call("support.list", as: .support)["items"]?[0]?["serialCount"] == 5)
        }
    }

    /// The partner was certified and its holding tenant is there, but what waited has not been brought in yet.
    @Test(.requirement("D21")) func `a listed PC that was reported and only waits is transferred without waiting`()
        async throws
    {
        try await Business.with { business in
            try await business.call("partner.create", ["partnerId": "P1", "name": "Partner"], as: .admin)
            let sold = list([("P1", "5CG6101KLM"), ("P1", "5CG6101KLN")])
            let report = try await business.report("csv", sold, as: distributor)
            #expect(report["counts"]?["pending"] == 2)
            func open() async throws -> JSON {
                try await business.call(
                    "support.open",
                    ["category": "unassigned-devices-missing", "subject": "?", "serials": ["5CG6101KLM"]], as: partner)
            }
            let early = try await open()
            #expect(outcomes(early) == ["5CG6101KLM": "reported-not-transferred"])
            #expect(early["serials"]?[0]?["detail"] == "partner-not-certified")
            try await business.pool.transaction { transaction in
                let partner = PartnerID(unchecked: "P1")
                let certification = Certification(track: .resellAndMonitor, completedAt: .now)
                try await TenantOpening.certify(partner, certification, in: transaction)
                _ = try await TenantOpening.open(partner, at: .now, in: transaction)
            }
            #expect(outcomes(try await open()) == ["5CG6101KLM": "visible"])
            #expect(try await business.unassigned("P1") == ["5CG6101KLM"], "what was not listed goes on waiting")
            let told = try await business.count(
                SQLStatement("select count(*) from holdfast.event where type = 'device.transferred'"))
            #expect(told == 1)
            // The first answer is looked up again whenever it is read.
            let id = try #require(early["requestId"])
            #expect(
                outcomes(try await business.call("support.get", ["requestId": id], as: partner))
                    == ["5CG6101KLM": "visible"])
        }
    }

    @Test(.requirement("D22", "D23"))
    func `a request without a list waits until HP has asked and the list has come`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            _ = try await business.report("csv", list([("P1", "5CG6101KLM")]), as: distributor)
            let opened = try await business.call(
                "support.open", ["category": "unassigned-devices-missing", "subject": "not all are there"],
                as: partner)
            #expect(opened["hint"] == nil, "the page is there: HP asks")
            let id = try #require(opened["requestId"])
            func message(_ text: JSON) -> JSON { ["requestId": id, "message": text] }
            let own = try await business.refusal("support.requestInfo", message("?"), as: .support)
            #expect(own == nil)
            let reply: JSON = ["requestId": id, "message": "here they are", "serials": ["5CG6101KLM", "5CG6101KLN"]]
            #expect(try await business.refusal("support.reply", reply, as: stranger)?.code == .notFound)
            let replied = try await business.call("support.reply", reply, as: partner)
            #expect(replied["state"] == "open")
            #expect(outcomes(replied) == ["5CG6101KLM": "visible", "5CG6101KLN": "not-reported"])
            #expect(
                (replied["messages"]?.arrayValue ?? []).map { $0["author"]?.stringValue } == ["support", "opener"])
            let resolved = try await business.call(
                "support.resolve",
                [
                    "requestId": id, "resolution": "the second one was given back",
                    "outcomes": [["serial": "5CG6101KLN", "outcome": "returned"]],
                ], as: .support)
            #expect(resolved["state"] == "resolved")
            #expect(outcomes(resolved)["5CG6101KLN"] == "returned")
            #expect(resolved["resolution"] == "the second one was given back")
            #expect(try await business.refusal("support.reply", reply, as: partner)?.code == .conflict)
            let again = try await business.call("support.reopen", ["requestId": id], as: partner)
            #expect(again["state"] == "open")
            let early = try await business.refusal("support.close", ["requestId": id], as: partner)
            #expect(early?.code == .conflict)
            let unlisted: JSON = [
                "requestId": id, "resolution": "x", "outcomes": [["serial": "5CG6101ZZZ", "outcome": "visible"]],
            ]
            #expect(try await business.refusal("support.resolve", unlisted, as: .support)?.code == .invalidParams)
            try await business.call("support.resolve", ["requestId": id, "resolution": "x"], as: .support)
            #expect(try await business.call("support.close", ["requestId": id], as: partner)["state"] == "closed")
            let steps = try await business.pool.query(
                SQLStatement(
                    "select data->>'step' as step from holdfast.event where type = 'support.changed' order by event_id")
            ).map { try $0.text("step") }
            #expect(
                steps == ["open", "request-info", "reply", "resolve", "reopen", "resolve", "close"],
                "every step is told")
        }
    }

    @Test(.requirement("D21")) func `a partner whose page is not there yet is asked for its list at once`() async throws
    {
        try await Business.with { business in
            try await business.certify("P1")
            let opened = try await business.call(
                "support.open", ["category": "unassigned-devices-missing", "subject": "no page"], as: partner)
            #expect(opened["hint"]?["en"] != nil)
            #expect(opened["hint"]?["it"] != nil)
            let general = try await business.call(
                "support.open", ["category": "general", "subject": "a question"], as: partner)
            #expect(general["hint"] == nil)
        }
    }

    @Test(.requirement("D16", "Q11", "Q12"))
    func `HP attributes a PC by hand, and the two partners read what concerns them`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.certify("P2")
            _ = try await business.report("csv", list([("P2", "5CG6101KLX")]), as: distributor)
            let opened = try await business.call(
                "support.open",
                ["category": "unassigned-devices-missing", "subject": "ours", "serials": ["5CG6101KLX"]], as: partner)
            #expect(outcomes(opened) == ["5CG6101KLX": "under-review"])
            let params: JSON = [
                "requestId": opened["requestId"] ?? .null, "serial": "5CG6101KLX", "partnerId": "P1",
            ]
            let answer = try await business.call("support.attribute", params, as: .support)
            #expect(outcomes(answer)["5CG6101KLX"] == "visible")
            #expect(try await business.unassigned("P1") == ["5CG6101KLX"])
            #expect(try await business.unassigned("P2") == [])
            let transfers = try await business.pool.query(
                SQLStatement(
                    "select audiences from holdfast.event where type = 'device.transferred' order by event_id"))
            #expect(transfers.map { $0[0] } == [.textArray(["partner:P2"]), .textArray(["partner:P1"])])
            #expect(try await business.trace("5CG6101KLX", as: stranger) == "under-review")
            // Once more, and for a PC that nobody has reported.
            try await business.call("support.attribute", params, as: .support)
            var unknown = params.objectValue ?? [:]
            unknown["serial"] = "5CG6101KLY"
            try await business.call("support.attribute", .object(unknown), as: .support)
            #expect(try await business.unassigned("P1") == ["5CG6101KLX", "5CG6101KLY"])
            let wrong: JSON = ["requestId": params["requestId"] ?? .null, "serial": "5CG6101KLX", "partnerId": "P9"]
            #expect(try await business.refusal("support.attribute", wrong, as: .support)?.type == "partner.notFound")
        }
    }

    @Test(.requirement("D5")) func `a customer is told of its own PCs only`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            _ = try await business.report("csv", list([("P1", "5CG6101KLM"), ("P1", "5CG6101KLN")]), as: distributor)
            let customer = try await business.customer(of: "P1")
            try await business.call(
                "device.transfer",
                [
                    "serials": ["5CG6101KLM"], "from": "unassigned", "to": ["customerId": customer],
                    "possessionConfirmed": true,
                ], as: partner)
            let opened = try await business.call(
                "support.open",
                [
                    "category": "general", "subject": "ours?",
                    "serials": ["5CG6101KLM", "5CG6101KLN", "5CG6101ZZZ", "x"],
                ], as: .customer(customer.stringValue ?? ""))
            #expect(
                outcomes(opened) == [
                    "5CG6101KLM": "already-in-customer-dashboard", "5CG6101KLN": "under-review",
                    "5CG6101ZZZ": "under-review", "x": "invalid-serial",
                ])
            let foreign = try await business.refusal(
                "support.get", ["requestId": opened["requestId"] ?? .null], as: partner)
            #expect(foreign?.code == .notFound)
        }
    }

    @Test func `a list that does not fit into one answer is read in parts`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            let serials = (0..<2_500).map { JSON.string("NOSERIAL-\($0)") }
            let opened = try await business.call(
                "support.open",
                ["category": "unassigned-devices-missing", "subject": "many", "serials": .array(serials)], as: partner)
            var read = opened["serials"]?.arrayValue ?? []
            var cursor = opened["nextCursor"]
            #expect(read.count < 2_500)
            while let place = cursor, place != .null {
                let part = try await business.call(
                    "support.get", ["requestId": opened["requestId"] ?? .null, "cursor": place], as: partner)
                #expect(part.bytes.count < 60_000)
                read += part["serials"]?.arrayValue ?? []
                cursor = part["nextCursor"]
            }
            #expect(read.map { $0["serial"] } == serials)
        }
    }
}
