import Foundation
import RequirementTags
import Testing
import WireClient
import WorkflowKit

/// What becomes of an alert when its pop-up comes to the PC.
@Suite struct PopUpTests {
    private func client(_ folder: String, _ port: Int, _ kind: String...) async throws -> TestClient {
        let token = try await Command.run(["token", "create", "--data-dir", folder, "--kind"] + kind).output
        let client = try await TestClient(port: port)
        let opened = try await client.call(
            "session.open", ["token": .string(token.trimmingCharacters(in: .whitespacesAndNewlines))])
        #expect(opened["result"] != nil)
        return client
    }

    /// One PC with a care pack in the holding tenant of a certified partner.
    private func stock(_ folder: String, _ port: Int, _ admin: TestClient) async throws {
        let university = try await client(folder, port, "university")
        _ = try await admin.call("partner.create", ["partnerId": "1001", "name": "Rivenditore Beta"])
        let homePage: JSON = "https://learn.hpuniversity.example"
        _ = try await university.call("learner.put", ["learnerId": "UV1", "homePage": homePage, "partnerId": "1001"])
        let completed = try await university.call(
            "course.complete",
            [
                "statement": [
                    "id": "6f0d4d7e-3f0a-4a3e-9b58-000000001001",
                    "actor": ["account": ["homePage": homePage, "name": "UV1"]],
                    "verb": ["id": "http://adlnet.gov/expapi/verbs/passed"],
                    "object": ["id": "https://learn.hpuniversity.example/courses/000111475"],
                    "timestamp": "2026-03-05T09:12:40Z",
                ]
            ])
        let run = try #require(completed["result"]?["runId"])
        _ = try await admin.call("run.wait", ["runId": run, "timeoutMs": 60_000])
        let reporter = try await client(folder, port, "reporter", "--reporter", "DISTIT01")
        let submitted = try await reporter.call(
            "report.submit",
            [
                "format": "csv",
                "content": """
                reseller_id,product_number,serial_number,quantity
                1001,9G2J7ET,5CG6081BCD,1
                1001,U04RYE,5CG6081BCD,1

                """,
            ])
        let report = try #require(submitted["result"]?["reportId"])
        let processed = try await reporter.call("report.get", ["reportId": report, "waitMs": 60_000])
        #expect(processed["result"]?["counts"]?["accepted"] == 2)
    }

    @Test(.requirement("D26"))
    func `an alert is delivered once the PC's session was sent the pop-up, and not before`() async throws {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder])
            let port = try await node.port()
            let admin = try await client(folder, port, "admin")
            try await stock(folder, port, admin)
            let raised = try await admin.call("alert.raise", ["serial": "5CG6081BCD", "type": "battery-replace"])
            #expect(raised["result"]?["popup"] == true)
            let alert = try #require(raised["result"]?["alertId"])
            func state() async throws -> String? {
                let list = try await admin.call("alert.list", ["serial": "5CG6081BCD"])
                return list["result"]?["items"]?.arrayValue?.first?["state"]?.stringValue
            }
            #expect(try await state() == "raised")
            let pc = try await client(folder, port, "device", "--serial", "5CG6081BCD")
            let subscribed = try await pc.call(
                "event.subscribe", ["types": ["alert.popup"], "after": "beginning"])
            #expect(subscribed["result"] != nil)
            #expect(try await pc.next()["params"]?["data"]?["alertId"] == alert)
            // The state follows the event, in a transaction of its own.
            while try await state() == "raised" {}
            #expect(try await state() == "delivered")
            let viewed = try await pc.call("alert.view", ["alertId": alert])
            #expect(viewed["result"]?["alert"]?["state"] == "viewed")
            let audit = try await Command.run(["audit", "verify", "--data-dir", folder])
            #expect(audit.status == 0, "\(audit.errors)")
            #expect(await node.stop() == 0)
        }
    }
}
