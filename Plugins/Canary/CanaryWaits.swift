import WorkflowKit

/// Sleeps by a durable timer.
struct CanarySleep: Workflow {
    struct Input: Codable, Sendable {
        var ms: Int
    }

    struct Output: Codable, Sendable {
        let sleptMs: Int
    }

    static let name = "canary.sleep"
    static let summary = "Sleeps by a durable timer."
    static let inputSchema: JSONSchema? = .object([.required("ms", .milliseconds)])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        let start = context.now
        try await context.sleep(for: .milliseconds(input.ms))
        return Output(sleptMs: Int((context.now - start).milliseconds))
    }
}

/// Waits for a signal and returns its payload.
struct CanaryAwait: Workflow {
    struct Input: Codable, Sendable {
        var signal: String
        var timeoutMs: Int?
    }

    struct Output: Codable, Sendable {
        var payload: JSON?
        var timedOut: Bool?
    }

    static let name = "canary.await"
    static let summary = "Waits for a signal and returns its payload."
    static let inputSchema: JSONSchema? = .object([
        .required("signal", .identifier), .optional("timeoutMs", .milliseconds),
    ])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        guard let timeout = input.timeoutMs else {
            return Output(payload: try await context.signal(input.signal, as: JSON.self))
        }
        let payload = try await context.signal(input.signal, as: JSON.self, timeout: .milliseconds(timeout))
        return payload.map { Output(payload: $0) } ?? Output(timedOut: true)
    }
}
