package import WorkflowCore
package import WorkflowKit

/// Names one attempt of one step.
package struct StepReference: Hashable, Sendable {
    package let run: RunID
    package let ordinal: Int32
    package let attempt: Int32
}

/// A step to carry out. A class, for it goes through several hands.
package final class StepJob: Sendable {
    package let reference: StepReference
    package let context: StepContext
    package let body: Operation.StepBody

    init(reference: StepReference, context: StepContext, body: @escaping Operation.StepBody) {
        self.reference = reference
        self.context = context
        self.body = body
    }
}

/// A transactional step to carry out, and what is to be committed with it.
package struct TransactionJob: Sendable {
    package let reference: StepReference
    package let context: StepContext
    package let body: Operation.TransactionBody
    /// The number of the journal entry that the commit writes last; its presence proves the commit.
    package let seq: Int32
    /// What is committed together with an output.
    package let batch: @Sendable (StepOutput) -> Batch
}

/// What somebody asks to be started.
package struct StartRequest: Sendable {
    package var id: RunID
    package var record: StartRecord

    package init(id: RunID, record: StartRecord) {
        self.id = id
        self.record = record
    }
}

package struct Started: Sendable, Equatable {
    package let run: RunID
    /// False when an open run had the business key already.
    package let isNew: Bool
}

/// Why the engine did not do what it was asked.
package enum Refusal: Error, Sendable, Equatable {
    /// There is no such run.
    case unknownRun
    /// The run ended before.
    case runEnded
    /// The database is away, or this node no longer owns the run; nothing was done.
    case unavailable
    /// The connection was lost while it was being made durable.
    case outcomeUnknown
    /// The run is in no state for that: why.
    case conflict(String)
}

package typealias Reply<Value> = @Sendable (Result<Value, Refusal>) -> Void

/// What happens to a lane.
package enum LaneEvent: Sendable {
    indirect case start(StartRequest, Reply<Started>)
    /// All of these runs, or none: they are committed together. None has a business key.
    case startMany([StartRequest], Reply<[Started]>)
    /// A new run that begins with a part of another one's journal, which best begins with that one's start: its time is
    /// then the new one's.
    indirect case fork(StartRequest, [JournalEntry], Reply<Started>)
    indirect case signal(RunID, SignalRecord, Reply<Void>)
    case command(RunID, RunCommand, Reply<RunStatus>)
    /// The event, and what the audit log is to say about it if it changes anything.
    indirect case attributed([AuditEntry], LaneEvent)
    case inspect(RunID, Reply<Inspection?>)
    indirect case message(StoredMessage)
    indirect case stepEnded(StepReference, Result<StepOutput, Failure>)
    indirect case transactionEnded(StepReference, Result<StepOutput, Failure>)
    case heartbeat(StepReference, [UInt8])
    /// The batch of this number was committed, but for the runs named, whose data the store refused.
    indirect case committed(Int, Committed, refused: [RunID: String])
    /// The batch of this number was not applied; it goes out again with what came since.
    case commitFailed(Int)
    case loaded([RunID: LoadedRun])
    /// These runs are now this lane's.
    case adopt([RunRow], afterDeath: Bool)
    case foreignWake(RunID)
    /// These slots, which may have been given up before, are this lane's again; comes before their runs.
    case acquired([SlotRange])
    /// Give up these slots: finish what is under way, then forget their runs.
    case release([SlotRange], Reply<Void>)
    /// The incarnation was fenced, or stops: forget everything.
    case halt
    /// Nothing but time has passed.
    case tick
}

/// What a lane wants done.
package enum LaneOutput: Sendable {
    /// To be answered with its number, by ``LaneEvent/committed(_:_:refused:)`` or ``LaneEvent/commitFailed(_:)``.
    /// Batches that are out at the same time have no run in common, and may be committed in any order.
    indirect case commit(Int, Batch)
    case load([RunID])
    case startStep(StepJob)
    case cancelStep(StepReference)
    indirect case startTransaction(TransactionJob)
    /// There may be messages to read, for these runs.
    case messagesWaiting([RunID])
    /// Somebody else's run was put into the table of open runs or got a message: its owner should hear of it.
    indirect case ended(RunID, Outcome)
    case log(RunID, String)
}

/// What is known of a run in memory.
package struct Inspection: Sendable, Equatable {
    package var status: RunStatus
    package var waitingFor: String?
    package var attempts: Int32
    package var reason: String?
}

/// How a lane behaves; the values are limits, not tuning knobs to turn daily.
package struct LaneSettings: Sendable {
    /// A run that has only waited for this long leaves memory.
    package var parkAfter: Duration = .seconds(2)
    /// A wait that ends sooner than this keeps its run in memory while there is room.
    package var nearTimer: Duration = .seconds(30)
    /// There is room for this many runs in memory; beyond it, runs stay queued.
    package var residentRunsMax = 20_000
    /// Only this many runs that were under way when a process died are tried at once.
    package var suspectsMax = 8
    /// A run whose process died this often without any progress is quarantined.
    package var deathsMax = 3
    package var batchSegmentsMax = 2_000
    package var batchBytesMax = 1 << 20
    /// A second batch leaves while one is out as soon as this many runs have something for it, so that neither the lane
    /// nor the database waits for the other under load. With few runs one commit for all of them costs less.
    package var secondBatchMin = 32
    /// Runs due later than this are not kept in memory.
    package var timerHorizon: Duration = .seconds(3_600)
    /// How many runs of a queue may be under way at once; queues without an entry have no limit.
    package var queueLimits: [String: Int] = [:]
    /// Guarantees switched off, for tests that prove that others would notice.
    package var sabotage: Set<Sabotage> = []

    package init() {}
}

/// One way to break the engine on purpose. A suite that passes with one of them proves nothing.
package enum Sabotage: String, Hashable, Sendable, CaseIterable {
    case acknowledgeBeforeCommit
    case externalStepBeforeCommit
    case signalLostWhileParking
    case timerFiresEarly
    case attemptsForgotten
    case entriesDroppedOnCommitFailure
    case cancelForgottenByReplay
    case messageTakenBeforeItsEntry
    case childEndLost
    case keysNotUnique
    case wakeUpLostOnPark
    case joinedEntriesApart
    case runInTwoCommits
    case releasedWhileBusy
    case releasedSlotsStillServed
    case signalsNotRecognised
    case compensationsInOrder
    case childResultsSwapped
}
