import Synchronization
package import WorkflowKit

/// The database's clock, as well as this process knows it.
///
/// It advances with the monotonic clock and is set by what the database told last, so a jump of the machine's own
/// clock changes nothing.
package final class NodeClock: Sendable {
    private let origin = ContinuousClock.now
    private let offset = Mutex<Int64>(0)

    package init() {}

    package var now: Timestamp {
        let elapsed = (ContinuousClock.now - origin).microseconds
        return Timestamp(microsecondsSince1970: offset.withLock { $0 } + elapsed)
    }

    /// The database said that it is `time`. The clock never goes back: a small difference is waited out.
    package func set(_ time: Timestamp) {
        let elapsed = (ContinuousClock.now - origin).microseconds
        offset.withLock { $0 = max($0, time.microsecondsSince1970 - elapsed) }
    }
}
