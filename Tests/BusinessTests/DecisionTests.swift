import BusinessHistory
import Foundation
import HoldingTenant
import Postgres
import RequirementTags
import Testing
import WorkflowKit

/// What was decided where nothing was asked, on the database.
@Suite(.serialized) struct DecisionTests {
    private let partner = Principal.partner("P1")

    private func giveBack(_ serial: String, _ business: Business) async throws -> JSON {
        let text =
            "transaction_type,reseller_id,product_number,serial_number,quantity\nRETURN,P1,9G2J7ET,\(serial),-1\n"
        return try await business.report("csv", text, as: .reporter("DISTIT01"))
    }

    @Test(.requirement("Q4"))
    func `a lapsed certification stops new transfers, and neither the page nor repairs`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.sell(["5CG6101KLM"], covered: ["5CG6101KLM"], to: "P1")
            try await business.pool.execute(
                SQLStatement("update holding.certification set valid_until = now() - interval '1 day'"))
            try await business.sell(["5CG6101KLN"], to: "P1")
            #expect(try await business.unassigned("P1") == ["5CG6101KLM"])
            #expect(
                try await business.trace("5CG6101KLN", as: partner) == "reported-not-transferred partner-not-certified")
            #expect(try await business.submitCase(for: "5CG6101KLM")["routedTo"] == "hp-customer-support")
            try await business.complete("P1")
            #expect(try await business.unassigned("P1") == ["5CG6101KLM", "5CG6101KLN"], "certified anew")
        }
    }

    @Test(.requirement("Q14", "D19"))
    func `a return leaves a PC with its customer, and tells the partner`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.sell(["5CG6101KLM", "5CG6101KLN"], to: "P1")
            let customer = try await business.customer(of: "P1")
            try await business.assign(["5CG6101KLM"], to: customer, of: "P1")
            _ = try await giveBack("5CG6101KLM", business)
            #expect(try await business.trace("5CG6101KLM", as: partner) == "already-in-customer-dashboard")
            let told = try await business.events("device.returned")
            #expect(told.map { $0["serial"] } == ["5CG6101KLM"])
            #expect(told.first?["stays"] == true)
            _ = try await giveBack("5CG6101KLN", business)
            #expect(try await business.unassigned("P1") == [])
            #expect(try await business.events("device.returned").last?["stays"] == false)
        }
    }

    @Test(.requirement("Q15", "D20")) func `the page comes with the first PC and stays when it is empty`() async throws
    {
        try await Business.with { business in
            try await business.certify("P1")
            func page() async throws -> JSON {
                let tenant = try await business.call("tenant.get", as: partner)
                return [tenant["unassignedVisible"] ?? .null, tenant["unassignedCount"] ?? .null]
            }
            #expect(try await page() == [false, 0])
            try await business.sell(["5CG6101KLM"], to: "P1")
            #expect(try await page() == [true, 1])
            try await business.assign(["5CG6101KLM"], to: try await business.customer(of: "P1"), of: "P1")
            #expect(try await page() == [true, 0])
        }
    }

    @Test(.requirement("D33")) func `there is no switch for PCs in a holding tenant`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.sell(["5CG6101KLM"], covered: ["5CG6101KLM"], to: "P1")
            let customer = try await business.customer(of: "P1")
            try await business.call(
                "customer.configure", ["customerId": customer, "selfServiceAlerts": false], as: partner)
            #expect(try await business.raise("5CG6101KLM")["popup"] == true, "another place's switch does not count")
            let unknown = try await business.refusal(
                "partner.configure", ["selfServiceAlerts": false], as: partner)
            #expect(unknown?.fields.map(\.path) == ["selfServiceAlerts"])
        }
    }

    @Test(.requirement("D36", "Q5")) func `an emptied dashboard switches alerts on no second time`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            let pcs = ["5CG6101KLM", "5CG6101KLN"]
            try await business.sell(pcs, covered: pcs, to: "P1")
            let customer = try await business.customer(of: "P1")
            try await business.assign([pcs[0]], to: customer, of: "P1")
            let off: JSON = ["customerId": customer, "selfServiceAlerts": false]
            let configured = try await business.call("customer.configure", off, as: partner)
            #expect(configured["warning"] == nil)
            try await business.call(
                "device.transfer",
                [
                    "serials": [.string(pcs[0])], "from": ["customerId": customer], "to": "unassigned",
                    "possessionConfirmed": true,
                ], as: partner)
            try await business.assign(pcs, to: customer, of: "P1")
            let settings = try await business.call("customer.settings", ["customerId": customer], as: partner)
            #expect(settings["selfServiceAlerts"] == false)
            #expect(try await business.events("selfService.reenabled").count == 1)
        }
    }

    @Test func `texts come in the language that the reader prefers`() async throws {
        try await Business.with { business in
            let italian = try await business.call("text.list", ["language": "de, it-IT;q=0.5"], as: partner)
            #expect(italian["language"] == "it")
            #expect(italian["texts"]?["page.unassigned.title"] == "Dispositivi non assegnati")
            #expect(try await business.call("text.list", as: partner)["language"] == "en")
        }
    }
}
