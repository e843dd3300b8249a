package import WorkflowCore
package import WorkflowEngine
package import WorkflowKit
import WorkflowTestKit

/// A store that a simulated world can run on: it also tells what it holds, and fences on command.
///
/// The histories are the same whatever the store is, so a second store can be held to the same guarantees.
package protocol SimulatedStore: Store {
    /// Makes a new incarnation and returns its number, which no other one has or had.
    func newIncarnation() async throws -> Int64
    /// From now on refuses every write of `incarnation`; what it had in flight is either in the store or never will be.
    func fence(_ incarnation: Int64) async throws
    /// Every run there ever was, by id.
    func allRuns() async throws -> [RunID]
    func journal(_ run: RunID) async throws -> [JournalEntry]
    func closed(_ run: RunID) async throws -> Batch.Closed?
    /// The open runs, by id.
    func allOpenRows() async throws -> [RunRow]
    func allMessages() async throws -> [StoredMessage]
    /// What transactional steps wrote with ``LedgerEntry/statement``, in the order of the commits.
    func ledger() async throws -> [LedgerEntry]
    /// The event log, in its order.
    func allEvents() async throws -> [Batch.Event]
}

/// What a simulated transactional step writes.
package struct LedgerEntry: Sendable, Equatable {
    package let run: RunID
    package let label: String
    package let value: Int64

    package init(run: RunID, label: String, value: Int64) {
        self.run = run
        self.label = label
        self.value = value
    }

    /// A store other than the one in memory needs a table of this shape, with a number that orders its rows.
    package var statement: SQLStatement {
        SQLStatement(
            "insert into ledger (run, label, value) values ($1, $2, $3)", .uuid(run.uuid), .text(label), .int8(value))
    }

    /// What ``statement`` would write; nil for other statements.
    package init?(_ statement: SQLStatement) {
        guard case .uuid(let run) = statement.parameters.first, case .text(let label) = statement.parameters[1],
            case .int8(let value) = statement.parameters[2]
        else { return nil }
        self.init(run: RunID(run), label: label, value: value)
    }
}

/// A store in memory that also numbers incarnations.
package final class SimulatedMemoryStore: SimulatedStore {
    private let memory = MemoryStore()
    private let incarnations = Counter()

    /// - Parameter ignoresFences: Breaks the store on purpose.
    package init(ignoresFences: Bool = false) { if ignoresFences { memory.ignoreFences() } }

    package func newIncarnation() -> Int64 { incarnations.next() }
    package func fence(_ incarnation: Int64) { memory.fence(incarnation) }
    package func allRuns() -> [RunID] { memory.allRuns }
    package func journal(_ run: RunID) -> [JournalEntry] { memory.journal(run) }
    package func closed(_ run: RunID) -> Batch.Closed? { memory.closed(run) }
    package func allOpenRows() -> [RunRow] { memory.openRows }
    package func allMessages() -> [StoredMessage] { memory.pendingMessages }
    package func ledger() -> [LedgerEntry] { memory.statements.compactMap(LedgerEntry.init) }
    package func allEvents() -> [Batch.Event] { memory.events }

    package nonisolated(nonsending) func commit(_ batch: Batch, by incarnation: Int64) async throws(StoreError)
        -> Committed
    {
        try await memory.commit(batch, by: incarnation)
    }

    package func transaction<Result: Sendable>(
        by incarnation: Int64, _ body: @Sendable (any Transaction) async throws -> (Batch, Result)
    ) async throws -> Result {
        try await memory.transaction(by: incarnation, body)
    }

    package func hasEntry(_ run: RunID, seq: Int32, by incarnation: Int64) async throws(StoreError) -> Bool {
        try await memory.hasEntry(run, seq: seq, by: incarnation)
    }

    package func load(_ runs: [RunID]) async throws(StoreError) -> [RunID: LoadedRun] { try await memory.load(runs) }

    package func openRuns(in range: SlotRange, after: RunID?, limit: Int) async throws(StoreError) -> [RunRow] {
        try await memory.openRuns(in: range, after: after, limit: limit)
    }

    package func dueRuns(in range: SlotRange, from: Timestamp, until: Timestamp) async throws(StoreError) -> [RunRow] {
        try await memory.dueRuns(in: range, from: from, until: until)
    }

    package func messages(in range: SlotRange, after: Int64, limit: Int) async throws(StoreError) -> [StoredMessage] {
        try await memory.messages(in: range, after: after, limit: limit)
    }

    package func post(_ message: Batch.Message) async throws(StoreError) -> PostResult {
        try await memory.post(message)
    }
}
