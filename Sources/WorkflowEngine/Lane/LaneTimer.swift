import WorkflowCore
import WorkflowKit

/// Something a lane is to do at a time.
struct LaneTimer: Comparable {
    enum Kind: Equatable {
        /// A timer or the wait for a signal ends.
        case operation(Int32)
        /// A failed step is tried again.
        case retry(Int32)
        /// An attempt has taken too long, or was silent for too long.
        case timeout(Int32, attempt: Int32)
        case silence(Int32, attempt: Int32)
        case deadline
        /// A run that is not in memory is due.
        case wake
        /// A queued run may start.
        case startTime
        case parkCheck
        /// A suspect that is still alive makes room for the next.
        case suspicionEnds
    }

    let due: Timestamp
    /// Orders timers that are due at the same time: first set, first fired.
    let number: UInt64
    let run: RunID
    let kind: Kind

    static func < (left: LaneTimer, right: LaneTimer) -> Bool {
        (left.due, left.number) < (right.due, right.number)
    }

    static func == (left: LaneTimer, right: LaneTimer) -> Bool { left.number == right.number }
}
