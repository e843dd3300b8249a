import Synchronization
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// What clients want, and what they know of it.
struct Clients {
    final class Operation {
        enum Kind {
            case start(StartRequest)
            case fork(StartRequest, [JournalEntry])
            case signal(Sender, SignalRecord)
            case command(RunID, RunCommand)
        }

        enum State: Equatable {
            case waiting
            /// To this incarnation; it has not answered.
            case sent(Int64)
            case done
        }

        let number: Int
        var kind: Kind
        var state = State.waiting

        init(number: Int, kind: Kind) {
            self.number = number
            self.kind = kind
        }
    }

    /// Sends numbers to a run, each after the one before was acknowledged.
    final class Sender {
        let run: RunID
        let first: Int64
        let count: Int
        /// It leaves its signals in the store instead of sending them to the run's owner.
        let usesStore: Bool
        var acknowledged: [SignalRecord] = []
        var isBusy = false

        init(run: RunID, first: Int64, count: Int, usesStore: Bool) {
            self.run = run
            self.first = first
            self.count = count
            self.usesStore = usesStore
        }
    }

    var operations: [Operation] = []
    var senders: [Sender] = []
    /// Runs whose start was acknowledged, in the order of the acknowledgements.
    var known: [(run: RunID, workflow: String)] = []
    let replies = Replies()
    let releases: Releases

    init() { releases = Releases(replies: replies) }

    mutating func add(_ kind: Operation.Kind) {
        operations.append(Operation(number: operations.count, kind: kind))
    }

    /// The incarnation will not answer any more.
    func lostNode(_ incarnation: Int64) {
        for operation in operations where operation.state == .sent(incarnation) { operation.state = .waiting }
    }

    func isServed(_ run: RunID) -> Bool { senders.contains { $0.run == run } }
}

/// Collects what lanes answer during a turn.
final class Replies: Sendable {
    enum Answer {
        case started(Int, Result<Started, Refusal>)
        case signalled(Int, Result<Void, Refusal>)
        case commanded(Int, Result<RunStatus, Refusal>)
        case released(Int, Result<Void, Refusal>)
    }

    private let answers = Mutex<[Answer]>([])

    func put(_ answer: Answer) { answers.withLock { $0.append(answer) } }

    func take() -> [Answer] {
        answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
    }
}

/// Makes the replies of orders to release a quarter.
struct Releases {
    let replies: Replies
    func reply(_ quarter: Int) -> Reply<Void> {
        { [replies] result in replies.put(.released(quarter, result)) }
    }
}
