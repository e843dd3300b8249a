package import WorkflowCore
package import WorkflowKit

/// Reads what is stored of runs, open and closed, for whoever asks.
package protocol RunReader: Sendable {
    /// One run; nil when there is none.
    func run(_ id: RunID) async throws(StoreError) -> RunView?

    /// The open run of a workflow and business key; nil when there is none.
    func openRun(workflow: String, key: String) async throws(StoreError) -> RunID?

    /// Runs that fit the filter, newest first.
    func runs(_ filter: RunFilter) async throws(StoreError) -> [RunView]

    /// Entries of a run's journal after `after`, in order.
    func history(_ id: RunID, after: Int32?, limit: Int) async throws(StoreError) -> [JournalEntry]?

    /// How each of these runs ended; runs that have not are missing.
    func outcomes(_ ids: [RunID]) async throws(StoreError) -> Set<RunID>
}

/// A run as it is stored.
package struct RunView: Sendable {
    package var id: RunID
    package var workflow: String
    package var version: Int32
    package var status: RunStatus
    package var key: String?
    package var queue: String?
    package var parent: RunID?
    package var finishedAt: Timestamp?
    /// Why it is paused, or what it waits for.
    package var reason: String?
    /// Nil in lists.
    package var input: [UInt8]?
    package var outcome: Outcome?
    package var startedAt: Timestamp?

    package init(id: RunID, workflow: String, version: Int32, status: RunStatus) {
        self.id = id
        self.workflow = workflow
        self.version = version
        self.status = status
    }
}

package struct RunFilter: Sendable {
    package var workflow: String?
    package var status: RunStatus?
    package var key: String?
    package var createdAfter: Timestamp?
    package var createdBefore: Timestamp?
    /// Only runs older than this one.
    package var before: RunID?
    package var limit: Int

    package init(limit: Int) { self.limit = limit }
}
