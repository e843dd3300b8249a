import WorkflowCore
import WorkflowKit

/// An operation that a workflow waits for.
///
/// A class, for it is looked up and changed several times for each step, and has many parts.
@safe final class PendingOperation {
    let ordinal: Int32
    let operation: Operation
    let continuation: UnsafeContinuation<Resolution, Never>
    /// The workflow's time when it was asked for.
    let requestedAt: Timestamp

    /// The number of the attempt that is under way or comes next, from 1.
    var attempt: Int32 = 1
    var firstStartedAt: Timestamp?
    /// When the next attempt may start.
    var nextAttemptAt: Timestamp?
    /// No attempt is left; somebody must retry the run.
    var isExhausted = false
    var lastHeartbeat: [UInt8]?
    /// The run that a child operation started.
    var child: RunID?

    init(
        ordinal: Int32, operation: Operation, continuation: UnsafeContinuation<Resolution, Never>,
        requestedAt: Timestamp
    ) {
        self.ordinal = ordinal
        self.operation = operation
        unsafe self.continuation = unsafe continuation
        self.requestedAt = requestedAt
    }

    /// How a person calls it: `step "charge"`.
    var label: String { Self.label(operation.kind, operation.name) }

    /// When a timer fires or a wait for a signal ends by itself; nil for "never".
    var due: Timestamp? {
        switch operation.kind {
        case .timer(.after(let duration)): requestedAt + duration
        case .timer(.at(let time)): time
        case .signal(let timeout): timeout.map { requestedAt + $0 }
        default: nil
        }
    }

    private static func label(_ kind: Operation.Kind, _ name: String) -> String {
        switch kind {
        case .step: "step \"\(name)\""
        case .transaction: "transaction \"\(name)\""
        case .compensation: "compensation \"\(name)\""
        case .timer: "a timer"
        case .signal: "signal \"\(name)\""
        case .child: "child \"\(name)\""
        case .snapshot: "a snapshot"
        case .event: "event \"\(name)\""
        }
    }
}

extension StepRecord.Kind {
    /// The kind of record that an operation leaves behind; nil for those that are no steps.
    init?(_ kind: Operation.Kind) {
        switch kind {
        case .step: self = .step
        case .transaction: self = .transaction
        case .compensation: self = .compensation
        case .timer, .signal, .child, .snapshot, .event: return nil
        }
    }
}
