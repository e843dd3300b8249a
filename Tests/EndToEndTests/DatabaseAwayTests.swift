import Foundation
import Glibc
import Testing
import WireClient
import WorkflowKit

/// A node whose PostgreSQL goes away and comes back.
@Suite struct DatabaseAwayTests {
    @Test func `while the database is away nothing is applied and everything is told so`() async throws {
        try await Command.withFolder { folder in
            try await ServedNode.serving(["--data-dir", folder, "--canary"]) { node in
                let port = try await node.port()
                let token = try String(contentsOfFile: folder + "/admin.token", encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                let client = try await TestClient(port: port)
                _ = try await client.call("session.open", ["token": .string(token)])
                let before = try await client.call(
                    "run.start", ["workflow": "canary.steps", "input": ["steps": 1], "idempotencyKey": "before"])
                let run = try #require(before["result"]?["runId"])

                let requests: [(method: String, params: JSON)] = [
                    (
                        "run.start",
                        [
                            "workflow": "canary.steps", "input": ["steps": 1], "key": "away",
                            "idempotencyKey": "away",
                        ]
                    ),
                    ("run.get", ["runId": run]), ("run.list", [:]), ("run.history", ["runId": run]),
                    ("run.wait", ["runId": run, "timeoutMs": 10]), ("run.explain", ["runId": run]),
                    ("run.signal", ["workflow": "canary.steps", "key": "away", "name": "s"]),
                    ("run.fork", ["runId": run, "fromStep": 1]),
                    ("schedule.list", [:]), ("schedule.remove", ["name": "n"]),
                    ("canary.balance", ["account": "a"]), ("event.subscribe", ["types": ["*"], "name": "n"]),
                    ("event.subscriptions", [:]), ("partner.get", ["partnerId": "P-1"]),
                ]
                var clients: [TestClient] = []
                for _ in requests {
                    let client = try await TestClient(port: port)
                    _ = try await client.call("session.open", ["token": .string(token)])
                    clients.append(client)
                }

                // Hidden, so that the node cannot start it again before the test has seen what it wants to see.
                let data = folder + "/postgres/data"
                let server = try #require(Command.serverProcess(dataDirectory: folder))
                try FileManager.default.moveItem(atPath: data, toPath: data + ".hidden")
                kill(server, SIGKILL)
                try await node.says("could not start PostgreSQL again")

                // Each on a connection of its own, made before.
                let answers = try await withThrowingTaskGroup(of: (String, JSON).self) { group in
                    for (request, client) in zip(requests, clients) {
                        group.addTask { (request.method, try await client.call(request.method, request.params)) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count == requests.count)
                for (method, answer) in answers {
                    #expect(answer["error"]?["code"] == -32006, "\(method): \(answer.text)")
                    #expect(answer["error"]?["data"]?["type"] == "unavailable")
                    #expect(answer["error"]?["data"]?["retryable"] == true)
                    #expect(answer["error"]?["data"]?["applied"] == "no")
                }
                #expect(try await client.call("system.ping")["result"] != nil)
                let other = try await TestClient(port: port)
                let refused = try await other.call("session.open", ["token": .string(token)])
                #expect(refused["error"]?["code"] == -32006)
                // Not closed by the refusal: the token was not judged.
                #expect(try await other.call("system.ping")["result"] != nil)

                try FileManager.default.moveItem(atPath: data + ".hidden", toPath: data)
                try await node.says("started PostgreSQL again")
                let later = try await TestClient(port: port)
                var opened = try await later.call("session.open", ["token": .string(token)])
                while opened["error"]?["code"] == -32006 {
                    opened = try await later.call("session.open", ["token": .string(token)])
                }
                #expect(opened["result"] != nil)
                var again = try await later.call(
                    "run.start", ["workflow": "canary.steps", "input": ["steps": 1], "idempotencyKey": "before"])
                while again["error"]?["code"] == -32006 {
                    again = try await later.call(
                        "run.start", ["workflow": "canary.steps", "input": ["steps": 1], "idempotencyKey": "before"])
                }
                #expect(again["result"]?["runId"] == run)
                #expect(again["result"]?["replayed"] == true)
                #expect(try await later.call("run.list", ["key": "away"])["result"]?["items"] == [])
                let ended = try await later.call("run.wait", ["runId": run, "timeoutMs": 60_000])
                #expect(ended["result"]?["status"] == "completed")
            }
        }
    }
}
