import Foundation
import WorkflowKit

/// The story, act by act. What an act leaves behind, the next one finds.
struct Story: Sendable {
    let stage: Stage
    let players: Players

    var cast: Cast { stage.cast }
    var partner: String { cast[Cast.partner] }

    func play() async throws {
        try await beforeTheCourses()
        try await theCourses()
        try await moreReports()
        try await aRepair()
        let customer = try await aDashboard()
        try await transfers(customer)
        try await supportRequest()
        try await everythingAgain()
    }

    // MARK: Sold before the partner is certified

    private func beforeTheCourses() async throws {
        stage.act("A partner and its first report")
        stage.step("The administrator makes the partner \"Rivenditore Beta\" (\(partner)) known.")
        try await stage.call(
            "partner.create", ["partnerId": .string(partner), "name": "Rivenditore Beta"], as: players.admin)
        stage.step("A distributor (\(cast[Cast.distributor])) files report-867.x12: what it sold to the partner.")
        let (report, _) = try await stage.report("report-867.x12", "x12", as: players.distributor)
        stage.note(summary(report))
        for name in ["ta1", "x997", "x824"] where report["acknowledgements"]?[name]?.stringValue != nil {
            let title = name == "ta1" ? "TA1" : name == "x997" ? "997" : "824"
            let bytes = report["acknowledgements"]?[name]?.stringValue?.utf8.count ?? 0
            stage.note("The distributor reads its \(title), an interchange of \(bytes) characters.")
        }
        let tenant = try await stage.call("tenant.get", as: players.partner)
        stage.step("The partner has no holding tenant yet (status \"\(tenant["status"]?.plain ?? "")\").")
        try await trace(["5CG6081BCD"], "It asks where a PC is:")
    }

    // MARK: Courses, certification, holding tenant

    private func theCourses() async throws {
        stage.act("The courses, and with the last one the holding tenant")
        stage.step("HP University links its learner to the partner.")
        try await link(Cast.serviceLearner)
        stage.step("The learner completes the first of two service-delivery courses (an xAPI statement).")
        let first = try await complete("statement-service-delivery-1.json")
        stage.note("\(first["outcome"]?.plain ?? ""); the track is not complete.")
        stage.step("The learner completes the second one.")
        let second = try await complete("statement-service-delivery-2.json")
        let run = try await stage.call(
            "run.wait", ["runId": second["runId"] ?? .null, "timeoutMs": 60_000], as: players.admin)
        stage.note("The workflow \(run["workflow"]?.plain ?? "") has \(run["status"]?.plain ?? ""): certified, and")
        let tenant = try await stage.call("tenant.get", as: players.partner)
        stage.note(
            "the holding tenant is \(tenant["status"]?.plain ?? ""); \(tenant["unassignedCount"]?.plain ?? "") PCs that "
                + "were reported before are in it.")
        try await trace(["5CG6081BCD"], "The partner asks again:")
    }

    private func link(_ learner: String) async throws {
        try await stage.call(
            "learner.put",
            [
                "learnerId": .string(cast[learner]), "homePage": "https://learn.hpuniversity.example",
                "partnerId": .string(partner),
            ], as: players.university)
    }

    /// The sample's statement under an identifier of its own.
    private func complete(_ file: String) async throws -> JSON {
        var statement = try JSON(parsing: Array(try stage.sample(file).utf8)).objectValue ?? [:]
        statement["id"] = .string(UUID().uuidString.lowercased())
        return try await stage.call("course.complete", ["statement": .object(statement)], as: players.university)
    }

    // MARK: Other formats

    private func moreReports() async throws {
        stage.act("Other formats, and what is wrong in them")
        stage.step("The distributor files report-slsrpt.edi, an EDIFACT message.")
        stage.note(summary(try await stage.report("report-slsrpt.edi", "edifact", as: players.distributor).report))
        stage.step("And report-pos.csv, as a spreadsheet wrote it.")
        let (report, _) = try await stage.report("report-pos.csv", "csv", as: players.distributor)
        stage.note(summary(report))
        let lines = try await stage.call(
            "report.lines", ["reportId": report["reportId"] ?? .null], as: players.distributor)
        for line in lines["items"]?.arrayValue ?? [] where line["outcome"] != "accepted" {
            stage.note("line \(line["line"]?.plain ?? ""): \(line["message"]?.plain ?? "")")
        }
        try await showPage()
    }

    func showPage() async throws {
        let page = try await stage.call("device.list", ["place": "unassigned"], as: players.partner)
        stage.step("The partner opens Unassigned Devices:")
        for item in page["items"]?.arrayValue ?? [] {
            let cover = item["entitlement"]?.stringValue ?? "no care pack known"
            stage.note("\(item["serial"]?.plain ?? "")  \(item["productNumber"]?.plain ?? "")  \(cover)")
        }
    }

    func trace(_ names: [String], _ intro: String) async throws {
        let answer = try await stage.call(
            "device.trace", ["serials": .array(names.map { .string(cast[$0]) })], as: players.partner)
        stage.step(intro)
        for item in answer["items"]?.arrayValue ?? [] {
            let detail = item["detail"]?.stringValue.map { " (\($0))" } ?? ""
            stage.note("\(item["serial"]?.plain ?? ""): \(item["outcome"]?.plain ?? "")\(detail)")
            for step in item["steps"]?.arrayValue ?? [] {
                stage.note(
                    "  \(step["at"]?.plain ?? "")  \(step["what"]?.plain ?? "")  \(step["reference"]?.plain ?? "")")
            }
        }
    }

    func summary(_ report: JSON) -> String {
        func count(_ key: String) -> String { report["counts"]?[key]?.plain ?? "?" }
        return "\(report["status"]?.plain ?? ""): \(count("devices")) PCs; \(count("accepted")) accepted, "
            + "\(count("pending")) waiting for a certification, \(count("rejected")) rejected, "
            + "\(count("warnings")) warnings."
    }
}
