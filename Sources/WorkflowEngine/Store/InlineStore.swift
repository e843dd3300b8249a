import WorkflowCore
package import WorkflowKit

/// Writes runs and messages inside a transaction that somebody else began, for their owners to take up.
package protocol InlineStore: Sendable {
    func apply(_ batch: Batch, in transaction: any Transaction) async throws(SQLError) -> Committed

    func post(_ message: Batch.Message, in transaction: any Transaction) async throws(SQLError) -> PostResult

    func openRun(workflow: String, key: String, in transaction: any Transaction) async throws(SQLError) -> RunID?
}
