import BusinessHistory
import RequirementTags
import Testing
import WorkflowKit

/// Who is told of an alert, who may make a case of it, and where the case goes; on the database.
@Suite(.serialized) struct AlertTableTests {
    enum Place: String, Sendable { case holdingTenant, dashboard }

    struct Row: Sendable {
        var place: Place
        var isCovered: Bool
        /// The self-service switch of the dashboard.
        var isOn = true
        var isServiceDelivery: Bool
        var popup: Bool
        /// Kinds of callers that may submit.
        var submitters: Set<String>
        var goesTo: String?
    }

    static let table: [Row] = [
        Row(
            place: .holdingTenant, isCovered: true, isServiceDelivery: false, popup: true, submitters: ["device"],
            goesTo: "hp-customer-support"),
        Row(
            place: .holdingTenant, isCovered: true, isServiceDelivery: true, popup: true, submitters: ["device"],
            goesTo: "csdp"),
        Row(place: .holdingTenant, isCovered: false, isServiceDelivery: false, popup: false, submitters: []),
        Row(
            place: .dashboard, isCovered: true, isServiceDelivery: false, popup: true,
            submitters: ["device", "customer", "partner"], goesTo: "hp-customer-support"),
        Row(
            place: .dashboard, isCovered: true, isServiceDelivery: true, popup: true,
            submitters: ["device", "customer", "partner"], goesTo: "csdp"),
        Row(
            place: .dashboard, isCovered: true, isOn: false, isServiceDelivery: false, popup: false,
            submitters: ["customer", "partner"], goesTo: "hp-customer-support"),
        Row(
            place: .dashboard, isCovered: true, isOn: false, isServiceDelivery: true, popup: false,
            submitters: ["customer", "partner"], goesTo: "csdp"),
        Row(place: .dashboard, isCovered: false, isServiceDelivery: false, popup: false, submitters: []),
        Row(place: .dashboard, isCovered: false, isServiceDelivery: true, popup: false, submitters: []),
    ]

    @Test(.requirement("D3", "D25", "D26", "D27", "D28", "D30", "D31", "D33", "D37", "D38"))
    func `the decision table holds for every place, cover, switch and partner`() async throws {
        try await Business.with { business in
            for partner in ["PRM", "PSD"] { try await business.certify(partner) }
            try await business.certifyForServiceDelivery("PSD", account: "CSDP-1")
            for (index, row) in Self.table.enumerated() {
                // A PC for each kind of caller that tries to submit, so that no case is in the way of the next.
                for (number, kind) in ["device", "customer", "partner"].enumerated() {
                    try await check(row, index, kind, "5CG6101K\(index)\(number)", on: business)
                }
            }
        }
    }

    private func check(
        _ row: Row, _ index: Int, _ kind: String, _ serial: String, on business: Business
    ) async throws {
        let partner = row.isServiceDelivery ? "PSD" : "PRM"
        try await business.sell([serial], covered: row.isCovered ? [serial] : [], to: partner)
        var customer: JSON?
        if row.place == .dashboard {
            let id = try await business.customer(of: partner)
            try await business.assign([serial], to: id, of: partner)
            try await business.call(
                "customer.configure", ["customerId": id, "selfServiceAlerts": .bool(row.isOn)],
                as: .partner(partner))
            customer = id
        }
        let raised = try await business.raise(serial)
        #expect(raised["popup"] == .bool(row.popup), "row \(index)")
        #expect(raised["state"] == (row.popup ? "raised" : "suppressed"), "row \(index)")
        let alert: JSON = ["alertId": raised["alertId"] ?? .null]
        for (caller, sees) in [(Principal.partner(partner), row.place == .dashboard), (.partner("P9"), false)] {
            let listed = try await business.call("alert.list", ["serial": .string(serial)], as: caller)
            #expect(listed["items"]?.arrayValue?.isEmpty == !sees, "row \(index), \(caller.id)")
        }
        let submitter: Principal
        switch kind {
        case "device":
            submitter = .device(serial)
            let refusal = try await business.refusal("alert.view", alert, as: submitter)
            #expect((refusal == nil) == row.popup, "row \(index)")
        case "customer": submitter = .customer(customer?.stringValue ?? "C0")
        default: submitter = .partner(partner)
        }
        let submission = business.submission(raised["alertId"])
        guard row.submitters.contains(kind) else {
            let refusal = try await business.refusal("repair.submit", submission, as: submitter)
            #expect(
                refusal?.code == .precondition || refusal?.type == "alert.notFound", "row \(index), \(kind)")
            return
        }
        let made = try await business.call("repair.submit", submission, as: submitter)
        #expect(made["routedTo"]?.stringValue == row.goesTo, "row \(index), \(kind)")
    }

    @Test(.requirement("Q10"))
    func `every type of the catalogue pops up or is only listed, and leads to a case or does not`() async throws {
        let table: [(type: String, popup: Bool, repairable: Bool)] = [
            ("battery-replace", true, true), ("storage-predicted-failure", true, true),
            ("thermal-fan-failure", true, true), ("memory-error", true, true), ("bios-corrupt-recovered", true, true),
            ("os-crash", true, false), ("bios-outdated", true, false), ("thermal-grade", true, false),
            ("warranty-or-carepack-expiring", false, false), ("device-silent", false, false),
        ]
        try await Business.with { business in
            try await business.certify("P1")
            let serial = "5CG6101KLM"
            try await business.sell([serial], covered: [serial], to: "P1")
            for row in table {
                let raised = try await business.raise(serial, row.type)
                #expect(raised["popup"] == .bool(row.popup), "\(row.type)")
                let alert: JSON = ["alertId": raised["alertId"] ?? .null]
                let view = try await business.refusal("alert.view", alert, as: .device(serial))
                #expect((view == nil) == row.popup, "\(row.type)")
                let refusal = try await business.refusal(
                    "repair.submit", business.submission(raised["alertId"]), as: .device(serial))
                #expect((refusal == nil) == row.repairable, "\(row.type)")
            }
            let listed = try await business.call("alert.list", as: .device(serial))
            #expect(listed["items"]?.arrayValue?.count == table.count, "all are listed")
        }
    }

    @Test(.requirement("Q18")) func `who clicked View before the PC came to where pop-ups are off may still submit`()
        async throws
    {
        try await Business.with { business in
            try await business.certify("P1")
            let pcs = ["5CG6101KLM", "5CG6101KLN", "5CG6101KLP"]
            try await business.sell(pcs, covered: pcs, to: "P1")
            let customer = try await business.customer(of: "P1")
            // The first covered PC switches alerts on; after it the switch stays off.
            try await business.assign([pcs[2]], to: customer, of: "P1")
            try await business.call(
                "customer.configure", ["customerId": customer, "selfServiceAlerts": false], as: .partner("P1"))
            let viewed = try await business.raise(pcs[0])
            try await business.call("alert.view", ["alertId": viewed["alertId"] ?? .null], as: .device(pcs[0]))
            try await business.assign([pcs[0], pcs[1]], to: customer, of: "P1")
            let made = try await business.call(
                "repair.submit", business.submission(viewed["alertId"]), as: .device(pcs[0]))
            #expect(made["routedTo"] == "hp-customer-support")
            let late = try await business.raise(pcs[1])
            #expect(late["popup"] == false, "the switch is off where the PC is now")
            let refusal = try await business.refusal(
                "alert.view", ["alertId": late["alertId"] ?? .null], as: .device(pcs[1]))
            #expect(refusal?.code == .conflict)
        }
    }

    @Test func `a dismissed or cleared alert is over, and the same fault is a new one`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            let serial = "5CG6101KLM"
            try await business.sell([serial], covered: [serial], to: "P1")
            var seen: [JSON?] = []
            for step in ["alert.dismiss", "alert.clear"] {
                let raised = try await business.raise(serial)
                #expect(!seen.contains(raised["alertId"]))
                seen.append(raised["alertId"])
                let alert: JSON = ["alertId": raised["alertId"] ?? .null]
                let ended = try await business.call(step, alert, as: .device(serial))
                #expect(ended["state"] == (step == "alert.dismiss" ? "dismissed" : "cleared"))
                let refusal = try await business.refusal(
                    "repair.submit", business.submission(raised["alertId"]), as: .device(serial))
                #expect(refusal?.code == .precondition)
                #expect(try await business.end(of: "support-cases.alert-expiry", key: raised["alertId"]) == .completed)
            }
            #expect(try await business.events("alert.cleared").count == 1)
        }
    }
}
