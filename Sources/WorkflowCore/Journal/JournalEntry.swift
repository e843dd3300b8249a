package import WorkflowKit

/// One fact about a run, never changed once it is written.
///
/// The entries of a run, in the order of their ``seq``, are all that is known of it: what it was started with, what
/// each operation returned, and in which order those returns reached the workflow. Replaying them brings the workflow
/// back to where it was.
package struct JournalEntry: Sendable, Equatable {
    /// Counts from 0 within the run, without gaps.
    package let seq: Int32
    /// When it happened, by the database's clock.
    package let at: Timestamp
    package let fact: Fact

    package init(seq: Int32, at: Timestamp, fact: Fact) {
        self.seq = seq
        self.at = at
        self.fact = fact
    }

    /// What happened. JSON payloads are kept as their UTF-8 text.
    package enum Fact: Sendable, Equatable {
        /// Always the first entry.
        indirect case started(StartRecord)
        /// A step, transaction or compensation ended for good.
        case stepEnded(StepRecord)
        /// An attempt failed, and another one follows at `nextAt`; without one, the run was paused for it.
        indirect case attemptFailed(AttemptRecord)
        /// What a long step told about its progress.
        case heartbeat(ordinal: Int32, attempt: Int32, progress: [UInt8])
        /// A timer fired, or the time to wait for a signal ran out.
        case timerFired(ordinal: Int32, name: String)
        case signalReceived(SignalRecord)
        case childStarted(ordinal: Int32, name: String, child: RunID)
        case childEnded(ordinal: Int32, child: RunID, outcome: Outcome)
        case eventEmitted(ordinal: Int32, name: String)
        case cancelRequested(reason: String?)
        /// The run's deadline passed; it is cancelled and ends as failed.
        case deadlinePassed
        /// The run met this change marker first with the new code.
        case changed(String)
        /// Replay begins here.
        indirect case snapshot(SnapshotRecord)
        case paused(PauseRecord)
        case resumed
        /// The process died while the run was being carried out; it is being tried alone, to see whether it was the run.
        case suspected(deaths: Int32)
        case ended(Outcome)
    }
}

/// What a run was started with.
package struct StartRecord: Sendable, Equatable {
    package var workflow: String
    package var version: Int32
    package var input: [UInt8]
    package var key: String?
    package var queue: String?
    package var priority: Int16
    package var startAt: Timestamp?
    package var deadline: Timestamp?
    package var parent: Parent?
    package var fork: Fork?
    /// Where the run's random sequence begins.
    package var seed: UInt64

    /// The run, and the operation in it, that started this one.
    package struct Parent: Sendable, Equatable {
        package let run: RunID
        package let ordinal: Int32
        /// False when the parent does not wait for the end.
        package let awaitsResult: Bool
        package let closePolicy: ClosePolicy

        package init(run: RunID, ordinal: Int32, awaitsResult: Bool, closePolicy: ClosePolicy) {
            self.run = run
            self.ordinal = ordinal
            self.awaitsResult = awaitsResult
            self.closePolicy = closePolicy
        }
    }

    /// The run of which this one is a fork, and the first entry that it does not share with it.
    package struct Fork: Sendable, Equatable {
        package let run: RunID
        package let seq: Int32

        package init(run: RunID, seq: Int32) {
            self.run = run
            self.seq = seq
        }
    }

    package init(
        workflow: String, version: Int32, input: [UInt8], key: String? = nil, queue: String? = nil,
        priority: Int16 = StartRecord.priorityDefault, startAt: Timestamp? = nil, deadline: Timestamp? = nil,
        parent: Parent? = nil, fork: Fork? = nil, seed: UInt64
    ) {
        self.workflow = workflow
        self.version = version
        self.input = input
        self.key = key
        self.queue = queue
        self.priority = priority
        self.startAt = startAt
        self.deadline = deadline
        self.parent = parent
        self.fork = fork
        self.seed = seed
    }

    /// Between 0, the highest, and 9.
    package static let priorityDefault: Int16 = 5
}

/// How an operation or a run ended.
package enum Outcome: Sendable, Equatable {
    case completed([UInt8])
    case failed(Failure)
    case cancelled(reason: String?)
}

/// How a step, transaction or compensation ended.
package struct StepRecord: Sendable, Equatable {
    package enum Kind: String, Sendable { case step, transaction, compensation }

    package var kind: Kind
    package var ordinal: Int32
    package var name: String
    /// The number of the attempt that ended it, from 1.
    package var attempt: Int32
    package var startedAt: Timestamp
    package var outcome: Outcome

    package init(
        kind: Kind, ordinal: Int32, name: String, attempt: Int32, startedAt: Timestamp, outcome: Outcome
    ) {
        self.kind = kind
        self.ordinal = ordinal
        self.name = name
        self.attempt = attempt
        self.startedAt = startedAt
        self.outcome = outcome
    }
}

/// An attempt that failed.
package struct AttemptRecord: Sendable, Equatable {
    package var kind: StepRecord.Kind
    package var ordinal: Int32
    package var name: String
    package var attempt: Int32
    package var startedAt: Timestamp
    /// When the first attempt of this step started; deadlines count from it.
    package var firstStartedAt: Timestamp
    package var failure: Failure
    package var nextAt: Timestamp?

    package init(
        kind: StepRecord.Kind, ordinal: Int32, name: String, attempt: Int32, startedAt: Timestamp,
        firstStartedAt: Timestamp, failure: Failure, nextAt: Timestamp?
    ) {
        self.kind = kind
        self.ordinal = ordinal
        self.name = name
        self.attempt = attempt
        self.startedAt = startedAt
        self.firstStartedAt = firstStartedAt
        self.failure = failure
        self.nextAt = nextAt
    }
}

package struct SignalRecord: Sendable, Equatable {
    package var name: String
    /// Recognises the same signal sent twice.
    package var id: RunID
    package var payload: [UInt8]

    package init(name: String, id: RunID, payload: [UInt8]) {
        self.name = name
        self.id = id
        self.payload = payload
    }
}

/// Everything a replay needs that lies before it.
package struct SnapshotRecord: Sendable, Equatable {
    package var ordinal: Int32
    package var state: [UInt8]
    /// Signals that had come and were not yet waited for, in the order of their arrival.
    package var waitingSignals: [SignalRecord]
    package var randomState: UInt64
    /// Change markers that were met with the new code, and those that were passed with the old one.
    package var changes: [String]
    package var unchanged: [String]
    /// The signals that came last, oldest first: one that comes again is not received again.
    package var seenSignals: [RunID]
    package var start: StartRecord

    package init(
        ordinal: Int32, state: [UInt8], waitingSignals: [SignalRecord], randomState: UInt64, changes: [String],
        unchanged: [String], seenSignals: [RunID], start: StartRecord
    ) {
        self.ordinal = ordinal
        self.state = state
        self.waitingSignals = waitingSignals
        self.randomState = randomState
        self.changes = changes
        self.unchanged = unchanged
        self.seenSignals = seenSignals
        self.start = start
    }
}

/// Why a run was paused.
package struct PauseRecord: Sendable, Equatable {
    package enum Cause: String, Sendable {
        /// Somebody asked for it.
        case requested
        /// A step has no attempt left.
        case exhausted
        /// This program has no such workflow or version.
        case unknownWorkflow = "unknown-workflow"
        /// The code asked for something else than the journal recorded.
        case mismatch
        /// The workflow waits for something that is not an operation of its context.
        case foreignWait = "foreign-wait"
        /// The run took down several processes.
        case quarantined
    }

    package var cause: Cause
    /// One sentence for a person.
    package var detail: String

    package init(cause: Cause, detail: String) {
        self.cause = cause
        self.detail = detail
    }
}
