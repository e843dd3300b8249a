/// One thing a workflow asks of whatever runs it.
package final class Operation: Sendable {
    package enum Kind: Sendable {
        case step(StepOptions, body: StepBody)
        case transaction(StepOptions, body: TransactionBody)
        /// Runs when the workflow fails or is cancelled; registered, not carried out, when it is asked for.
        case compensation(StepOptions, body: CompensationBody)
        case timer(TimerDue)
        /// The next signal of the operation's name, or nothing once `timeout` has passed.
        case signal(timeout: Duration?)
        case child(ChildRequest)
        /// `state` is where replay begins from now on.
        case snapshot(state: [UInt8])
        /// Puts an event into the event log, durable together with the journal.
        case event(audiences: [String], payload: [UInt8])
    }

    package enum TimerDue: Sendable, Hashable {
        case after(Duration)
        case at(Timestamp)
    }

    package struct ChildRequest: Sendable {
        package let workflow: String
        package let input: [UInt8]
        package let key: String?
        package let closePolicy: ClosePolicy
        /// False when the parent goes on at once and never hears of the end.
        package let awaitsResult: Bool
    }

    package typealias StepBody = @Sendable (StepContext) async throws -> StepOutput
    package typealias TransactionBody = @Sendable (any Transaction, StepContext) async throws -> StepOutput

    package enum CompensationBody: Sendable {
        case step(StepBody)
        case transaction(TransactionBody)
    }

    package let kind: Kind
    package let name: String
    /// True inside a cleanup: it is carried out although the run was cancelled.
    package let isShielded: Bool

    package init(kind: Kind, name: String, isShielded: Bool) {
        self.kind = kind
        self.name = name
        self.isShielded = isShielded
    }
}

/// What a step's body returned: the value itself, and the JSON text that is stored.
package struct StepOutput: Sendable {
    package let json: [UInt8]
    package let value: any Sendable

    package init(json: [UInt8], value: any Sendable) {
        self.json = json
        self.value = value
    }

    package init<Value: Encodable & Sendable>(encoding value: Value) throws {
        self.init(json: try JSONCoding.encodeBytes(value, exactTimes: true), value: value)
    }
}

/// How an operation ended.
package enum Resolution: Sendable {
    /// It was carried out just now.
    case output(StepOutput)
    /// It was carried out before; this is the JSON text that was stored.
    case recorded([UInt8])
    /// There is nothing to return: the timer fired, the wait timed out.
    case none
    case failed(Failure)
    case cancelled(RunCancelled)
    /// The run leaves this process's memory; it goes on later, elsewhere or here, from its journal.
    case evicted

    /// The value as the workflow wants it.
    package func value<Value: Decodable & Sendable>(as type: Value.Type) throws -> Value? {
        switch self {
        case .output(let output):
            guard let value = output.value as? Value else { return try JSONCoding.decode(type, from: output.json) }
            return value
        case .recorded(let json): return try JSONCoding.decode(type, from: json)
        case .none: return nil
        case .failed(let failure): throw failure
        case .cancelled(let error): throw error
        case .evicted: throw RunEvicted()
        }
    }
}

/// Unwinds a workflow function whose run leaves memory. Nothing that it does on its way out is carried out or recorded.
package struct RunEvicted: Error {
    package init() {}
}

/// Whatever runs a workflow: it carries out operations, and answers from the journal what was carried out before.
package protocol RunDriver: AnyObject, Sendable {
    var runID: RunID { get }
    /// The time of the newest journal entry that the workflow has seen; the same on every replay.
    var now: Timestamp { get }
    /// The state that replay began with; nil at the beginning of the run.
    var restoredState: [UInt8]? { get }

    /// Carries out `operation`, or returns what was recorded.
    func perform(_ operation: Operation) async -> Resolution

    /// The next number of the run's own random sequence; the same on every replay.
    func nextRandom() -> UInt64

    /// Whether the code path named `change` is to be taken: true for runs that meet it first after it was deployed.
    func isChanged(_ change: String) -> Bool
}
