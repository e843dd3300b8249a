import WorkflowKit

/// Carries out a number of steps that do nothing, each with a result of a given size.
struct CanarySteps: Workflow {
    struct Input: Codable, Sendable {
        enum Kind: String, Codable, Sendable, CaseIterable { case local, external, transactional }

        var steps: Int
        var kind: Kind?
        /// The size of each step's result.
        var payloadBytes: Int?
    }

    struct Output: Codable, Sendable {
        let steps: Int
    }

    static let name = "canary.steps"
    static let summary = "Carries out steps that do nothing."
    static let inputSchema: JSONSchema? = .object([
        .required("steps", .integer(0...100_000)),
        .optional("kind", .oneOf(Input.Kind.allCases.map(\.rawValue))),
        .optional("payloadBytes", .integer(0...900_000), "the size of each step's result"),
    ])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        let payload = String(repeating: "x", count: input.payloadBytes ?? 0)
        for number in stride(from: 1, through: input.steps, by: 1) {
            switch input.kind ?? .external {
            case .external: try await context.step("step-\(number)") { _ in payload }
            case .local: try await context.local("step-\(number)") { payload }
            case .transactional: try await context.transaction("step-\(number)") { _, _ in payload }
            }
        }
        return Output(steps: input.steps)
    }
}
