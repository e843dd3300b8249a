import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Takes a workflow function up again from every position of a finished journal, as after a crash there.
///
/// Where the journal has a snapshot, the function is taken up from there, as it is by a server. What the journal holds
/// is handed to the function instead of being carried out again. It must ask for the same operations in the same order,
/// and return the same.
struct JournalCheck {
    let run: RunID
    let journal: [JournalEntry]
    let registry: WorkflowRegistry

    /// In longer journals, this many positions are tried, evenly spread.
    static let positionsMax = 200

    func check() throws(Failure) {
        guard case .started(let record) = journal.first?.fact, case .ended(let outcome) = journal.last?.fact,
            let type = registry.type(record.workflow, version: record.version)
        else { return }
        let stride = max(1, journal.count / Self.positionsMax)
        for position in Swift.stride(from: 1, to: journal.count, by: stride) {
            let before = journal.prefix(position)
            let snapshot = before.lastIndex { if case .snapshot = $0.fact { true } else { false } }
            let execution = Execution(
                runID: run, workflow: type, entries: before[(snapshot ?? 0)...], onForeignWake: {})
            execution.begin()
            for entry in journal[position..<(journal.count - 1)] where execution.problem == nil {
                execution.deliver(entry)
            }
            defer { execution.evict() }
            if let problem = execution.problem { throw .permanent("not-deterministic", problem.detail) }
            if let found = execution.outcome, found != outcome {
                throw .permanent(
                    "not-deterministic",
                    "after a crash at entry \(position) the workflow ended with \(found), before with \(outcome)")
            }
        }
    }
}
