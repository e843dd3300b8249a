import Foundation
import WorkflowKit

/// A fault, its pop-up, and the repair.
extension Story {
    func aRepair() async throws {
        stage.act("A fault, and its repair by the partner")
        let serial = cast["5CG6081BCD"]
        let device = players.device(serial)
        stage.step("The PC \(serial) reports that its battery has to be replaced.")
        let raised = try await stage.call(
            "alert.raise",
            [
                "serial": .string(serial), "type": "battery-replace", "component": ["kind": "battery"],
                "evidence": ["fullChargeCapacity": 21, "designCapacity": 100],
            ], as: device)
        let popup = try await stage.firstEvent("alert.popup", as: device)
        stage.note(
            "On its screen: \(popup["texts"]?["en"]?["title"]?.plain ?? ""). \(popup["texts"]?["en"]?["body"]?.plain ?? "")"
        )
        stage.note("In Italian: \(popup["texts"]?["it"]?["title"]?.plain ?? "").")
        let alerts = try await stage.call("alert.list", as: players.partner)
        stage.note(
            "The partner sees \(alerts.list("alertId").count) alerts: those of its holding tenant are the end user's.")
        let alert = raised["alertId"] ?? .null
        let form: JSON = [
            "alertId": alert, "contact": ["name": "Mario Rossi", "phone": "+39 011 5550123", "language": "it"],
        ]
        stage.step("Without View there is no case:")
        stage.note(try await stage.refusal("repair.submit", form, as: device))
        stage.step("The end user clicks View and submits.")
        try await stage.call("alert.view", ["alertId": alert], as: device)
        let made = try await stage.call("repair.submit", form, as: device)
        let reference: JSON = ["caseId": made["caseId"] ?? .null]
        stage.note(
            "Routed to \(made["routedTo"]?.plain ?? ""), and \(made["state"]?.plain ?? ""): no CSDP account is linked.")
        stage.step("The partner links its CSDP account, and the case is handed to it.")
        try await stage.call("partner.configure", ["csdpAccount": "CSDP-4711"], as: players.partner)
        let linked = try await stage.call("repair.get", reference, as: players.partner)
        stage.note("\(linked["state"]?.plain ?? "") under the reference \(linked["reference"]?.plain ?? "").")
        let contact = "\(linked["contact"]?["name"]?.plain ?? ""), \(linked["contact"]?["phone"]?.plain ?? "")"
        stage.note("It reads what is wrong (\(linked["symptom"]?["type"]?.plain ?? "")) and whom to call (\(contact)).")
        try await carryOut(reference, serial)
    }

    private func carryOut(_ reference: JSON, _ serial: String) async throws {
        let id = reference["caseId"] ?? .null
        let now = Timestamp(microsecondsSince1970: Int64(Date().timeIntervalSince1970 * 1_000_000))
        stage.step("The partner accepts, orders the part, schedules, starts and resolves.")
        try await stage.call("repair.accept", reference, as: players.partner)
        try await stage.call(
            "repair.recordOrder",
            [
                "caseId": id, "orderNumber": .string("OR\(cast[Cast.partner])"), "serial": .string(serial),
                "orderedAt": .string(now.rfc3339()),
            ], as: players.partner)
        let day = now + .seconds(86_400)
        try await stage.call(
            "repair.schedule",
            ["caseId": id, "at": .string(day.rfc3339()), "until": .string((day + .seconds(7_200)).rfc3339())],
            as: players.partner)
        try await stage.call("repair.start", reference, as: players.partner)
        try await stage.call(
            "repair.resolve", ["caseId": id, "code": "part-replaced", "notes": "new battery"], as: players.partner)
        stage.step("The end user is content and closes the case; it would close by itself after 14 days.")
        let closed = try await stage.call("repair.close", reference, as: players.device(serial))
        let steps = (closed["history"]?.arrayValue ?? []).compactMap { $0["step"]?.stringValue }
        stage.note("Its life: \(steps.joined(separator: ", ")).")
    }

    func everythingAgain() async throws {
        stage.act("Everything may come twice")
        stage.step("The distributor sends report-867.x12 once more, by mistake.")
        let (_, isReplayed) = try await stage.report("report-867.x12", "x12", as: players.distributor)
        stage.note(isReplayed ? "The same report answers; nothing was applied again." : "It was taken as a new one.")
        let tenant = try await stage.call("tenant.get", as: players.partner)
        stage.note("\(tenant["unassignedCount"]?.plain ?? "") PCs are on Unassigned Devices, as before.")
    }
}
