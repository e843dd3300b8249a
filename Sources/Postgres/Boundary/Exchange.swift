import CLibPQ

/// The task that waits for an exchange. It is resumed exactly once: by the answer, or by the end of the link.
///
/// Not a checked continuation, which would allocate for each statement (0.7 µs of the 21 that one takes).
@safe struct Answer {
    private let continuation: UnsafeContinuation<Exchange.Outcome, Never>

    init(_ continuation: UnsafeContinuation<Exchange.Outcome, Never>) { unsafe self.continuation = continuation }

    func resume(returning outcome: Exchange.Outcome) { unsafe continuation.resume(returning: outcome) }
}

/// Something that was sent to the server, and what came back for it so far.
struct Exchange {
    /// When all answers are there.
    enum Ending {
        /// When the server is ready for the next statement.
        case ready
        /// When the pipeline's synchronisation point is reached.
        case sync(statements: Int)
    }

    /// Whether the server did what it was sent.
    enum Done {
        /// It stopped before, or never got all of it.
        case no
        case unknown
    }

    enum Outcome: Sendable {
        /// All answers, one group for each statement of a pipeline, or a single group.
        case answered([[ServerResult]])
        /// Nothing was sent; the link is gone.
        case notSent
        /// The task was cancelled before anything was sent; the link is as it was.
        case cancelledUnsent
        /// The link broke; the answers that arrived before.
        case lost([[ServerResult]], isDone: Done)
    }

    enum Step {
        case `continue`
        /// libpq has nothing to say before more arrives.
        case wait
        case answered
        /// The server sends what nobody takes, and libpq would return this same result for ever.
        case unusable
    }

    let ticket: Ticket
    let ending: Ending
    let continuation: Answer
    /// Whether the kernel took everything that belongs to it. Before that the server cannot have carried it out, since
    /// the last message is the one that commits.
    var isFullySent = false
    var isCancelUnderWay = false
    private(set) var isAnswered = false
    private var groups: [[ServerResult]] = [[]]

    init(ticket: Ticket, ending: Ending, continuation: Answer) {
        self.ticket = ticket
        self.ending = ending
        self.continuation = continuation
    }

    /// Takes one return value of `PQgetResult`.
    mutating func receive(_ result: ServerResult?) -> Step {
        guard let result else {
            switch ending {
            case .ready:
                isAnswered = true
                return .answered
            case .sync:
                if groups[groups.count - 1].isEmpty { return .wait }
                groups.append([])
                return .continue
            }
        }
        switch result.status {
        case PGRES_PIPELINE_SYNC:
            isAnswered = true
            return .answered
        case PGRES_COPY_IN:
            // The server now waits for us; libpq would return this same result again and again.
            groups[groups.count - 1].append(result)
            isAnswered = true
            return .answered
        case PGRES_COPY_OUT, PGRES_COPY_BOTH:
            return .unusable
        default:
            groups[groups.count - 1].append(result)
            return .continue
        }
    }

    /// The answers, without the empty group behind the last statement.
    private var answers: [[ServerResult]] {
        groups.count > 1 && groups[groups.count - 1].isEmpty ? groups.dropLast() : groups
    }

    var outcome: Outcome {
        // libpq reports a loss as a result that no server made.
        let isLost = groups.joined().contains { $0.isFailure && ServerError($0) == nil && !$0.isSkipped }
        return isLost ? lost : .answered(answers)
    }

    /// How it ends when the link breaks; `serverHadStopped` says that the server never came to it.
    mutating func outcomeWhenLost(serverHadStopped: Bool) -> Outcome {
        if isAnswered { return outcome }
        return serverHadStopped ? .lost([], isDone: .no) : lost
    }

    private var lost: Outcome {
        .lost(answers, isDone: isFullySent && !wasStoppedByServer ? .unknown : .no)
    }

    /// Whether the server said that it ends the session before it had finished the last statement.
    private var wasStoppedByServer: Bool {
        guard let last = groups.firstIndex(where: { $0.contains { ServerError($0)?.endsSession == true } }) else {
            return false
        }
        let statements: Int
        switch ending {
        case .ready: statements = 1
        case .sync(let count): statements = count
        }
        return last < statements && !groups[last].contains { !$0.isFailure }
    }
}

extension ServerResult {
    /// Whether it stands for a statement of a pipeline that was skipped after an error.
    var isSkipped: Bool { status == PGRES_PIPELINE_ABORTED }
}
