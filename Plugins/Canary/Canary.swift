public import WorkflowKit

extension Plugin {
    /// Workflows that do nothing useful, for benchmarks, fault tests and the first try.
    public static let canary = Plugin(
        name: "canary",
        migrations: EmbeddedSQL.migrations,
        workflows: [
            WorkflowType(CanarySteps.self), WorkflowType(CanarySleep.self), WorkflowType(CanaryAwait.self),
            WorkflowType(CanaryFlaky.self), WorkflowType(CanaryFail.self), WorkflowType(CanaryFanout.self),
            WorkflowType(CanaryLedger.self), WorkflowType(CanarySaga.self),
        ],
        methods: [AnyRPCMethod(CanaryBalance())])
}
