import Synchronization
import Tracing
import WorkflowKit

/// What the methods of the tests have seen.
final class Recorder: Sendable {
    private let log = Mutex<[String]>([])
    let gate = Gate()

    var seen: [String] { log.withLock { $0 } }
    func note(_ what: String) { log.withLock { $0.append(what) } }
}

struct TextParams: Codable, Sendable, JSONDescribed {
    var text: String
    static let schema = JSONSchema.object([.required("text", .string(0...2_000_000))])
}

struct TextResult: Codable, Sendable, JSONDescribed {
    var text: String
    static let schema = JSONSchema.object([.required("text", .text)])
}

/// A method that anybody may call and that changes nothing.
protocol TextReading: RPCMethod where Params == TextParams, Result == TextResult {}

extension TextReading {
    static var access: RPCAccess { .anyone }
    static var effect: RPCEffect { .reads }
}

/// Answers with what it was given.
struct EchoMethod: TextReading {
    static let name = "test.echo"
    static let summary = "Answers with what it was given."
    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult { TextResult(text: params.text) }
}

/// Answers once the recorder's gate is open.
struct WaitMethod: TextReading {
    static let name = "test.wait"
    static let summary = "Answers once the gate is open."
    let recorder: Recorder

    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult {
        await recorder.gate.pass()
        return TextResult(text: params.text)
    }
}

/// Waits until somebody gives it up, as a wait for the end of a run may.
struct PatientMethod: TextReading {
    static let name = "test.patience"
    static let summary = "Waits until it is given up."
    let recorder: Recorder

    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult {
        await recorder.gate.arrive()
        let (never, continuation) = AsyncStream<Void>.makeStream()
        for await _ in never {}
        continuation.finish()
        recorder.note("given up: \(params.text)")
        await recorder.gate.arrive()
        throw RPCError.deadlineExceeded("It did not happen.")
    }
}

/// Notes its text; the first waits at the gate, so that only their order keeps the others behind it.
struct OrderedMethod: RPCMethod {
    static let name = "test.ordered"
    static let summary = "Notes its text in order."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.changes
    let recorder: Recorder

    static func orderingKey(_ params: TextParams) -> String? { "the one" }

    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult {
        if params.text == "first" { await recorder.gate.pass() }
        recorder.note(params.text)
        return TextResult(text: params.text)
    }
}

/// Notes its text as a change; fails on "fail".
struct ChangeMethod: RPCMethod {
    static let name = "test.change"
    static let summary = "Notes its text."
    static let access = RPCAccess.kinds([.admin, .partner])
    static let effect = RPCEffect.changes
    static let errors = ["test.conflict"]
    let recorder: Recorder

    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult {
        try await context.change("test:\(params.text)") { _ in
            if params.text == "fail" { throw RPCError.conflict("test", "It fails.") }
            if params.text == "wait" { await recorder.gate.pass() }
            recorder.note(params.text)
            return TextResult(text: params.text)
        }
    }
}

/// Fails in the way it is told.
struct FailMethod: TextReading {
    static let name = "test.fail"
    static let summary = "Fails in the way it is told."

    struct Defect: Error { let secret = "customer's data" }

    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult {
        switch params.text {
        case "notFound": throw RPCError.notFound("device")
        case "unavailable": throw SQLError(kind: .unavailable, message: "gone")
        case "conflict": throw SQLError(kind: .conflict, message: "deadlock")
        case "unknown": throw SQLError(kind: .outcomeUnknown, message: "lost")
        case "rejected": throw SQLError(kind: .rejected, message: "customer's data")
        case "rate": throw RPCError.rateLimited(retryAfter: .milliseconds(1_500))
        default: throw Defect()
        }
    }
}

/// Adds a span of its own to whatever span it runs in.
struct TracedMethod: TextReading {
    static let name = "test.traced"
    static let summary = "Adds a span."
    let tracer: any Tracer

    func call(_ params: TextParams, _ context: RPCContext) async throws -> TextResult {
        tracer.startSpan("inside").end()
        return TextResult(text: params.text)
    }
}
