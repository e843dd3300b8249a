import BusinessHistory
import Foundation
import HPUniversity
import RequirementTags
import Testing
import WorkflowKit

/// From a completed course to the one holding tenant of the partner.
@Suite(.serialized) struct CertificationTests {
    private let beta: JSON = ["partnerId": "10284417", "name": "Rivenditore Beta"]

    private func statement(_ name: String) throws -> JSON {
        ["statement": try JSON(parsing: Array(try sample("statement-\(name).json").utf8))]
    }

    private func known(_ business: Business, learner: JSON = "UV00123456789") async throws {
        try await business.call("partner.create", beta, as: .admin)
        try await business.call(
            "learner.put",
            ["learnerId": learner, "homePage": "https://learn.hpuniversity.example", "partnerId": "10284417"],
            as: .university)
    }

    @Test(.requirement("D13", "D5")) func `a partner is created once, and each partner reads itself only`() async throws
    {
        try await Business.with { business in
            try await business.call("partner.create", beta, as: .admin)
            #expect(try await business.refusal("partner.create", beta, as: .admin)?.type == "partner.conflict")
            let own = try await business.call("partner.get", as: .partner("10284417"))
            #expect(own["name"] == "Rivenditore Beta")
            #expect(own["tracks"] == [])
            let other = try await business.refusal("partner.get", as: .partner("20000001"))
            let foreign = try await business.refusal(
                "partner.get", ["partnerId": "10284417"], as: .partner("20000001"))
            #expect(other?.code == .notFound)
            #expect(other == foreign, "somebody else's partner and none at all are the same answer")
        }
    }

    @Test(.requirement("D6", "D8", "D9", "D10", "D11", "D12", "Q1"))
    func `the last course of a track certifies the partner and opens its holding tenant once`() async throws {
        try await Business.with { business in
            try await known(business)
            let partner = Principal.partner("10284417")
            let first = try await business.call(
                "course.complete", try statement("service-delivery-1"), as: .university)
            #expect(first["outcome"] == "accepted")
            #expect(first["track"] == "service-delivery")
            #expect(first["runId"] == nil, "one course of two certifies nobody")
            #expect(try await business.call("tenant.get", as: partner)["status"] == "none")

            let second = try await business.call(
                "course.complete", try statement("service-delivery-2"), as: .university)
            #expect(try await business.wait(for: second["runId"]) == .completed)
            let tenant = try await business.call("tenant.get", as: partner)
            #expect(tenant["status"] == "active")
            #expect(tenant["unassignedVisible"] == false)
            #expect(
                try await business.call("partner.get", as: partner)["tracks"]?[0]?["track"] == "service-delivery")

            let again = try await business.call(
                "course.complete", try statement("service-delivery-2"), as: .university)
            #expect(again["outcome"] == "replayed")
            #expect(again["runId"] == nil)
            let events = try await business.count(
                SQLStatement("select count(*) from holdfast.event where type = 'tenant.created'"))
            #expect(events == 1)
        }
    }

    @Test func `the same statement id with other content is a conflict and changes nothing`() async throws {
        try await Business.with { business in
            try await known(business)
            let first = try statement("service-delivery-1")
            try await business.call("course.complete", first, as: .university)
            guard case .object(var changed)? = first["statement"] else { return }
            changed["timestamp"] = "2026-03-06T09:12:40Z"
            let refusal = try await business.refusal(
                "course.complete", ["statement": .object(changed)], as: .university)
            #expect(refusal?.code == .conflict)
            let kept = try await business.count(
                SQLStatement("select count(*) from university.message where kind = 'completion'"))
            #expect(kept == 1)
        }
    }

    @Test(.requirement("D6", "D8")) func `two courses completed at the same moment certify the partner`() async throws {
        try await Business.with { business in
            try await known(business)
            async let first = business.call(
                "course.complete", try statement("service-delivery-1"), as: .university)
            async let second = business.call(
                "course.complete", try statement("service-delivery-2"), as: .university)
            let runs = try await [first["runId"], second["runId"]].compactMap(\.self)
            #expect(runs.count == 1, "whoever came second saw the first")
            #expect(try await business.wait(for: runs.first) == .completed)
        }
    }

    @Test(.requirement("D12")) func `a statement that was voided does not certify, in whichever order the two come`()
        async throws
    {
        for isVoidedFirst in [true, false] {
            try await Business.with { business in
                try await known(business)
                let one = try statement("service-delivery-1")
                guard let id = one["statement"]?["id"]?.stringValue else { return }
                let voiding: JSON = [
                    "statement": [
                        "id": "9b1f0d6a-1111-4a52-8f1c-8e0a5d5f9a10",
                        "actor": ["mbox": "mailto:registrar@learn.hpuniversity.example"],
                        "verb": ["id": "http://adlnet.gov/expapi/verbs/voided"],
                        "object": ["objectType": "StatementRef", "id": .string(id)],
                    ]
                ]
                for params in isVoidedFirst ? [voiding, one] : [one, voiding] {
                    try await business.call("course.complete", params, as: .university)
                }
                let last = try await business.call(
                    "course.complete", try statement("service-delivery-2"), as: .university)
                #expect(last["outcome"] == "accepted")
                #expect(last["runId"] == nil)
            }
        }
    }

    @Test(.requirement("D9")) func `a signed message counts once, and a wrong signature not at all`() async throws {
        try await Business.with { business in
            try await known(business)
            let secret = try #require(WebhookSecret(Business.secret))
            let body =
                #"{"type":"learning.course.completed","timestamp":"2026-03-05T09:12:44Z","data":{"courseId":"000111475","learnerId":"UV00123456789","partnerId":"10284417","result":"passed","completedAt":"2026-03-05T09:12:40Z"}}"#
            let signed = StandardWebhook.sign(id: "msg_1", body: body, at: .now, secret: secret)
            func params(_ signature: String, _ body: String) -> JSON {
                [
                    "webhook": [
                        "id": .string(signed.id), "timestamp": .string(signed.timestamp),
                        "signature": .string(signature), "body": .string(body),
                    ]
                ]
            }
            let forged = try await business.refusal(
                "course.complete", params(signed.signature, body + " "), as: .university)
            #expect(forged?.type == "auth.failed")
            let first = try await business.call("course.complete", params(signed.signature, body), as: .university)
            #expect(first["track"] == "resell-and-monitor")
            #expect(try await business.wait(for: first["runId"]) == .completed)
            let again = try await business.call("course.complete", params(signed.signature, body), as: .university)
            #expect(again["outcome"] == "replayed")
            #expect(again["partnerId"] == "10284417")
        }
    }

    @Test func `a malformed statement is told with its paths`() async throws {
        try await Business.with { business in
            let refusal = try await business.refusal(
                "course.complete", ["statement": ["verb": ["id": "completed"]]], as: .university)
            #expect(refusal?.code == .invalidParams)
            #expect(refusal?.fields.contains { $0.path == "statement.actor" } == true)
        }
    }
}
