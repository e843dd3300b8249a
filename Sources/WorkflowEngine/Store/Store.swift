package import WorkflowCore
package import WorkflowKit

/// The memory that a node's lanes write to and read from.
///
/// Every writing call names the incarnation that makes it, and fails with `.fenced` once that incarnation was fenced:
/// a store never accepts a write of a node whose runs somebody else has taken over.
package protocol Store: Sendable {
    /// Where the store's answers arrive. A task that only waits for one best runs there, for then the answer wakes one
    /// thread and not two; nil when it makes no difference.
    var executor: (any TaskExecutor)? { get }

    /// Applies `batch` in one commit.
    nonisolated(nonsending) func commit(_ batch: Batch, by incarnation: Int64) async throws(StoreError) -> Committed

    /// Runs `body` in a transaction and commits it together with the batch that `body` returns.
    ///
    /// An error that `body` throws rolls everything back and comes out unchanged; errors of the store are
    /// ``StoreError``.
    func transaction<Result: Sendable>(
        by incarnation: Int64, _ body: @Sendable (any Transaction) async throws -> (Batch, Result)
    ) async throws -> Result

    /// Whether the entry `seq` of `run` was committed; answered only once nothing of `incarnation` is in flight.
    func hasEntry(_ run: RunID, seq: Int32, by incarnation: Int64) async throws(StoreError) -> Bool

    /// The journals of open runs, each from its newest snapshot on.
    func load(_ runs: [RunID]) async throws(StoreError) -> [RunID: LoadedRun]

    /// Open runs in `range` after `after`, by id.
    func openRuns(in range: SlotRange, after: RunID?, limit: Int) async throws(StoreError) -> [RunRow]

    /// Parked and queued runs in `range` that are due between the two times.
    func dueRuns(in range: SlotRange, from: Timestamp, until: Timestamp) async throws(StoreError) -> [RunRow]

    /// Messages for runs in `range`, oldest first.
    func messages(in range: SlotRange, after: Int64, limit: Int) async throws(StoreError) -> [StoredMessage]

    /// Leaves a message for a run; what became of the run if it is not open.
    func post(_ message: Batch.Message) async throws(StoreError) -> PostResult
}

extension Store {
    package var executor: (any TaskExecutor)? { nil }
}

/// A message with the number under which it is kept.
package struct StoredMessage: Sendable, Equatable {
    package let id: Int64
    package let message: Batch.Message

    package init(id: Int64, message: Batch.Message) {
        self.id = id
        self.message = message
    }
}

package enum PostResult: Sendable, Equatable {
    case posted
    /// The run ended before.
    case ended
    case unknown
}

package enum LoadedRun: Sendable {
    case open(RunRow, [JournalEntry])
    case ended
    case unknown
    /// Its journal cannot be read by this program.
    case unreadable(RunRow, String)
}

/// Why a store did not do what it was asked. Callers branch on ``kind``.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The incarnation was fenced: somebody else owns its runs. Nothing was written, and nothing ever will be.
        case fenced
        /// The database is away or busy; nothing was written.
        case unavailable
        /// The connection was lost while committing: ask ``Store/hasEntry(_:seq:by:)``.
        case outcomeUnknown
        /// The data were refused; repeating cannot help.
        case rejected
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
