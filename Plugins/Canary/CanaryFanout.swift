import WorkflowKit

/// Runs children in parallel and waits for all of them.
struct CanaryFanout: Workflow {
    struct Input: Codable, Sendable {
        var children: Int
        /// Of each child.
        var steps: Int
    }

    struct Output: Codable, Sendable {
        let children: Int
    }

    static let name = "canary.fanout"
    static let summary = "Runs children in parallel and waits for all of them."
    static let inputSchema: JSONSchema? = .object([
        .required("children", .integer(0...10_000)), .required("steps", .integer(0...1_000)),
    ])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<input.children {
                group.addTask { try await context.child(CanarySteps.self, .init(steps: input.steps)) }
            }
            try await group.waitForAll()
        }
        return Output(children: input.children)
    }
}
