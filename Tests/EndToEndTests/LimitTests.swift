import Testing
import WireClient
import WorkflowKit

extension ProtocolTests {
    /// What is told by `system.info` holds: lines, batches, requests at work, and the length of what is sent.
    @Suite struct LimitTests {
        private static let lineBytes = 1 << 20

        /// A ping of exactly so many bytes.
        private func ping(_ bytes: Int, id: String = "long") -> String {
            let text = #"{"jsonrpc":"2.0","id":"\#(id)","method":"system.ping"}"#
            return text + String(repeating: " ", count: bytes - text.utf8.count)
        }

        /// A run that waits for the signal "go".
        private func waitingRun(_ client: TestClient) async throws -> String {
            let started = try await client.call(
                "run.start", ["workflow": "canary.await", "input": ["signal": "go"]])
            return try #require(started["result"]?["runId"]?.stringValue)
        }

        private func wait(_ run: String, id: Int) -> String {
            #"{"jsonrpc":"2.0","id":\#(id),"method":"run.wait","params":{"runId":"\#(run)","timeoutMs":60000}}"# + "\n"
        }

        @Test func `the longest line is answered`() async throws {
            let client = try await ProvenNode.required().connect(as: "nobody")
            try await client.send(ping(Self.lineBytes) + "\n" + ping(Self.lineBytes) + "\r\n")
            #expect(try await client.next()["result"]?["pong"] == true)
            #expect(try await client.next()["result"]?["pong"] == true)
            try await client.close()
        }

        @Test func `a longer one is refused after the answers to what was sent before, and ends the connection`()
            async throws
        {
            let node = try ProvenNode.required()
            let client = try await node.connect(as: "admin")
            let other = try await node.connect(as: "admin")
            let run = try await waitingRun(client)
            client.sendLater(wait(run, id: 1) + ping(Self.lineBytes + 1) + "\n" + ping(100, id: "after") + "\n")
            _ = try await other.call("run.signal", ["runId": .string(run), "name": "go"])
            let first = try await client.next()
            #expect(first["id"] == 1)
            #expect(first["result"]?["status"] == "completed")
            let second = try await client.next()
            #expect(second["id"] == .null)
            #expect(second["error"]?["code"] == -32600)
            #expect(second["error"]?["data"]?["type"] == "line.tooLong")
            #expect(await client.line() == nil)
            try await other.close()
        }

        @Test func `a line that has grown too long is refused before it ends`() async throws {
            let client = try await ProvenNode.required().connect(as: "nobody")
            client.sendLater(ping(Self.lineBytes + 2))
            #expect(try await client.next()["error"]?["data"]?["type"] == "line.tooLong")
            #expect(await client.line() == nil)
        }

        @Test func `a thousand members of a batch are answered, and of one more none is done`() async throws {
            let client = try await ProvenNode.required().connect(as: "admin", ["maxLineBytes": 16_777_216])
            let member = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"#
            let start =
                #"{"jsonrpc":"2.0","id":1,"method":"run.start","params":{"workflow":"canary.sleep","#
                + #""input":{"ms":86400000},"key":"batch.tooLarge"}}"#
            let many = Array(repeating: member, count: 999).joined(separator: ",")
            try await client.send("[\(many),\(member)]\n")
            #expect(try await client.next().arrayValue?.count == 1_000)
            try await client.send("[\(many),\(member),\(start)]\n")
            let refused = try await client.next()
            #expect(refused["id"] == .null)
            #expect(refused["error"]?["code"] == -32600)
            #expect(refused["error"]?["data"]?["type"] == "batch.tooLarge")
            #expect(try await client.call("run.list", ["key": "batch.tooLarge"])["result"]?["items"] == [])
            try await client.close()
        }

        /// Were the ping read at once, it would be answered before any of the waits, which nothing ends until then.
        @Test func `the server stops reading with 128 requests at work, and loses nothing`() async throws {
            let node = try ProvenNode.required()
            let client = try await node.connect(as: "admin")
            let other = try await node.connect(as: "admin")
            let run = try await waitingRun(client)
            let waits = (0..<128).map { wait(run, id: $0) }.joined()
            try await client.send(waits + ping(100, id: "held") + "\n")
            _ = try await other.call("run.signal", ["runId": .string(run), "name": "go"])
            var ids: [JSON] = []
            for _ in 0...128 { ids.append(try await client.next()["id"] ?? .null) }
            #expect(ids.first != "held")
            #expect(ids.contains("held"))
            #expect(Set(ids.compactMap(\.intValue)) == Set(0..<128))
            try await client.close()
            try await other.close()
        }

        @Test func `a result that does not fit is an error, unless longer lines were asked for`() async throws {
            let node = try ProvenNode.required()
            let client = try await node.connect(as: "admin")
            let run = try await waitingRun(client)
            let payload = String(repeating: "x", count: 100_000)
            let sent = try await client.call(
                "run.signal", ["runId": .string(run), "name": "go", "payload": .string(payload)])
            #expect(sent["result"]?["accepted"] == true)
            let refused = try await client.call("run.wait", ["runId": .string(run), "timeoutMs": 60_000])
            #expect(refused["error"]?["code"] == -32009)
            #expect(refused["error"]?["data"]?["type"] == "result.tooLarge")
            let listed = try await client.call("run.list", ["workflow": "canary.await", "limit": 1])
            #expect(listed["result"]?["items"]?.arrayValue?.first?["runId"] == .string(run))

            let patient = try await node.connect(as: "admin", ["maxLineBytes": 200_000])
            let whole = try await patient.call("run.get", ["runId": .string(run)])
            #expect(whole["result"]?["output"]?["payload"] == .string(payload))
            try await client.close()
            try await patient.close()
        }

        @Test(arguments: [nil, 4_096, 16_777_216] as [Int?])
        func `a list shortens its page to the lines that the client takes`(maxLineBytes: Int?) async throws {
            let node = try ProvenNode.required()
            let client = try await node.connect(as: "admin", maxLineBytes.map { ["maxLineBytes": .int($0)] } ?? [:])
            let started = try await client.call(
                "run.start", ["workflow": "canary.steps", "input": ["steps": 60, "payloadBytes": 2_000]])
            let run = try #require(started["result"]?["runId"])
            _ = try await client.call("run.wait", ["runId": run, "timeoutMs": 60_000])
            var seen: [Int] = []
            var pages = 0
            var cursor: JSON?
            repeat {
                var params: JSONObject = ["runId": run, "limit": 1_000]
                if let cursor { params["cursor"] = cursor }
                let request: JSON = [
                    "jsonrpc": "2.0", "id": 1, "method": "run.history", "params": .object(params),
                ]
                try await client.send(request.text + "\n")
                let line = try #require(await client.line())
                #expect(line.utf8.count + 1 <= maxLineBytes ?? 61_440)
                let page = try #require(try JSON(parsing: line)["result"])
                seen += page["items"]?.arrayValue?.compactMap { $0["seq"]?.intValue } ?? []
                cursor = page["nextCursor"]
                pages += 1
            } while cursor != .null
            #expect(seen == Array(0..<seen.count))
            #expect(seen.count >= 61)
            #expect(maxLineBytes == 16_777_216 ? pages == 1 : pages > 1)
            try await client.close()
        }

        @Test func `discovery is answered whole, however long`() async throws {
            let client = try await ProvenNode.required().connect(as: "admin", ["maxLineBytes": 4_096])
            let answer = try await client.call("rpc.discover")
            #expect(answer.bytes.count > 4_096)
            #expect((answer["result"]?["methods"]?.arrayValue?.count ?? 0) > 20)
            try await client.close()
        }

        @Test func `a caller that asks too often is told how long to wait`() async throws {
            let client = try await ProvenNode.required().connect(as: "device")
            let line = #"{"jsonrpc":"2.0","id":1,"method":"session.whoami"}"# + "\n"
            client.sendLater(String(repeating: line, count: 3_000))
            var refused: JSON?
            for _ in 0..<3_000 {
                let answer = try await client.next()
                if let error = answer["error"], refused == nil { refused = error }
            }
            #expect(refused?["code"] == -32005)
            #expect(refused?["data"]?["type"] == "rate.limited")
            #expect(refused?["data"]?["retryable"] == true)
            #expect((refused?["data"]?["retryAfterMs"]?.intValue ?? 0) >= 1)
            try await client.close()
        }
    }
}
