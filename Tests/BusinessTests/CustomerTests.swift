import BusinessHistory
import Foundation
import RequirementTags
import TestSupport
import Testing
import WorkflowKit

/// Dashboards: invitation, PIN, transfers, enrolment, and the self-service switch.
@Suite(.serialized) struct CustomerTests {
    private let distributor = Principal.reporter("DISTIT01")
    private let partner = Principal.partner("P1")

    private func invite(_ business: Business, as partner: Principal) async throws -> (id: JSON, invitation: JSON) {
        let created = try await business.call(
            "customer.create",
            [
                "name": "Studio Gamma", "plan": "premium-plus",
                "admin": ["firstName": "Anna", "lastName": "Verdi", "email": "anna@gamma.example"],
            ], as: partner)
        return (try #require(created["customerId"]), try #require(created["invitation"]))
    }

    private func customer(_ business: Business, as partner: Principal) async throws -> JSON {
        let (id, invitation) = try await invite(business, as: partner)
        try await business.call("customer.accept", ["invitation": invitation], as: nil)
        return id
    }

    /// A certified partner with PCs on its page; `covered` of them have a care pack.
    private func stock(
        _ business: Business, _ serials: [String], covered: [String] = [], of partner: String = "P1"
    ) async throws {
        try await business.certify(partner)
        var text = "reseller_id,product_number,serial_number,quantity\n"
        for serial in serials { text += "\(partner),9G2J7ET,\(serial),1\n" }
        for serial in covered { text += "\(partner),U04RYE,\(serial),1\n" }
        _ = try await business.report("csv", text, as: distributor)
    }

    private func move(_ serials: [JSON], from: JSON, to: JSON, _ more: JSONObject = [:]) -> JSON {
        var params: JSONObject = [
            "serials": .array(serials), "from": from, "to": to, "possessionConfirmed": true,
        ]
        for member in more { params[member.key] = member.value }
        return .object(params)
    }

    @Test(.requirement("D40", "D31", "C9"))
    func `a pending invitation blocks the PIN and transfers, and is accepted once`() async throws {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM"])
            let (id, invitation) = try await invite(business, as: partner)
            let reference: JSON = ["customerId": id]
            #expect(try await business.call("customer.get", reference, as: partner)["status"] == "invited")
            #expect(
                try await business.refusal("customer.cpin", reference, as: partner)?.type == "customer.precondition")
            let early = move(["5CG6101KLM"], from: "unassigned", to: reference)
            #expect(
                try await business.refusal("device.transfer", early, as: partner)?.type == "customer.precondition")
            let accepted = try await business.call("customer.accept", ["invitation": invitation], as: nil)
            #expect(accepted["token"]?.stringValue?.hasPrefix("hf_customer_") == true)
            let again = try await business.refusal("customer.accept", ["invitation": invitation], as: nil)
            #expect(again?.code == .conflict)
            let wrong = try await business.refusal("customer.accept", ["invitation": "hfi_x"], as: nil)
            #expect(wrong?.code == .notFound)
            let details = try await business.call("customer.get", reference, as: partner)
            #expect(details["admin"]?["email"] == "anna@gamma.example")
            let own = Principal.customer(id.stringValue ?? "")
            let pin = try await business.call("customer.cpin", reference, as: partner)["cpin"]
            #expect(try await business.call("customer.cpin", reference, as: own)["cpin"] == pin)
            let renewed = try await business.call(
                "customer.cpin", ["customerId": id, "rotate": true], as: own)["cpin"]
            #expect(renewed != pin)
            try await business.call("partner.create", ["partnerId": "P2", "name": "Other"], as: .admin)
            for method in ["customer.get", "customer.cpin", "customer.settings"] {
                let foreign = try await business.refusal(method, reference, as: .partner("P2"))
                #expect(foreign?.code == .notFound, "\(method)")
            }
            #expect(try await business.call("customer.list", as: .partner("P2"))["items"] == [])
            #expect(try await business.call("customer.list", as: partner)["items"]?[0]?["customerId"] == id)
        }
    }

    @Test(.requirement("D32", "D41", "D19", "Q9"))
    func `a transfer moves all or none, tells what a dry run would do, and can be undone`() async throws {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM", "5CG6101KLN"])
            let dashboard: JSON = ["customerId": try await customer(business, as: partner)]
            let both: [JSON] = ["5CG6101KLM", "5CG6101KLN"]
            let unknown = move(both + ["5CG6101ZZZ"], from: "unassigned", to: dashboard)
            let refusal = try await business.refusal("device.transfer", unknown, as: partner)
            #expect(refusal?.type == "device.precondition")
            #expect(refusal?.detail?["refused"]?[0] == ["serial": "5CG6101ZZZ", "reason": "not-found"])
            #expect(try await business.unassigned("P1").count == 2, "nothing moved")
            let dry = try await business.call(
                "device.transfer", move(both, from: "unassigned", to: dashboard, ["dryRun": true]), as: partner)
            #expect(dry["moved"] == 2)
            #expect(try await business.unassigned("P1").count == 2, "a dry run moves nothing")

            let moved = try await business.call(
                "device.transfer", move(both, from: "unassigned", to: dashboard), as: partner)
            #expect(moved["moved"] == 2)
            #expect(try await business.wait(for: moved["runId"]) == .completed)
            #expect(try await business.unassigned("P1") == [])
            #expect(try await business.trace("5CG6101KLM", as: partner) == "already-in-customer-dashboard")
            let id = try #require(moved["transferId"])
            let back = try await business.call("device.undoTransfer", ["transferId": id], as: partner)
            #expect(back["moved"] == 2)
            #expect(try await business.unassigned("P1").count == 2)
            let twice = try await business.refusal("device.undoTransfer", ["transferId": id], as: partner)
            #expect(twice?.type == "device.precondition")
            let foreign = try await business.refusal("device.undoTransfer", ["transferId": id], as: .partner("P2"))
            #expect(foreign?.code == .notFound)
        }
    }

    @Test(.requirement("D5", "Q9"))
    func `in partial mode what can be moved is moved, and others' PCs look like unknown ones`() async throws {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM"])
            try await stock(business, ["5CG6101KLX"], of: "P2")
            let dashboard: JSON = ["customerId": try await customer(business, as: partner)]
            let answer = try await business.call(
                "device.transfer",
                move(
                    ["5CG6101KLM", "5CG6101KLX", "5CG6101ZZZ", "short"], from: "unassigned", to: dashboard,
                    ["mode": "partial"]), as: partner)
            #expect(answer["moved"] == 1)
            let reasons = (answer["refused"]?.arrayValue ?? []).map { $0["reason"]?.stringValue }
            #expect(reasons == ["not-found", "not-found", "invalid-serial"])
            let many = (0..<3_000).map { JSON.string("UNKNOWN-\($0)") }
            for method in ["device.transfer", "device.enrollMany"] {
                let params: JSON =
                    method == "device.transfer"
                    ? move(many, from: "unassigned", to: dashboard, ["mode": "partial"])
                    : ["customerId": dashboard["customerId"] ?? .null, "serials": .array(many)]
                let long = try await business.call(method, params, as: partner)
                #expect(long["refusedCount"] == 3_000)
                #expect(long.bytes.count < 60_000, "it fits into a line")
            }
            #expect(try await business.unassigned("P2") == ["5CG6101KLX"])
            var unconfirmed = move(["5CG6101KLM"], from: dashboard, to: "unassigned").objectValue ?? [:]
            unconfirmed["possessionConfirmed"] = false
            let refusal = try await business.refusal("device.transfer", .object(unconfirmed), as: partner)
            #expect(refusal?.code == .invalidParams)
        }
    }

    @Test(.requirement("D34", "D35", "D36", "Q5"))
    func `the first covered PC switches alerts on once, and only a covered one`() async throws {
        try await Business.with { business in
            try await stock(
                business, ["5CG6101KLM", "5CG6101KLN", "5CG6101KLP"], covered: ["5CG6101KLN", "5CG6101KLP"])
            let id = try await customer(business, as: partner)
            let off: JSON = ["customerId": id, "selfServiceAlerts": false]
            let early = try await business.call("customer.configure", off, as: partner)
            #expect(early["selfServiceAlerts"] == false)
            #expect(early["warning"] != nil)
            func settings() async throws -> JSON {
                try await business.call("customer.settings", ["customerId": id], as: partner)
            }
            func bring(_ serial: JSON) async throws {
                try await business.call(
                    "device.transfer", move([serial], from: "unassigned", to: ["customerId": id]), as: partner)
            }
            try await bring("5CG6101KLM")
            #expect(try await settings()["selfServiceAlerts"] == false, "a PC without cover changes nothing")
            try await bring("5CG6101KLN")
            #expect(try await settings()["selfServiceAlerts"] == true)
            #expect(try await settings()["firstCoveredAt"] != nil)
            #expect(try await business.call("customer.configure", off, as: partner)["warning"] == nil)
            try await bring("5CG6101KLP")
            #expect(try await settings()["selfServiceAlerts"] == false, "the second covered PC changes nothing")
            let events = try await business.count(
                SQLStatement("select count(*) from holdfast.event where type = 'selfService.reenabled'"))
            #expect(events == 1)
        }
    }

    @Test(.requirement("D35", "Q5")) func `a PC that gains its cover in a dashboard is the first covered one`()
        async throws
    {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM"])
            let id = try await customer(business, as: partner)
            try await business.call(
                "device.transfer", move(["5CG6101KLM"], from: "unassigned", to: ["customerId": id]), as: partner)
            _ = try await business.report(
                "csv", "reseller_id,product_number,serial_number,quantity\nP1,U04RYE,5CG6101KLM,1\n", as: distributor)
            let settings = try await business.call("customer.settings", ["customerId": id], as: partner)
            #expect(settings["firstCoveredAt"] != nil)
        }
    }

    @Test(.requirement("D32", "Q8"))
    func `a PC joins by the PIN, whoever sold it, and its first partner learns only that it is gone`()
        async throws
    {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM"], covered: ["5CG6101KLM"])
            try await business.certify("P2")
            let id = try await customer(business, as: .partner("P2"))
            let pin = try #require(
                try await business.call("customer.cpin", ["customerId": id], as: .partner("P2"))["cpin"])
            let device = Principal.device("5CG6101KLM")
            let other = try await business.refusal(
                "device.enroll", ["cpin": pin, "serial": "5CG6101KLN"], as: device)
            #expect(other?.code == .forbidden)
            let joined = try await business.call("device.enroll", ["cpin": pin, "serial": "5CG6101KLM"], as: device)
            #expect(joined == ["customerId": id, "firstCovered": true])
            let again = try await business.call("device.enroll", ["cpin": pin, "serial": "5CG6101KLM"], as: device)
            #expect(again == ["customerId": id, "firstCovered": false])
            #expect(try await business.unassigned("P1") == [])
            let gone = try await business.refusal("device.get", ["serial": "5CG6101KLM"], as: partner)
            #expect(gone?.code == .notFound)
            #expect(try await business.trace("5CG6101KLM", as: partner) == "under-review enrolled-elsewhere")
            #expect(
                try await business.call("device.get", ["serial": "5CG6101KLM"], as: .partner("P2"))["place"]
                    == ["customerId": id])
            let list = try await business.call("device.list", as: .customer(id.stringValue ?? ""))
            #expect(list["items"]?[0]?["serial"] == "5CG6101KLM")
        }
    }

    @Test(.requirement("Q6")) func `wrong PINs are refused, and after twenty a minute not even looked at`() async throws
    {
        try await Business.with { business in
            try await stock(business, [])
            let id = try await customer(business, as: partner)
            let pin = try #require(try await business.call("customer.cpin", ["customerId": id], as: partner)["cpin"])
            let device = Principal.device("5CG6101KLM")
            for _ in 0..<20 {
                let wrong = try await business.refusal(
                    "device.enroll", ["cpin": "BBBBB-BBBBB", "serial": "5CG6101KLM"], as: device)
                #expect(wrong?.type == "auth.failed")
            }
            let right: JSON = ["cpin": pin, "serial": "5CG6101KLM"]
            let limited = try await business.refusal("device.enroll", right, as: device)
            #expect(limited?.code == .rateLimited)
            let later = Timestamp.now + .seconds(61)
            #expect(try await business.call("device.enroll", right, as: device, at: later)["customerId"] == id)
        }
    }

    @Test(.requirement("D32")) func `a list enrols what is in the holding tenant of the customer's own partner`()
        async throws
    {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM", "5CG6101KLN"])
            try await stock(business, ["5CG6101KLX"], of: "P2")
            let id = try await customer(business, as: partner)
            let answer = try await business.call(
                "device.enrollMany",
                ["customerId": id, "serials": ["5CG6101KLM", "5CG6101KLX", "5CG6101ZZZ", "5CG6101KLM"]],
                as: .customer(id.stringValue ?? ""))
            #expect(answer["accepted"] == 2, "a serial number that is listed twice joins once and is accepted twice")
            #expect(
                (answer["refused"]?.arrayValue ?? []).map { $0["reason"]?.stringValue } == ["not-found", "not-found"])
            #expect(try await business.wait(for: answer["runId"]) == .completed)
            #expect(try await business.unassigned("P1") == ["5CG6101KLN"])
            #expect(try await business.unassigned("P2") == ["5CG6101KLX"])
        }
    }

    /// The database itself refuses what the rules never ask for.
    @Test(.requirement("D4", "D6"))
    func `no statement can put a PC into two places or give a partner a second holding tenant`() async throws {
        try await Business.with { business in
            try await stock(business, ["5CG6101KLM"])
            try await business.certify("P2")
            let id = try await customer(business, as: .partner("P2"))
            let foreign = try #require(id.stringValue.flatMap { UUID(uuidString: $0) })
            // With the constraint that refuses it; a history is refused by a trigger.
            let statements: [(SQLStatement, String?)] = [
                (SQLStatement("update holding.device set customer_id = $1", .uuid(foreign)), "device_dashboard_known"),
                (SQLStatement("update holding.device set partner_id = 'nobody'"), "device_holding_tenant_known"),
                (
                    SQLStatement("insert into holding.holding_tenant (partner_id, created_at) values ('P1', now())"),
                    "holding_tenant_pkey"
                ),
                (
                    SQLStatement(
                        """
                        insert into holding.device (serial, product_number, since)
                        values ('5CG6101KLM', '9G2J7ET', now())
                        """), "device_unique"
                ),
                (
                    SQLStatement(
                        """
                        insert into holding.device (serial, partner_id, since)
                        values ('5CG6101KLX', 'nobody', now())
                        """), "device_holding_tenant_known"
                ),
                (
                    SQLStatement(
                        """
                        insert into holding.device_history (device_id, at, what, reference)
                        values (0, now(), 'reported', 'nothing')
                        """), "device_history_device_known"
                ),
                (
                    SQLStatement(
                        """
                        insert into sell_through.report_item (report_id, item, outcome, code, message)
                        values (gen_random_uuid(), 1, 'accepted', '', '')
                        """), "report_item_report_known"
                ),
                (SQLStatement("delete from holding.device_history"), nil),
                (SQLStatement("delete from holding.device"), nil),
                (SQLStatement("delete from holding.holding_tenant"), nil),
                (SQLStatement("delete from sell_through.report"), nil),
            ]
            for (statement, constraint) in statements {
                let error = await #expect(throws: SQLError.self, "\(statement)") {
                    try await business.database.administer(statement)
                }
                #expect(error?.constraint == constraint, "\(statement)")
                #expect(error?.sqlState == "P0001" || constraint != nil, "\(statement)")
            }
        }
    }
}
