import Foundation
import Glibc
import Synchronization
import Testing
import WireClient
import WorkflowKit

/// A node that is told to stop while clients are at work.
@Suite struct DrainTests {
    /// Runs that were asked for, by their idempotency keys; nil until one was acknowledged.
    private final class Asked: Sendable {
        private let runs = Mutex<[String: String?]>([:])
        private let threshold: Int
        private let reached: AsyncStream<Void>
        private let reach: AsyncStream<Void>.Continuation

        init(threshold: Int) {
            self.threshold = threshold
            (reached, reach) = AsyncStream.makeStream()
        }

        func asked(_ key: String) { runs.withLock { $0[key] = .some(nil) } }

        func acknowledged(_ key: String, _ run: String) {
            let count = runs.withLock { runs in
                runs[key] = run
                return runs.values.count { $0 != nil }
            }
            if count == threshold { reach.yield() }
        }

        /// Returns when so many have been acknowledged.
        func untilThreshold() async { for await _ in reached { return } }

        var all: [String: String?] { runs.withLock { $0 } }
    }

    @Test func `no acknowledged start is lost, and none that is repeated with its key happens twice`() async throws {
        let seed =
            ProcessInfo.processInfo.environment["HOLDFAST_SEED"].flatMap { UInt64($0) } ?? .random(in: 1 ... .max)
        print("HOLDFAST_SEED=\(seed)")
        let asked = Asked(threshold: 200 + Int(seed % 400))
        try await Command.withFolder { folder in
            let arguments = ["--data-dir", folder, "--canary"]
            var token = ""
            try await ServedNode.serving(arguments) { node in
                token = try String(contentsOfFile: folder + "/admin.token", encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                let port = try await node.port()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in 0..<64 {
                        group.addTask { [token] in try await Self.start(client, port, token, asked) }
                    }
                    await asked.untilThreshold()
                    node.signal(SIGTERM)
                    try await group.waitForAll()
                }
            }

            try await ServedNode.serving(arguments) { node in
                let client = try await TestClient(port: try await node.port())
                _ = try await client.call("session.open", ["token": .string(token)])
                var runs: Set<String> = []
                for (key, acknowledged) in asked.all {
                    let again = try await client.call("run.start", Self.params(key))
                    let run = try #require(again["result"]?["runId"]?.stringValue, "\(again.text)")
                    if let acknowledged {
                        #expect(run == acknowledged)
                        #expect(again["result"]?["replayed"] == true)
                    }
                    let ended = try await client.call("run.wait", ["runId": .string(run), "timeoutMs": 60_000])
                    #expect(ended["result"]?["status"] == "completed")
                    runs.insert(run)
                }
                #expect(runs.count == asked.all.count)
                // As many as were asked for, and no more.
                var count = 0
                var cursor: JSON?
                repeat {
                    var params: JSONObject = ["workflow": "canary.steps", "limit": 1_000]
                    if let cursor { params["cursor"] = cursor }
                    let page = try #require(try await client.call("run.list", .object(params))["result"])
                    count += page["items"]?.arrayValue?.count ?? 0
                    cursor = page["nextCursor"]
                } while cursor != .null
                #expect(count == asked.all.count)
                try await client.close()
            }
        }
    }

    private static func params(_ key: String) -> JSON {
        ["workflow": "canary.steps", "input": ["steps": 1, "kind": "local"], "idempotencyKey": .string(key)]
    }

    /// Starts one run after the other until the server closes the connection.
    private static func start(_ number: Int, _ port: Int, _ token: String, _ asked: Asked) async throws {
        let client = try await TestClient(port: port)
        guard (try? await client.call("session.open", ["token": .string(token)])) != nil else { return }
        var count = 0
        while true {
            count += 1
            let key = "\(number)-\(count)"
            asked.asked(key)
            guard let answer = try? await client.call("run.start", params(key)) else { return }
            if let run = answer["result"]?["runId"]?.stringValue { asked.acknowledged(key, run) }
        }
    }
}
