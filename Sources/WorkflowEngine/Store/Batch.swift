package import WorkflowCore
package import WorkflowKit

/// Everything that one commit writes: the new entries of many runs, and what changes with them.
///
/// A store applies a batch as a whole or not at all, and only while the incarnation that made it is not fenced.
package struct Batch: Sendable {
    /// Consecutive entries of one run.
    package struct Segment: Sendable {
        package let run: RunID
        package let entries: [JournalEntry]

        package init(run: RunID, entries: [JournalEntry]) {
            self.run = run
            self.entries = entries
        }
    }

    /// A start that happens only if no other open run has its workflow and business key.
    package struct GuardedStart: Sendable {
        package let row: RunRow
        package let entry: JournalEntry

        package init(row: RunRow, entry: JournalEntry) {
            self.row = row
            self.entry = entry
        }
    }

    /// A run that ended: what lists and searches need of it.
    package struct Closed: Sendable {
        package let row: RunRow
        package let outcome: Outcome
        package let at: Timestamp
        /// False when the run never was in the table of open runs.
        package let wasOpen: Bool

        package init(row: RunRow, outcome: Outcome, at: Timestamp, wasOpen: Bool) {
            self.row = row
            self.outcome = outcome
            self.at = at
            self.wasOpen = wasOpen
        }
    }

    /// Something for a run that lies elsewhere or is not in memory.
    package struct Message: Sendable, Equatable {
        package enum Body: Sendable, Equatable {
            case signal(SignalRecord)
            case childEnded(ordinal: Int32, child: RunID, outcome: Outcome)
            case command(RunCommand)
            /// The run was put into the table of open runs by somebody else; its owner is to take it up.
            case adopt
        }

        package let run: RunID
        package let body: Body
        /// The run whose entries in the same batch are the reason for it; it is sent only if they are committed.
        package var cause: RunID?

        package init(run: RunID, body: Body) {
            self.run = run
            self.body = body
        }
    }

    /// An event for the event log.
    package struct Event: Sendable, Equatable {
        package let run: RunID
        package let type: String
        /// Who sees it besides admins, as the event log names them.
        package let audiences: [String]
        package let data: [UInt8]

        package init(run: RunID, type: String, audiences: [String] = [], data: [UInt8]) {
            self.run = run
            self.type = type
            self.audiences = audiences
            self.data = data
        }
    }

    package var segments: [Segment] = []
    package var created: [RunRow] = []
    package var guarded: [GuardedStart] = []
    /// Rows of open runs as they are from now on.
    package var changed: [RunRow] = []
    package var closed: [Closed] = []
    package var messages: [Message] = []
    /// Messages that were taken up, by their number.
    package var consumed: [Int64] = []
    /// The runs that took up those messages, as far as it was a run.
    package var consumers: [Int64: RunID] = [:]
    package var events: [Event] = []
    /// Who made which run change, for the audit log: committed with what it tells.
    package var audit: [(run: RunID, entry: AuditEntry)] = []
    /// Groups of runs of which either all are committed or none: a parent with its new child, runs started as one.
    package var together: [[RunID]] = []

    package init() {}

    package var isEmpty: Bool {
        segments.isEmpty && created.isEmpty && guarded.isEmpty && changed.isEmpty && closed.isEmpty
            && messages.isEmpty && consumed.isEmpty && events.isEmpty
    }
}

/// What somebody wants of a run besides signals.
package enum RunCommand: Sendable, Equatable {
    case cancel(reason: String?)
    case pause
    case resume
    case retry
}

/// What came back with a commit.
package struct Committed: Sendable {
    /// For each guarded start that lost: the open run that has its key.
    package var winners: [RunID: RunID]

    package init(winners: [RunID: RunID] = [:]) { self.winners = winners }
}
