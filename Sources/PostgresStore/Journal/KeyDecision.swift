import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Which of a batch's guarded starts won their business keys, by what KeyHolders found.
///
/// The statement that inserts and the one that looks see different moments: the run that had a key may end in between.
/// Then nobody has the key, the start has lost to nobody, and is tried again.
struct KeyDecision {
    private let batch: Batch
    private var isDecided: Set<RunID> = []
    private(set) var winners: [RunID: RunID] = [:]

    init(_ batch: Batch) { self.batch = batch }

    /// - Parameter rows: What KeyHolders returned for the batch, or for ``undecided``.
    mutating func read(_ rows: [SQLRow]) throws(SQLError) {
        for row in rows {
            let (asked, holder) = (RunID(try row.uuid("asked")), RunID(try row.uuid("holder")))
            isDecided.insert(asked)
            if asked != holder { winners[asked] = holder }
        }
    }

    /// The starts to be tried again, with the messages that call their owners; nil when there are none.
    var undecided: Batch? {
        let starts = batch.guarded.filter { !isDecided.contains($0.row.id) }
        guard !starts.isEmpty else { return nil }
        var again = Batch()
        again.guarded = starts
        let runs = Set(starts.map(\.row.id))
        again.messages = batch.messages.filter { runs.contains($0.run) }
        return again
    }
}
