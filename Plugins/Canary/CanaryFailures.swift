import WorkflowKit

/// Has one step that fails a number of times and then works.
struct CanaryFlaky: Workflow {
    struct Input: Codable, Sendable {
        var failures: Int
        /// Between two attempts.
        var delayMs: Int?
    }

    struct Output: Codable, Sendable {
        let attempts: Int
    }

    static let name = "canary.flaky"
    static let summary = "Has one step that fails a number of times and then works."
    static let inputSchema: JSONSchema? = .object([
        .required("failures", .integer(0...10_000)), .optional("delayMs", .integer(0...86_400_000)),
    ])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        let delay = Duration.milliseconds(input.delayMs ?? 10)
        let retry = RetryPolicy(
            attemptsMax: input.failures + 1, initialDelay: delay, factor: 1, delayMax: delay, hasJitter: false)
        let attempts = try await context.step("step-1", options: StepOptions(retry: retry)) { step in
            guard step.attempt > input.failures else {
                throw Failure(type: "canary.flaky", message: "attempt \(step.attempt) was told to fail")
            }
            return step.attempt
        }
        return Output(attempts: attempts)
    }
}

/// Fails at once.
struct CanaryFail: Workflow {
    struct Input: Codable, Sendable {
        var message: String
    }

    static let name = "canary.fail"
    static let summary = "Fails at once."
    static let inputSchema: JSONSchema? = .object([.required("message", .text)])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Nothing {
        throw Failure.permanent("canary.fail", input.message)
    }
}

/// Carries out steps up to one that fails, and undoes those before it in reverse.
struct CanarySaga: Workflow {
    struct Input: Codable, Sendable {
        var steps: Int
        /// The number of the step that fails, from 1.
        var failAt: Int
    }

    static let name = "canary.saga"
    static let summary = "Fails at a step and undoes those before it in reverse."
    static let inputSchema: JSONSchema? = .object([
        .required("steps", .integer(1...1_000)), .required("failAt", .integer(1...1_000)),
    ])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Nothing {
        for number in stride(from: 1, through: input.steps, by: 1) {
            try await context.step("step-\(number)") { _ in
                if number == input.failAt {
                    throw Failure.permanent("canary.saga", "step \(number) was told to fail")
                }
            }
            await context.compensate("step-\(number)") { _ in }
        }
        return Nothing()
    }
}
