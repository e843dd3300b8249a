import RPCServer
import Testing
import WireClient
import WorkflowKit

@Suite struct IdempotencyTests {
    func open(_ server: TestServer, _ id: String) async throws -> TestClient {
        let client = try await server.connect()
        _ = try await client.call("session.open", ["token": .string(server.principals.add(.partner, id: id))])
        return client
    }

    @Test func `the same key with the same parameters gives the first answer, and nothing is done twice`() async throws
    {
        try await TestServer.with { server in
            let client = try await open(server, "P-1")
            let params: JSON = ["text": "a", "idempotencyKey": "k"]
            #expect(try await client.call("test.change", params)["result"] == ["text": "a"])
            #expect(try await client.call("test.change", params)["result"] == ["text": "a", "replayed": true])
            #expect(server.recorder.seen == ["a"])
        }
    }

    @Test func `the same key with other parameters is a mismatch`() async throws {
        try await TestServer.with { server in
            let client = try await open(server, "P-1")
            _ = try await client.call("test.change", ["text": "a", "idempotencyKey": "k"])
            let error = try await client.call("test.change", ["text": "b", "idempotencyKey": "k"])["error"]
            #expect(error?["code"] == -32004)
            #expect(error?["data"]?["type"] == "idempotency.mismatch")
            #expect(server.recorder.seen == ["a"])
        }
    }

    @Test func `a key belongs to its caller`() async throws {
        try await TestServer.with { server in
            let first = try await open(server, "P-1")
            let second = try await open(server, "P-2")
            let params: JSON = ["text": "a", "idempotencyKey": "k"]
            _ = try await first.call("test.change", params)
            #expect(try await second.call("test.change", params)["result"] == ["text": "a"])
        }
    }

    @Test func `a request that failed may be repeated with its key`() async throws {
        try await TestServer.with { server in
            let client = try await open(server, "P-1")
            for _ in 0..<2 {
                let error = try await client.call("test.change", ["text": "fail", "idempotencyKey": "k"])["error"]
                #expect(error?["data"]?["type"] == "test.conflict")
            }
            #expect(
                try await client.call("test.change", ["text": "b", "idempotencyKey": "k"])["result"] == ["text": "b"])
        }
    }

    @Test func `two requests of one key at once are done once`() async throws {
        try await TestServer.with { server in
            let client = try await open(server, "P-1")
            let line = #"{"jsonrpc":"2.0","id":1,"method":"test.change","params":{"text":"wait","idempotencyKey":"k"}}"#
            try await client.send(line + "\n" + line + "\n")
            await server.recorder.gate.arrived(1)
            await server.recorder.gate.open()
            let answers = [try await client.next(), try await client.next()]
            #expect(answers.filter { $0["result"]?["replayed"] == true }.count == 1)
            #expect(server.recorder.seen == ["wait"])
        }
    }

    @Test func `every change is written to the audit log, nothing else is`() async throws {
        try await TestServer.with { server in
            let client = try await open(server, "P-1")
            _ = try await client.call("test.change", ["text": "a"])
            _ = try await client.call("test.change", ["text": "fail"])
            _ = try await client.call("test.echo", ["text": "a"])
            let entry = try #require(server.audit.entries.first)
            #expect(server.audit.entries.count == 1)
            #expect(entry.principal == "partner:P-1")
            #expect(entry.method == "test.change")
            #expect(entry.entity == "test:a")
        }
    }

    @Test func `fingerprints do not depend on order or spelling of whole numbers`() throws {
        let left = IdempotencyRecord.fingerprint(try JSON(parsing: #"{"b":[1.0,{"y":1,"x":2}],"a":"é"}"#))
        let right = IdempotencyRecord.fingerprint(
            try JSON(parsing: #"{"idempotencyKey":"k","a":"\u00e9","b":[1,{"x":2,"y":1}]}"#))
        #expect(left == right)
        #expect(left != IdempotencyRecord.fingerprint(try JSON(parsing: #"{"b":[{"y":1,"x":2},1],"a":"é"}"#)))
    }
}
