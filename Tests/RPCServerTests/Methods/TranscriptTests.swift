import RPCServer
import Testing
import WireClient
import WorkflowKit

/// What a client sends and gets back, over a real connection.
@Suite struct TranscriptTests {
    @Test func `a ping is answered with the time`() async throws {
        try await TestServer.with { server in
            let answer = try await server.answer(#"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"#)
            #expect(answer["jsonrpc"] == "2.0")
            #expect(answer["id"] == 1)
            #expect(answer["result"]?["pong"] == true)
            #expect(Timestamp(rfc3339: answer["result"]?["now"]?.stringValue ?? "") != nil)
        }
    }

    @Test(arguments: ["12345678901234567890", "1.50", "\"a\\u0041\\/\"", "null", "-0", "1e3"])
    func `an id is echoed to the byte`(id: String) async throws {
        try await TestServer.with { server in
            let lines = try await server.exchange(#"{"jsonrpc":"2.0","id":\#(id),"method":"system.ping"}"# + "\n")
            #expect(lines.first?.hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"result":{"#) == true)
        }
    }

    @Test func `a line that is no JSON gets one that works`() async throws {
        try await TestServer.with { server in
            let answer = try await server.answer("help")
            #expect(answer["id"] == .null)
            #expect(answer["error"]?["code"] == -32700)
            #expect(answer["error"]?["data"]?["type"] == "json.invalid")
            let message = try #require(answer["error"]?["message"]?.stringValue)
            let example = try #require(message.firstIndex(of: "{"))
            let second = try await server.answer(String(message[example...]))
            #expect(second["result"]?["pong"] == true)
        }
    }

    @Test func `blank lines, CRLF and a last line without LF are taken as they are meant`() async throws {
        try await TestServer.with { server in
            let ping = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"#
            let lines = try await server.exchange("\r\n  \n\(ping)\r\n\n\(ping)")
            #expect(lines.count == 2)
        }
    }

    @Test func `notifications, responses and batches of them are not answered`() async throws {
        try await TestServer.with { server in
            let text = """
                {"jsonrpc":"2.0","method":"system.ping"}
                {"jsonrpc":"2.0","method":"no.such"}
                {"jsonrpc":"2.0","method":"test.echo","params":{"wrong":1}}
                {"jsonrpc":"2.0","id":9,"result":{}}
                [{"jsonrpc":"2.0","method":"system.ping"},{"jsonrpc":"2.0","id":1,"error":{}}]
                {"jsonrpc":"2.0","id":"last","method":"system.ping"}

                """
            let lines = try await server.exchange(text)
            #expect(lines.count == 1)
            #expect(try JSON(parsing: lines[0])["id"] == "last")
        }
    }

    @Test func `a batch is answered as one array`() async throws {
        try await TestServer.with { server in
            let answer = try await server.answer(
                """
                [{"jsonrpc":"2.0","id":1,"method":"system.ping"},{"jsonrpc":"2.0","method":"system.ping"},1,\
                {"jsonrpc":"2.0","id":2,"method":"test.echo","params":{"text":"x"}},\
                {"jsonrpc":"2.0","id":3,"method":"no.such"},{"foo":"boo"}]
                """)
            let answers = try #require(answer.arrayValue)
            #expect(answers.count == 5)
            #expect(answers.filter { $0["error"]?["code"] == -32600 && $0["id"] == .null }.count == 2)
            #expect(answers.contains { $0["id"] == 2 && $0["result"] == ["text": "x"] })
            #expect(answers.contains { $0["id"] == 3 && $0["error"]?["code"] == -32601 })
        }
    }

    @Test func `an empty batch and a batch that is too large are one error each`() async throws {
        var limits = WireLimits()
        limits.batch = 2
        try await TestServer.with(limits: limits) { server in
            #expect(try await server.answer("[]")["error"]?["code"] == -32600)
            let large = try await server.answer("[1,2,3]")
            #expect(large["error"]?["data"]?["type"] == "batch.tooLarge")
        }
    }

    @Test func `a batch of a thousand is answered`() async throws {
        try await TestServer.with { server in
            let members = (0..<1_000).map {
                #"{"jsonrpc":"2.0","id":\#($0),"method":"test.echo","params":{"text":""}}"#
            }
            let answer = try await server.answer("[\(members.joined(separator: ","))]")
            let ids = answer.arrayValue?.compactMap { $0["result"] == nil ? nil : $0["id"]?.intValue }
            #expect(ids?.sorted() == Array(0..<1_000))
        }
    }

    @Test func `parameters by position are refused, an empty array is none`() async throws {
        try await TestServer.with { server in
            let answer = try await server.answer(#"{"jsonrpc":"2.0","id":1,"method":"test.echo","params":["x"]}"#)
            #expect(answer["error"]?["code"] == -32602)
            #expect(answer["error"]?["message"]?.stringValue?.contains("by name") == true)
            let ping = try await server.answer(#"{"jsonrpc":"2.0","id":1,"method":"system.ping","params":[]}"#)
            #expect(ping["result"]?["pong"] == true)
        }
    }

    @Test func `wrong parameters are named, all at once`() async throws {
        try await TestServer.with { server in
            let answer = try await server.answer(#"{"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"txt":1}}"#)
            #expect(
                answer["error"]?["data"]?["fields"] == [
                    ["path": "text", "message": "is required"],
                    ["path": "txt", "message": "is not known; did you mean \"text\"?"],
                ])
            #expect(answer["error"]?["data"]?["applied"] == "no")
        }
    }

    @Test func `an unknown method is told with the one that was meant`() async throws {
        try await TestServer.with { server in
            let answer = try await server.answer(#"{"jsonrpc":"2.0","id":1,"method":"system.pnig"}"#)
            #expect(answer["error"]?["code"] == -32601)
            #expect(answer["error"]?["message"]?.stringValue?.contains("system.ping") == true)
        }
    }

    @Test func `system info tells every limit`() async throws {
        try await TestServer.with(isPatient: false) { server in
            let result = try await server.answer(#"{"jsonrpc":"2.0","id":1,"method":"system.info"}"#)["result"]
            #expect(result?["name"] == "holdfast")
            #expect(result?["version"] == "1.2.3")
            #expect(result?["protocol"] == 1)
            #expect(result?["node"] == "n1")
            #expect(result?["auth"] == ["token": true, "mutualTLS": false])
            let limits: [(String, JSON)] = [
                ("lineBytes", 1_048_576), ("nesting", 64), ("batch", 1_000), ("inFlight", 128),
                ("connections", 10_000), ("authMs", 10_000), ("idleMs", 600_000),
            ]
            for (name, value) in limits { #expect(result?["limits"]?[name] == value) }
        }
    }

    @Test(
        arguments: [
            ("notFound", -32003, "device.notFound", false, "no"), ("unavailable", -32006, "unavailable", true, "no"),
            ("conflict", -32006, "unavailable", true, "no"), ("unknown", -32010, "outcome.unknown", true, "unknown"),
            ("rejected", -32603, "internal", false, "no"), ("defect", -32603, "internal", false, "no"),
            ("rate", -32005, "rate.limited", true, "no"),
        ] as [(String, JSON, JSON, JSON, JSON)])
    func `a failure has its code, type and truth about what was applied`(
        text: String, code: JSON, type: JSON, isRetryable: JSON, applied: JSON
    ) async throws {
        try await TestServer.with { server in
            let answer = try await server.answer(
                #"{"jsonrpc":"2.0","id":1,"method":"test.fail","params":{"text":"\#(text)"}}"#)
            let data = answer["error"]?["data"]
            #expect(answer["error"]?["code"] == code)
            #expect(data?["type"] == type)
            #expect(data?["retryable"] == isRetryable)
            #expect(data?["applied"] == applied)
            #expect(data?["requestId"]?.stringValue?.isEmpty == false)
            #expect(answer["error"]?["message"]?.stringValue?.contains("customer") == false)
            if text == "rate" { #expect(data?["retryAfterMs"] == 1_500) }
        }
    }

    @Test func `a result that does not fit into a line is an error, unless longer lines were asked for`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let text = JSON.string(String(repeating: "x", count: 100_000))
            let small = try await client.call("test.echo", ["text": text])
            #expect(small["error"]?["code"] == -32009)
            #expect(small["error"]?["data"]?["type"] == "result.tooLarge")
            let token = server.principals.add(.admin, id: "a")
            _ = try await client.call("session.open", ["token": .string(token), "maxLineBytes": 200_000])
            #expect(try await client.call("test.echo", ["text": text])["result"]?["text"] == text)
        }
    }
}
