import BusinessHistory
import HoldingTenant
import RequirementTags
import SupportCases
import Testing
import WorkflowKit

/// What the server does by itself when nobody does anything for a while; the periods are short here.
@Suite(.serialized) struct LifeTests {
    private let serial = "5CG6101KLM"

    private func lives(_ change: (inout LifePeriods) -> Void) -> LifePeriods {
        var lives = LifePeriods.shipped
        change(&lives)
        return lives
    }

    private func stock(_ business: Business) async throws {
        try await business.certify("P1")
        try await business.sell([serial], covered: [serial], to: "P1")
    }

    @Test(.requirement("D27")) func `a resolved case is closed when its time has come`() async throws {
        try await Business.with(lives: lives { $0.caseCloses = .milliseconds(1) }) { business in
            try await stock(business)
            let made = try await business.submitCase(for: serial)
            try await business.take(["accept", "schedule", "start", "resolve"], of: made["caseId"], as: .support)
            #expect(try await business.end(of: "support-cases.case-life", key: made["caseId"]) == .completed)
            let closed = try await business.call("repair.get", ["caseId": made["caseId"] ?? .null], as: .support)
            #expect(closed["state"] == "closed")
            #expect(closed["history"]?.arrayValue?.last?["step"] == "close")
        }
    }

    @Test func `whoever should accept a case is reminded, and no longer once it has ended`() async throws {
        let reminders = lives { $0.caseReminders = [.zero, .milliseconds(1)] }
        try await Business.with(lives: reminders) { business in
            try await stock(business)
            let made = try await business.submitCase(for: serial)
            var told: [JSON] = []
            while told.count < 2 { told = try await business.events("repair.reminder") }
            #expect(told.allSatisfy { $0["caseId"] == made["caseId"] && $0["state"] == "submitted" })
            try await business.take(["reject"], of: made["caseId"], as: .support)
            #expect(try await business.end(of: "support-cases.case-life", key: made["caseId"]) == .completed)
            #expect(try await business.events("repair.reminder").count == 2)
        }
    }

    @Test(.requirement("D23", "D24")) func `a request that waits in vain is resolved, and closed in the end`()
        async throws
    {
        let periods = lives {
            $0.requestReminders = [.milliseconds(1), .milliseconds(2)]
            $0.requestWaits = .milliseconds(3)
            $0.requestCloses = .milliseconds(1)
        }
        try await Business.with(lives: periods) { business in
            try await business.certify("P1")
            let opened = try await business.call(
                "support.open", ["category": "general", "subject": "?"], as: .partner("P1"))
            let id = try #require(opened["requestId"])
            try await business.call("support.requestInfo", ["requestId": id, "message": "which?"], as: .support)
            #expect(try await business.end(of: "support-cases.request-life", key: id) == .completed)
            let closed = try await business.call("support.get", ["requestId": id], as: .partner("P1"))
            #expect(closed["state"] == "closed")
            let reminders = try await business.events("support.reminder")
            #expect(reminders.map { $0["number"] } == [1, 2])
            #expect(reminders.first?["texts"]?["it"] != nil)
            let steps = try await business.events("support.changed").map { $0["step"]?.stringValue }
            #expect(steps == ["open", "request-info", "resolve", "close"])
        }
    }

    @Test func `an alert that nobody looks at expires`() async throws {
        try await Business.with(lives: lives { $0.alertLasts = .milliseconds(1) }) { business in
            try await stock(business)
            let raised = try await business.raise(serial)
            #expect(try await business.end(of: "support-cases.alert-expiry", key: raised["alertId"]) == .completed)
            let listed = try await business.call("alert.list", as: .device(serial))
            #expect(listed["items"]?[0]?["state"] == "expired")
            #expect(try await business.raise(serial)["alertId"] != raised["alertId"])
        }
    }

    private func invite(_ business: Business) async throws -> JSON {
        try await business.call(
            "customer.create",
            [
                "name": "Studio Gamma", "plan": "premium",
                "admin": ["firstName": "Anna", "lastName": "Verdi", "email": "anna@gamma.example"],
            ], as: .partner("P1"))
    }

    @Test(.requirement("C9", "D40"))
    func `an invitation that nobody accepts is reminded of and ends, and a new one begins anew`() async throws {
        let periods = InvitationPeriods(reminders: [.milliseconds(1)], lasts: .milliseconds(2))
        try await Business.with(invitations: periods) { business in
            try await business.call("partner.create", ["partnerId": "P1", "name": "Partner"], as: .admin)
            let invited = try await invite(business)
            let id = try #require(invited["customerId"])
            #expect(try await business.end(of: "holding-tenant.invitation", key: id) == .completed)
            let reminded = try await business.events("customer.reminded")
            #expect(reminded.map { $0["customerId"] } == [id])
            #expect(reminded.first?["blocked"]?.arrayValue?.contains("transfer") == true)
            #expect(try await business.events("customer.invitationExpired").count == 1)
            let pending = try await business.call("customer.get", ["customerId": id], as: .partner("P1"))
            #expect(pending["status"] == "invited")
            #expect(pending["invitationEndsAt"] != nil)
            let late: JSON = ["invitation": invited["invitation"] ?? .null]
            #expect(try await business.refusal("customer.accept", late, as: nil)?.type == "customer.precondition")
        }
    }

    @Test(.requirement("C9")) func `an invitation sent again replaces the one before, until one is accepted`()
        async throws
    {
        try await Business.with { business in
            try await business.call("partner.create", ["partnerId": "P1", "name": "Partner"], as: .admin)
            let invited = try await invite(business)
            let reference: JSON = ["customerId": invited["customerId"] ?? .null]
            #expect(
                try await business.refusal("customer.invite", reference, as: .partner("P2"))?.type
                    == "customer.notFound")
            let again = try await business.call("customer.invite", reference, as: .partner("P1"))
            let old: JSON = ["invitation": invited["invitation"] ?? .null]
            #expect(try await business.refusal("customer.accept", old, as: nil)?.type == "invitation.notFound")
            try await business.call("customer.accept", ["invitation": again["invitation"] ?? .null], as: nil)
            #expect(
                try await business.end(of: "holding-tenant.invitation", key: invited["customerId"]) == .completed)
            #expect(
                try await business.refusal("customer.invite", reference, as: .partner("P1"))?.type
                    == "customer.conflict")
        }
    }
}
