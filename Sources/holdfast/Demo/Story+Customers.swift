import WorkflowKit

/// A customer's dashboard, transfers, and a request to the support team.
extension Story {
    /// The customer's id, as it is named in parameters.
    func aDashboard() async throws -> JSON {
        stage.act("A customer's dashboard without pop-ups")
        stage.step("The partner creates a dashboard for Studio Gamma and invites its IT admin.")
        let created = try await stage.call(
            "customer.create",
            [
                "name": "Studio Gamma", "plan": "premium-plus",
                "admin": ["firstName": "Anna", "lastName": "Verdi", "email": "anna.verdi@gamma.example"],
            ], as: players.partner)
        let customer: JSON = ["customerId": created["customerId"] ?? .null]
        let pending = try await stage.call("customer.get", customer, as: players.partner)
        let blocked = (pending["blocked"]?.arrayValue ?? []).map(\.plain).joined(separator: ", ")
        stage.note("\(pending["status"]?.plain ?? ""); until it is accepted these have to wait: \(blocked).")
        stage.step("The IT admin accepts.")
        let accepted = try await stage.call(
            "customer.accept", ["invitation": created["invitation"] ?? .null], as: nil)
        let admin = accepted["token"]?.stringValue ?? ""
        stage.step("The partner switches self-service alerts off, too early:")
        var off = customer.objectValue ?? [:]
        off["selfServiceAlerts"] = false
        let early = try await stage.call("customer.configure", .object(off), as: players.partner)
        stage.note(early["warning"]?.plain ?? "")
        try await enrol(customer, admin)
        stage.step("The partner switches them off again, and now it stays.")
        try await stage.call("customer.configure", .object(off), as: players.partner)
        let serial = cast["5CG6101KLM"]
        let raised = try await stage.call(
            "alert.raise", ["serial": .string(serial), "type": "storage-predicted-failure"],
            as: players.device(serial))
        stage.step("The PC reports a failing drive: pop-up \(raised["popup"]?.plain ?? "").")
        let made = try await stage.call(
            "repair.submit", ["alertId": raised["alertId"] ?? .null, "contact": ["name": "Anna Verdi"]], as: admin)
        stage.note("The IT admin asks for the repair on the dashboard; it goes to \(made["routedTo"]?.plain ?? "").")
        return customer
    }

    private func enrol(_ customer: JSON, _ admin: String) async throws {
        let serial = cast["5CG6101KLM"]
        let pin = try await stage.call("customer.cpin", customer, as: admin)
        stage.step("The PC \(serial) joins with the company PIN \(pin["cpin"]?.plain ?? "").")
        let enrolled = try await stage.call(
            "device.enroll", ["cpin": pin["cpin"] ?? .null, "serial": .string(serial)], as: players.device(serial))
        stage.note("The first covered PC of the dashboard: \(enrolled["firstCovered"]?.plain ?? "").")
        let settings = try await stage.call("customer.settings", customer, as: players.partner)
        stage.note("It has switched self-service alerts on: \(settings["selfServiceAlerts"]?.plain ?? "").")
    }

    func transfers(_ customer: JSON) async throws {
        stage.act("Transfers, and back again")
        let serials = ["5CG6091DFG", "5CG6091DFH"].map { JSON.string(cast[$0]) }
        var move: JSONObject = [
            "serials": .array(serials), "from": "unassigned", "to": customer, "possessionConfirmed": true,
            "dryRun": true,
        ]
        let dry = try await stage.call("device.transfer", .object(move), as: players.partner)
        stage.step("The partner tries what a transfer would do: \(dry["moved"]?.plain ?? "") PCs would move.")
        move["dryRun"] = nil
        let moved = try await stage.call("device.transfer", .object(move), as: players.partner)
        stage.step("It transfers them: \(moved["moved"]?.plain ?? "") moved.")
        let undone = try await stage.call(
            "device.undoTransfer", ["transferId": moved["transferId"] ?? .null], as: players.partner)
        stage.step("It was the wrong customer; one call takes it back: \(undone["moved"]?.plain ?? "") moved.")
        move["serials"] = .array(serials + [.string(cast["5CG6111ZZZ"])])
        stage.step("With a PC that it does not have, nothing moves:")
        stage.note(try await stage.refusal("device.transfer", .object(move), as: players.partner))
    }

    func supportRequest() async throws {
        stage.act("PCs that are missing")
        let names = ["5CG6101KLN", "5CG6101KLM", "5CG6080XYZ", "5CG6111ZZZ"]
        stage.step("The partner opens a support request with four serial numbers, and has an answer to each at once:")
        let opened = try await stage.call(
            "support.open",
            [
                "category": "unassigned-devices-missing", "subject": "PC rivenduti non presenti",
                "serials": .array(names.map { .string(cast[$0]) }),
                "evidence": [["type": "INVOICE", "reference": "FT-2026-004588"]],
            ], as: players.partner)
        tellSerials(opened)
        let request: JSON = ["requestId": opened["requestId"] ?? .null]
        func with(_ more: JSONObject) -> JSON {
            var params = request.objectValue ?? [:]
            for member in more { params[member.key] = member.value }
            return .object(params)
        }
        stage.step("HP's support asks for the invoice, the partner answers, and HP attributes the last one by hand.")
        try await stage.call(
            "support.requestInfo", with(["message": "Please name the invoice of the last one."]), as: players.support)
        try await stage.call("support.reply", with(["message": "FT-2026-004588, line 9."]), as: players.partner)
        let attributed = try await stage.call(
            "support.attribute",
            with(["serial": .string(cast["5CG6111ZZZ"]), "partnerId": .string(partner)]), as: players.support)
        tellSerials(attributed)
        try await stage.call(
            "support.resolve", with(["resolution": "All four are accounted for."]), as: players.support)
        let closed = try await stage.call("support.close", request, as: players.partner)
        stage.step("Resolved, and \(closed["state"]?.plain ?? "") by the partner.")
        try await showPage()
    }

    private func tellSerials(_ request: JSON) {
        for entry in request["serials"]?.arrayValue ?? [] {
            let detail = entry["detail"]?.stringValue.map { " (\($0))" } ?? ""
            stage.note("\(entry["serial"]?.plain ?? ""): \(entry["outcome"]?.plain ?? "")\(detail)")
        }
    }
}
