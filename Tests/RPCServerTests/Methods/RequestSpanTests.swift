import InMemoryTracing
import RPCServer
import Testing
import Tracing
import WireClient
import WorkflowKit

@Suite struct RequestSpanTests {
    /// The finished spans of the requests in `lines`.
    private func spans(of lines: String) async throws -> [FinishedInMemorySpan] {
        let tracer = InMemoryTracer()
        try await TestServer.with(tracer: tracer) { server in _ = try await server.exchange(lines) }
        #expect(tracer.activeSpans.isEmpty)
        return tracer.finishedSpans
    }

    @Test func `a request has a span with its method and outcome, whether it is answered at once or by a task`()
        async throws
    {
        let spans = try await spans(
            of: """
                {"jsonrpc":"2.0","id":1,"method":"system.ping"}
                {"jsonrpc":"2.0","id":2,"method":"test.echo","params":{"text":"a"}}

                """)
        #expect(Set(spans.map(\.operationName)) == ["system.ping", "test.echo"])
        for span in spans {
            #expect(span.kind == .server)
            #expect(span.attributes.get("rpc.method") == .string(span.operationName))
            #expect(span.attributes.get("holdfast.outcome") == .string("ok"))
            #expect(span.status == nil)
        }
    }

    @Test func `a request that fails has a span with the code, the type and the id of its answer`() async throws {
        let tracer = InMemoryTracer()
        try await TestServer.with(tracer: tracer) { server in
            let client = try await server.connect()
            let answer = try await client.call("test.fail", ["text": "notFound"])
            let requestID = try #require(answer["error"]?["data"]?["requestId"]?.stringValue)
            let span = try #require(tracer.finishedSpans.first)
            #expect(span.status?.code == .error)
            #expect(span.attributes.get("rpc.jsonrpc.error_code") == .int64(-32003))
            #expect(span.attributes.get("holdfast.outcome") == .string("device.notFound"))
            #expect(span.attributes.get("holdfast.request_id") == .string(requestID))
        }
    }

    @Test func `what a method traces stands within the span of its request`() async throws {
        let spans = try await spans(of: #"{"jsonrpc":"2.0","id":1,"method":"test.traced","params":{"text":"a"}}"#)
        let inner = try #require(spans.first { $0.operationName == "inside" })
        let outer = try #require(spans.first { $0.operationName == "test.traced" })
        #expect(inner.parentSpanID == outer.spanID)
        #expect(outer.parentSpanID == nil)
    }

    @Test func `a span tells nothing that a caller wrote`() async throws {
        let spans = try await spans(
            of: """
                {"jsonrpc":"2.0","id":"my secret","method":"my secret.method","params":{"text":"my secret"}}
                {"jsonrpc":"2.0","id":"my secret","method":"test.echo","params":{"text":"my secret"}}
                {"jsonrpc":"2.0","id":"my secret","method":"test.echo","params":{"my secret":1}}
                {"jsonrpc":"2.0","id":"my secret","method":"test.fail","params":{"text":"my secret"}}

                """)
        #expect(spans.count == 4)
        for span in spans {
            #expect(!span.operationName.contains("secret"))
            #expect(span.errors.isEmpty && span.events.isEmpty)
            span.attributes.forEach { name, value in #expect(!"\(name) \(value)".contains("secret")) }
            #expect(span.status?.message == nil)
        }
    }
}
