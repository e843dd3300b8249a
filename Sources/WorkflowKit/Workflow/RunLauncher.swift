/// Starts runs and sends signals inside somebody else's transaction: they happen with it or not at all.
public protocol RunLauncher: Sendable {
    /// Starts `workflow`; with a business key that an open run has, returns that run.
    func start<Started: Workflow>(
        _ workflow: Started.Type, _ input: Started.Input, key: String?, in transaction: any Transaction
    ) async throws -> (run: RunID, isNew: Bool)

    /// Sends a signal to the open run of `workflow` and `key`; false when there is none.
    func signal<Payload: Encodable & Sendable>(
        workflow: String, key: String, name: String, _ payload: Payload, in transaction: any Transaction
    ) async throws -> Bool

    /// Tells the engine, after the commit, that something waits for it. Without it the engine notices within seconds.
    func transactionCommitted()
}
