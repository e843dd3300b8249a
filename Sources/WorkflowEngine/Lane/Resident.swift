import WorkflowCore
import WorkflowKit

/// A run that a lane has in memory.
final class Resident {
    /// Where the run stands in this lane.
    enum Mode {
        /// Its start is conditional, and not decided yet.
        case guarded(Reply<Started>)
        /// It waits for its turn or its start time; the entries are its journal so far.
        case queued([JournalEntry])
        /// A suspect whose function starts as soon as the suspicion is stored; the entries are its journal so far.
        case suspected([JournalEntry])
        /// Its turn has come, and its function starts as soon as the store has it as under way: if it ends the process, it
        /// is known to have been. The entries are its journal so far.
        case admitted([JournalEntry])
        case executing(Execution)
        /// It takes entries, but its function does not run: it is paused, or leaves memory.
        case dormant
    }

    /// What is to be written for the run with the next commit.
    struct Writes {
        var entries: [JournalEntry] = []
        var rowChanged = false
        var closed: Batch.Closed?
        var messages: [Batch.Message] = []
        var consumed: [Int64] = []
        var events: [Batch.Event] = []
        /// Who asked for them, where it was somebody.
        var audit: [AuditEntry] = []
        /// Runs whose writes must be in the same commit: a parent and the children that it starts or hears of.
        var joined: Set<RunID> = []
        /// Known once the writes are in a batch: whether they put the run into the table of open runs.
        var createsRow = false

        var isEmpty: Bool {
            entries.isEmpty && !rowChanged && closed == nil && messages.isEmpty && consumed.isEmpty && events.isEmpty
        }

        /// These writes, followed by `later` ones.
        func followed(by later: Writes) -> Writes {
            var all = self
            all.entries += later.entries
            all.rowChanged = all.rowChanged || later.rowChanged
            all.closed = later.closed ?? all.closed
            all.messages += later.messages
            all.consumed += later.consumed
            all.events += later.events
            all.audit += later.audit
            all.joined.formUnion(later.joined)
            all.createsRow = false
            return all
        }
    }

    /// A step that is being carried out while its run's function is out of memory.
    struct PausedStep {
        let kind: StepRecord.Kind
        let name: String
        let options: StepOptions
    }

    let start: StartRecord
    var row: RunRow
    var mode: Mode
    var nextSeq: Int32
    /// The last entry that is known to be committed; -1 when there is none.
    var durableSeq: Int32
    /// Whether the run is in the table of open runs.
    var isStored: Bool
    var writes = Writes()
    /// What the commit under way writes of it.
    var inFlight: Writes?
    var lastAt: Timestamp
    /// Why what is not committed yet of it can never be; it is set aside when the commit under way has ended.
    var refusal: String?
    var outcome: Outcome?

    /// Called once the entry `seq` is committed, or can no longer be.
    var whenDurable: [(seq: Int32, call: (Bool) -> Void)] = []
    /// Attempts being carried out, by the ordinal of their step.
    var steps: [Int32: Int32] = [:]
    var stepStarts: [Int32: Timestamp] = [:]
    /// The transactional step being carried out; while there is one, nothing else is written of the run.
    var transaction: (reference: StepReference, writes: Writes, at: Timestamp)?
    /// What waits for the transaction under way to end: further transactions, operations that are recorded at once,
    /// events and timers.
    var queuedTransactions: [Int32] = []
    var heldOperations: [Int32] = []
    var deferred: [LaneEvent] = []
    var deferredTimers: [LaneTimer] = []
    /// Child operations whose child may have lost its business key to another run. Until that is known the run stays in
    /// memory, for nothing in the store would wake it.
    var unconfirmedChildren: Set<Int32> = []
    /// Steps that were under way when the run was paused.
    var pausedSteps: [Int32: PausedStep] = [:]
    var lastHeartbeats: [Int32: Timestamp] = [:]
    /// It has had a timer that is far away.
    var hasFarTimer = false
    var isDirty = false
    var idleSince: Timestamp?
    var isParkCheckScheduled = false
    var isParking = false
    /// Leave memory as soon as everything is committed, and come back by replay.
    var reloadsWhenDurable = false
    /// Several callers that had it loaded are being served.
    var isAwaited = false
    var isSuspect = false
    /// Its deadline has passed, and its journal says so.
    var isPastDeadline = false
    /// Counted among the runs under way of its queue.
    var isAdmitted = false

    init(
        start: StartRecord, row: RunRow, mode: Mode, nextSeq: Int32, durableSeq: Int32, isStored: Bool, at: Timestamp
    ) {
        self.start = start
        self.row = row
        self.mode = mode
        self.nextSeq = nextSeq
        self.durableSeq = durableSeq
        self.isStored = isStored
        lastAt = at
    }

    var id: RunID { row.id }

    var execution: Execution? {
        guard case .executing(let execution) = mode else { return nil }
        return execution
    }

    /// Nothing is under way, and nothing is to be written.
    var isQuiet: Bool {
        steps.isEmpty && transaction == nil && writes.isEmpty && inFlight == nil && whenDurable.isEmpty
            && deferred.isEmpty && !isAwaited
    }

    /// It takes nothing from outside at present: a transaction has its next entry, or whether it exists is not decided.
    var isBusy: Bool {
        if case .guarded = mode { return true }
        return transaction != nil
    }

    /// A step waits to be started, or a child may not exist, and nothing that is stored would wake the run for it.
    var hasUnstartedWork: Bool {
        !unconfirmedChildren.isEmpty
            || execution?.pending.values.contains {
                StepRecord.Kind($0.operation.kind) != nil && !$0.isExhausted && $0.nextAttemptAt == nil
            } ?? false
    }

    /// How the step `ordinal` is to be carried out; nil when it is none, or not under way.
    func options(ofStep ordinal: Int32) -> StepOptions? {
        switch execution?.pending[ordinal]?.operation.kind {
        case .step(let options, _), .compensation(let options, _): options
        default: pausedSteps[ordinal]?.options
        }
    }

    /// When the run goes on by itself; nil when only a message wakes it.
    var nextDue: Timestamp? {
        var due = row.deadline
        func consider(_ time: Timestamp?) {
            guard let time else { return }
            due = due.map { min($0, time) } ?? time
        }
        for operation in execution?.pending.values ?? [:].values {
            consider(operation.due)
            consider(operation.isExhausted ? nil : operation.nextAttemptAt)
        }
        return due
    }

    /// What it waits for, for a person.
    var waitingFor: String? {
        guard let execution, steps.isEmpty, transaction == nil else { return nil }
        let labels = execution.pending.values.sorted { $0.ordinal < $1.ordinal }.prefix(3).map(\.label)
        return labels.isEmpty ? nil : labels.joined(separator: ", ")
    }

    var status: RunStatus {
        if let outcome {
            return switch outcome {
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
        }
        switch row.state {
        case .queued: return .queued
        case .paused: return .paused
        case .quarantined: return .quarantined
        case .active, .parked:
            let hasWork =
                !steps.isEmpty || transaction != nil
                || execution?.pending.values.contains { StepRecord.Kind($0.operation.kind) != nil } == true
            return hasWork ? .running : .waiting
        }
    }
}
