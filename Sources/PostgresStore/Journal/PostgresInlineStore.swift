import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

/// Runs and messages written inside another transaction. No fence guards it: what it writes belongs to nobody yet.
package struct PostgresInlineStore: InlineStore {
    /// Stands in the journal for whoever is no incarnation.
    private static let nobody: Int64 = 0

    package init() {}

    package func apply(_ batch: Batch, in transaction: any Transaction) async throws(SQLError) -> Committed {
        var decision = KeyDecision(batch)
        var next: Batch? = batch
        while let part = next {
            for statement in JournalStatements.statements(for: part, by: Self.nobody) {
                let rows = try await transaction.query(statement)
                if statement.name == "KeyHolders" { try decision.read(rows) }
            }
            next = decision.undecided
        }
        return Committed(winners: decision.winners)
    }

    package func post(_ message: Batch.Message, in transaction: any Transaction) async throws(SQLError) -> PostResult {
        let (kind, body) = MessageCodec.encode(message.body)
        let posted = try await transaction.execute(
            JournalStatements.statement(
                EmbeddedSQL.postMessage, "PostMessage", .uuid(message.run.uuid), .text(kind), .text(orNull: body)))
        if posted > 0 { return .posted }
        let closed = try await transaction.query(
            JournalStatements.statement(EmbeddedSQL.closedRuns, "ClosedRuns", .uuidArray([message.run.uuid])))
        return closed.isEmpty ? .unknown : .ended
    }

    package func openRun(
        workflow: String, key: String, in transaction: any Transaction
    ) async throws(SQLError) -> RunID? {
        try await transaction.query(
            JournalStatements.statement(EmbeddedSQL.runOfKey, "RunOfKey", .text(workflow), .text(key))
        ).first.map { row throws(SQLError) in RunID(try row.uuid("run_id")) }
    }
}
