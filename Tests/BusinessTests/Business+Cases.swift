import BusinessHistory
import Foundation
import Postgres
import WorkflowEngine
import WorkflowKit

/// What tests of alerts and cases begin with.
extension Business {
    /// PCs that were sold to the partner; those of `covered` with a care pack.
    func sell(_ serials: [String], covered: [String] = [], to partner: String) async throws {
        var text = "reseller_id,product_number,serial_number,quantity\n"
        for serial in serials { text += "\(partner),9G2J7ET,\(serial),1\n" }
        for serial in covered { text += "\(partner),U04RYE,\(serial),1\n" }
        let report = try await report("csv", text, as: .reporter("DISTIT01"))
        guard report["status"] == "processed" else { throw RPCError.internalError }
    }

    /// The courses of the second track, completed by the partner's learner.
    func certifyForServiceDelivery(_ partner: String, account: String?) async throws {
        for course in ["0001114953", "0001114825"] {
            let result = try await call(
                "course.complete",
                [
                    "statement": [
                        "id": .string(UUID().uuidString),
                        "actor": [
                            "account": [
                                "homePage": "https://learn.hpuniversity.example", "name": .string("UV\(partner)"),
                            ]
                        ],
                        "verb": ["id": "http://adlnet.gov/expapi/verbs/passed"],
                        "object": ["id": .string("https://learn.hpuniversity.example/courses/\(course)")],
                        "timestamp": "2026-03-05T09:12:40Z",
                    ]
                ], as: .university)
            if result["runId"] != nil { _ = try await wait(for: result["runId"]) }
        }
        if let account {
            try await call("partner.configure", ["csdpAccount": .string(account)], as: .partner(partner))
        }
    }

    /// A fault of the PC, reported by the PC itself.
    @discardableResult
    func raise(_ serial: String, _ type: String = "battery-replace") async throws -> JSON {
        try await call(
            "alert.raise", ["serial": .string(serial), "type": .string(type)], as: .device(serial))
    }

    /// The fault, View, and the submitted case.
    func submitCase(for serial: String) async throws -> JSON {
        let raised = try await raise(serial)
        try await call("alert.view", ["alertId": raised["alertId"] ?? .null], as: .device(serial))
        return try await call("repair.submit", submission(raised["alertId"]), as: .device(serial))
    }

    func submission(_ alert: JSON?) -> JSON {
        ["alertId": alert ?? .null, "contact": ["name": "Mario Rossi", "language": "it"]]
    }

    /// Takes steps of a case, each as its party.
    func take(_ steps: [String], of caseID: JSON?, as caller: Principal) async throws {
        for step in steps {
            var params: JSONObject = ["caseId": caseID ?? .null]
            if step == "schedule" { params["at"] = "2026-12-01T09:00:00.000Z" }
            if step == "resolve" { (params["code"], params["notes"]) = ("replaced", "new battery") }
            if step == "reject" { params["reason"] = "not covered" }
            try await call("repair.\(step)", .object(params), as: caller)
        }
    }

    /// The data of the events of a type, in the order in which they were told.
    func events(_ type: String) async throws -> [JSON] {
        try await pool.query(
            SQLStatement("select data from holdfast.event where type = $1 order by event_id", .text(type))
        ).map { try JSON(parsing: try $0.bytes("data")) }
    }

    /// Waits for the one run of that workflow and key to end; how it did.
    func end(of workflow: String, key: JSON?) async throws -> RunStatus {
        let rows = try await pool.query(
            SQLStatement(
                """
                select run_id from holdfast.run where workflow = $1 and business_key = $2
                union all
                select run_id from holdfast.run_closed where workflow = $1 and business_key = $2
                """, .text(workflow), .text(key?.stringValue ?? "")))
        guard rows.count == 1 else { preconditionFailure("there are \(rows.count) runs") }
        return try await wait(for: .string(try rows[0].uuid("run_id").uuidString.lowercased()))
    }
}
