import BusinessHistory
import Foundation
import RequirementTags
import Testing
import WorkflowKit

/// From a fault to a routed repair case, and through its life.
@Suite(.serialized) struct RepairTests {
    private let serial = "5CG6101KLM"
    private let partner = Principal.partner("P1")
    private let device = Principal.device("5CG6101KLM")

    /// A certified partner with one covered PC in its holding tenant.
    private func stock(_ business: Business) async throws {
        try await business.certify("P1")
        try await business.sell([serial], covered: [serial], to: "P1")
    }

    @Test(.requirement("D25", "D26", "D29"))
    func `a fault pops up once on the PC, and only View leads to the one case of HP`() async throws {
        try await Business.with { business in
            try await stock(business)
            let raised = try await business.raise(serial)
            #expect(raised["popup"] == true)
            let again = try await business.raise(serial)
            #expect(again["alertId"] == raised["alertId"])
            let popups = try await business.events("alert.popup")
            #expect(popups.count == 1)
            #expect(popups.first?["texts"]?["it"]?["view"] != nil)
            #expect(
                try await business.call("alert.list", as: partner)["items"] == [],
                "alerts of the holding tenant are not the partner's")
            let own = try await business.call("alert.list", ["serial": .string(serial)], as: device)
            #expect(own["items"]?[0]?["alertId"] == raised["alertId"])
            let alert: JSON = ["alertId": raised["alertId"] ?? .null]
            let submission = business.submission(raised["alertId"])
            let early = try await business.refusal("repair.submit", submission, as: device)
            #expect(early?.type == "repair.precondition")
            #expect(try await business.refusal("repair.submit", submission, as: partner)?.type == "alert.notFound")
            let viewed = try await business.call("alert.view", alert, as: device)
            #expect(viewed["alert"]?["state"] == "viewed")
            #expect(viewed["form"]?["fields"]?[0]?["name"] == "contact.name")
            let stranger = try await business.refusal("alert.view", alert, as: .device("5CG6101KLN"))
            #expect(stranger?.code == .notFound)
            let first = try await business.call("repair.submit", submission, as: device)
            #expect(first["routedTo"] == "hp-customer-support")
            #expect(first["created"] == true)
            let second = try await business.call("repair.submit", submission, as: device)
            #expect(second["caseId"] == first["caseId"])
            #expect(second["created"] == false)
            #expect(try await business.raise(serial)["state"] == "case-submitted", "the same open fault has its case")
            #expect(try await business.count(SQLStatement("select count(*) from support_cases.alert")) == 1)
        }
    }

    @Test func `a PC reports only its own faults, of known types, and only if somebody reported the PC`() async throws {
        try await Business.with { business in
            try await stock(business)
            let fault: JSON = ["serial": .string(serial), "type": "battery-replace"]
            #expect(try await business.refusal("alert.raise", fault, as: .device("5CG6101KLN"))?.code == .forbidden)
            let unknown = try await business.refusal(
                "alert.raise", ["serial": "5CG6101KLN", "type": "battery-replace"], as: .admin)
            #expect(unknown?.type == "device.notFound")
            let type = try await business.refusal(
                "alert.raise", ["serial": .string(serial), "type": "coffee"], as: device)
            #expect(type?.fields.map(\.path) == ["type"])
            // Two parts of one type are two faults; the same part again is the same.
            func raise(_ slot: JSON) async throws -> JSON? {
                try await business.call(
                    "alert.raise",
                    [
                        "serial": .string(serial), "type": "STORAGE_PREDICTED_FAILURE",
                        "component": ["kind": "SSD", "slot": slot], "evidence": ["value": 101],
                    ], as: device)["alertId"]
            }
            let first = try await raise("M2-1")
            #expect(try await raise("m2-1") == first)
            #expect(try await raise("M2-2") != first)
        }
    }

    @Test(.requirement("D27", "Q17"))
    func `a case of HP is handled by HP, watched by the partner, and closed by its submitter`() async throws {
        try await Business.with { business in
            try await stock(business)
            let made = try await business.submitCase(for: serial)
            let id = try #require(made["caseId"])
            let reference: JSON = ["caseId": id]
            let watched = try await business.call("repair.get", reference, as: partner)
            #expect(watched["state"] == "submitted")
            #expect(watched["contact"] == nil, "the contact goes to whoever repairs")
            let routed = try await business.call("repair.get", reference, as: .support)
            #expect(routed["contact"]?["name"] == "Mario Rossi")
            #expect(try await business.call("repair.get", reference, as: device)["contact"] != nil)
            for step in ["accept", "start", "cancel"] {
                #expect(try await business.refusal("repair.\(step)", reference, as: partner)?.code == .forbidden)
                let foreign = try await business.refusal("repair.\(step)", reference, as: .partner("P2"))
                #expect(foreign?.code == .notFound)
            }
            #expect(try await business.refusal("repair.start", reference, as: .support)?.code == .conflict)
            try await business.take(["accept"], of: id, as: .support)
            let scheduled = try await business.call(
                "repair.schedule", ["caseId": id, "at": "2026-12-01T09:00:00.000Z"], as: .support)
            #expect(scheduled["schedule"]?["at"] == "2026-12-01T09:00:00.000Z")
            let backwards = try await business.refusal(
                "repair.schedule",
                ["caseId": id, "at": "2026-12-01T09:00:00.000Z", "until": "2026-12-01T08:00:00.000Z"], as: .support)
            #expect(backwards?.fields.map(\.path) == ["until"])
            try await business.take(["start", "resolve"], of: id, as: .support)
            #expect(try await business.refusal("repair.close", reference, as: .support)?.code == .forbidden)
            let closed = try await business.call("repair.close", reference, as: device)
            let steps = (closed["history"]?.arrayValue ?? []).compactMap { $0["step"]?.stringValue }
            #expect(steps == ["submit", "accept", "schedule", "start", "resolve", "close"])
            #expect(try await business.call("repair.list", as: .support)["items"]?[0]?["caseId"] == id)
            #expect(try await business.call("repair.list", as: partner)["items"]?[0]?["caseId"] == id)
            #expect(try await business.call("repair.list", as: .partner("P2"))["items"] == [])
            #expect(try await business.end(of: "support-cases.case-life", key: id) == .completed)
            #expect(try await business.events("repair.changed").count == 5)
            #expect(try await business.events("repair.routed").count == 1)
        }
    }

    @Test(.requirement("D29")) func `after the repair the same fault is a new one, and the old submission stays`()
        async throws
    {
        try await Business.with { business in
            try await stock(business)
            let first = try await business.raise(serial)
            let made = try await business.submitCase(for: serial)
            try await business.take(["accept", "schedule", "start", "resolve"], of: made["caseId"], as: .support)
            let replay = try await business.call("repair.submit", business.submission(first["alertId"]), as: device)
            #expect(replay["caseId"] == made["caseId"])
            #expect(replay["created"] == false)
            let next = try await business.raise(serial)
            #expect(next["alertId"] != first["alertId"])
            #expect(next["popup"] == true)
            let other = try await business.submitCase(for: serial)
            #expect(other["caseId"] != made["caseId"])
            try await business.take(["reject"], of: other["caseId"], as: .support)
            let states = try await business.call("repair.list", ["state": "rejected"], as: device)
            #expect(states["items"]?.arrayValue?.count == 1)
        }
    }

    @Test(.requirement("D28", "C3"))
    func `a service-delivery case goes to the partner's account under a reference of its own`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.sell([serial, "5CG6101KLN"], covered: [serial, "5CG6101KLN"], to: "P1")
            try await business.certifyForServiceDelivery("P1", account: "CSDP-7")
            let made = try await business.submitCase(for: serial)
            #expect(made["routedTo"] == "csdp")
            let id = try #require(made["caseId"])
            let read = try await business.call("repair.get", ["caseId": id], as: partner)
            #expect(read["csdpAccount"] == "CSDP-7")
            #expect(read["contact"]?["name"] == "Mario Rossi", "the partner repairs")
            #expect(read["symptom"]?["type"] == "battery-replace", "and is told what, without seeing the alert")
            #expect(read["productNumber"] == "9G2J7ET")
            #expect(read["entitlement"] == "premium-plus")
            let listed = try await business.call("repair.list", as: partner)["items"]?[0]
            #expect(listed?["symptom"] == read["symptom"])
            let reference = try #require(read["reference"]?.stringValue)
            #expect(reference.hasSuffix("00000001"))
            #expect(reference.utf8.count <= 20)
            #expect(try await business.refusal("repair.get", ["caseId": id], as: .support)?.code == .notFound)
            #expect(try await business.refusal("repair.accept", ["caseId": id], as: device)?.code == .forbidden)
            try await business.take(["accept"], of: id, as: partner)
            let other = try await business.submitCase(for: "5CG6101KLN")
            #expect(
                try await business.call("repair.get", ["caseId": other["caseId"] ?? .null], as: partner)["reference"]
                    != read["reference"])
            let now = Timestamp.now
            func order(_ number: JSON, _ serial: JSON, of id: JSON?, at time: Timestamp) -> JSON {
                [
                    "caseId": id ?? .null, "orderNumber": number, "serial": serial,
                    "orderedAt": .string(time.rfc3339()),
                ]
            }
            let table: [(JSON, String)] = [
                (order("OR-1", "5CG6101KLN", of: id, at: now), "order-for-another-pc"),
                (order("XX-1", "5CG6101KLM", of: id, at: now), "not-an-order-number"),
                (order("OR-1", "5CG6101KLM", of: id, at: now - .seconds(86_400)), "order-older-than-case"),
            ]
            for (params, reason) in table {
                let refusal = try await business.refusal("repair.recordOrder", params, as: partner)
                #expect(refusal?.code == .conflict)
                #expect(refusal?.detail?["reason"]?.stringValue == reason)
            }
            let good = order("OR-1", "5CG6101KLM", of: id, at: now)
            let recorded = try await business.call("repair.recordOrder", good, as: partner)
            #expect(recorded["orderNumber"] == "OR-1")
            try await business.call("repair.recordOrder", good, as: partner)
            let reused = try await business.refusal(
                "repair.recordOrder", order("OR-1", "5CG6101KLN", of: other["caseId"], at: now), as: partner)
            #expect(reused?.detail?["reason"] == "order-of-another-case")
            let second = try await business.refusal(
                "repair.recordOrder", order("OR-2", "5CG6101KLM", of: id, at: now), as: partner)
            #expect(second?.detail?["reason"] == "case-has-another-order")
        }
    }

    @Test(.requirement("Q3", "D28")) func `a case is held until the partner links its account`() async throws {
        try await Business.with { business in
            try await stock(business)
            try await business.certifyForServiceDelivery("P1", account: nil)
            try await business.call("partner.configure", ["routing": "service-delivery"], as: partner)
            let made = try await business.submitCase(for: serial)
            #expect(made["state"] == "pending-csdp-link")
            #expect(made["routedTo"] == "csdp")
            #expect(try await business.events("repair.routed").first?["texts"]?["it"] != nil, "the partner is told why")
            let reference: JSON = ["caseId": made["caseId"] ?? .null]
            #expect(try await business.refusal("repair.accept", reference, as: partner)?.code == .conflict)
            #expect(try await business.call("repair.list", as: .support)["items"] == [], "HP is not sent it silently")
            try await business.call("partner.configure", ["csdpAccount": "CSDP-7"], as: partner)
            let linked = try await business.call("repair.get", reference, as: partner)
            #expect(linked["state"] == "submitted")
            #expect(linked["csdpAccount"] == "CSDP-7")
            #expect(linked["reference"] != nil)
            try await business.take(["accept"], of: made["caseId"], as: partner)
        }
    }

    @Test(.requirement("Q2", "D11")) func `a change of routing counts for later submissions only`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.sell([serial, "5CG6101KLN"], covered: [serial, "5CG6101KLN"], to: "P1")
            try await business.certifyForServiceDelivery("P1", account: nil)
            #expect(
                try await business.call("partner.get", as: partner)["routing"] == "resell-and-monitor",
                "without an account")
            let first = try await business.submitCase(for: serial)
            #expect(first["routedTo"] == "hp-customer-support")
            try await business.call("partner.configure", ["csdpAccount": "CSDP-7"], as: partner)
            #expect(try await business.call("partner.get", as: partner)["routing"] == "service-delivery")
            #expect(try await business.submitCase(for: "5CG6101KLN")["routedTo"] == "csdp")
            let kept = try await business.call("repair.get", ["caseId": first["caseId"] ?? .null], as: .support)
            #expect(kept["routedTo"] == "hp-customer-support")
        }
    }

    @Test(.requirement("D29")) func `two submissions at the same moment make one case`() async throws {
        try await Business.with { business in
            try await stock(business)
            let raised = try await business.raise(serial)
            try await business.call("alert.view", ["alertId": raised["alertId"] ?? .null], as: device)
            let submission = business.submission(raised["alertId"])
            async let first = business.call("repair.submit", submission, as: device)
            async let second = business.call("repair.submit", submission, as: device)
            let (one, two) = try await (first, second)
            #expect(one["caseId"] == two["caseId"])
            #expect(one["created"] != two["created"])
        }
    }
}
