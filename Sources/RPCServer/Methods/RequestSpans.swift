package import Tracing
internal import WorkflowKit

/// One span for each request, from when it was read to its answer.
package struct RequestSpans: Sendable {
    /// Nil without a tracer, so that requests that nobody traces cost nothing.
    private let tracer: (any Tracer)?

    /// - Parameter tracer: Gets the spans; by default the one that the process was set up with.
    package init(_ tracer: any Tracer = InstrumentationSystem.tracer) {
        self.tracer = tracer is NoOpTracer ? nil : tracer
    }

    /// - Parameter method: Nil for requests that named none of ours, so that clients cannot invent names of spans.
    func begin(_ method: @autoclosure () -> String?, requestID: String) -> RequestSpan {
        guard let tracer else { return RequestSpan(span: nil) }
        let method = method()
        let span = tracer.startSpan(method ?? "unknown method", context: .topLevel, ofKind: .server)
        // The names of OpenTelemetry's conventions for JSON-RPC, where there are some.
        span.attributes["rpc.system"] = "jsonrpc"
        span.attributes["rpc.jsonrpc.version"] = "2.0"
        if let method { span.attributes["rpc.method"] = method }
        span.attributes["holdfast.request_id"] = requestID
        return RequestSpan(span: span)
    }
}

/// The span of one request.
///
/// It carries the method, the outcome and the request id that the answer and the log have, and nothing that a caller
/// wrote. The method runs within it, so that whatever it calls can add spans of its own.
struct RequestSpan: Sendable {
    /// Nil if nobody traces.
    fileprivate let span: (any Tracing.Span)?

    func end(_ failure: RPCError?) {
        guard let span else { return }
        span.attributes["holdfast.outcome"] = failure?.type ?? "ok"
        if let failure {
            span.attributes["rpc.jsonrpc.error_code"] = failure.code.rawValue
            span.setStatus(SpanStatus(code: .error))
        }
        span.end()
    }

    func within<Value>(_ body: () throws -> Value) rethrows -> Value {
        guard let span else { return try body() }
        return try ServiceContext.withValue(span.context, operation: body)
    }

    func within<Value>(isolation: isolated (any Actor)? = #isolation, _ body: () async -> Value) async -> Value {
        guard let span else { return await body() }
        return await ServiceContext.withValue(span.context, operation: body)
    }
}
