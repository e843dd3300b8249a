import Testing
import WireClient
import WorkflowKit

extension ProtocolTests {
    /// Requests of one connection that touch the same entity take effect in the order in which they were sent.
    @Suite struct OrderTests {
        private func line(_ id: Int, _ method: String, _ params: JSON) -> String {
            let request: JSON = ["jsonrpc": "2.0", "id": .int(id), "method": .string(method), "params": params]
            return request.text + "\n"
        }

        /// The answers to requests numbered from 1, in the order of their numbers.
        private func answers(_ count: Int, _ client: TestClient) async throws -> [JSON] {
            var answers = [JSON](repeating: .null, count: count)
            for _ in 0..<count {
                let answer = try await client.next()
                answers[try #require(answer["id"]?.intValue) - 1] = answer
            }
            return answers
        }

        @Test func `a start, signals and a look at the same business key`() async throws {
            let client = try await ProvenNode.required().connect(as: "admin")
            let target: JSONObject = ["workflow": "canary.await", "key": "order-1"]
            var start = target
            start["input"] = ["signal": "s"]
            var text = line(1, "run.start", .object(start))
            for number in 2...20 {
                var signal = target
                signal["name"] = "s"
                signal["payload"] = .int(number)
                text += line(number, "run.signal", .object(signal))
            }
            try await client.send(text)
            let found = try await answers(20, client)
            let run = try #require(found[0]["result"]?["runId"])
            #expect(found[1]["result"]?["accepted"] == true)
            let ended = try await client.call("run.wait", ["runId": run, "timeoutMs": 60_000])
            #expect(ended["result"]?["output"]?["payload"] == 2)
            try await client.close()
        }

        @Test func `pauses and resumes of a run`() async throws {
            let client = try await ProvenNode.required().connect(as: "admin")
            let started = try await client.call(
                "run.start", ["workflow": "canary.sleep", "input": ["ms": 86_400_000]])
            let run: JSON = ["runId": try #require(started["result"]?["runId"])]
            var text = ""
            for number in stride(from: 1, through: 39, by: 2) {
                text += line(number, "run.pause", run) + line(number + 1, "run.resume", run)
            }
            text +=
                line(41, "run.pause", run) + line(42, "run.get", run) + line(43, "run.cancel", run)
                + line(44, "run.pause", run)
            try await client.send(text)
            let found = try await answers(44, client)
            for number in stride(from: 0, to: 40, by: 2) {
                #expect(found[number]["result"]?["status"] == "paused")
                #expect(found[number + 1]["result"]?["status"] != "paused")
            }
            #expect(found[41]["result"]?["status"] == "paused")
            #expect(found[42]["result"]?["status"] != nil)
            try await client.close()
        }

        @Test func `signals by key and by id of one run`() async throws {
            let client = try await ProvenNode.required().connect(as: "admin")
            let started = try await client.call(
                "run.start",
                [
                    "workflow": "canary.await", "input": ["signal": "s"], "key": "order-2",
                    "startAt": "2099-01-01T00:00:00Z",
                ])
            let run = try #require(started["result"]?["runId"])
            var text = ""
            for number in stride(from: 1, through: 39, by: 2) {
                text += line(
                    number, "run.signal",
                    ["workflow": "canary.await", "key": "order-2", "name": "s", "payload": .int(number)])
                text += line(number + 1, "run.signal", ["runId": run, "name": "s", "payload": .int(number + 1)])
            }
            text += line(41, "run.history", ["runId": run])
            try await client.send(text)
            let found = try await answers(41, client)
            let signals = found[40]["result"]?["items"]?.arrayValue?.filter { $0["kind"] == "signal" } ?? []
            #expect(signals.compactMap { $0["output"]?.intValue } == Array(1...40))
            _ = try await client.call("run.cancel", ["runId": run])
            try await client.close()
        }

        @Test func `changes of one schedule`() async throws {
            let client = try await ProvenNode.required().connect(as: "admin")
            func put(_ id: Int) -> String {
                line(
                    id, "schedule.put",
                    [
                        "name": "order", "workflow": "canary.steps", "input": ["steps": .int(id)],
                        "everyMs": 86_400_000, "missed": "skip", "overlap": "allow",
                    ])
            }
            let text =
                (1...20).map(put).joined() + line(21, "schedule.remove", ["name": "order"])
                + line(22, "schedule.remove", ["name": "order"])
            try await client.send(text)
            let found = try await answers(22, client)
            #expect(found[..<20].allSatisfy { $0["result"] != nil })
            #expect(found[20]["result"] != nil)
            #expect(found[21]["error"]?["code"] == -32003)
            try await client.close()
        }
    }
}
