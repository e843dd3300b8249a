package import WorkflowCore
package import WorkflowKit

/// The memory of schedules.
///
/// Whoever starts the run of a moment moves its schedule on in the same transaction, under a lock on the schedule: so
/// each moment has exactly one run, whichever node sees to it and wherever it dies.
package protocol ScheduleStore: Sendable {
    /// Locks one schedule that is due at `now`, or whose waiting start can be made, calls `body` in the same transaction
    /// and moves the schedule on to what it returns.
    ///
    /// - Returns: False when there is none, or another node sees to all of them.
    /// - Throws: ``ScheduleFailure`` when it is the schedule's own fault, ``StoreError`` otherwise. Nothing happened.
    func startNext(
        _ scope: ScheduleScope, at now: Timestamp,
        _ body: @escaping @Sendable (Schedule, any Transaction) async throws -> ScheduleProgress
    ) async throws -> Bool

    /// When somebody has to look again.
    func outlook(_ scope: ScheduleScope) async throws(StoreError) -> ScheduleOutlook

    /// Makes or replaces a schedule; one whose times stay the same goes on as if nothing had been said.
    ///
    /// - Returns: When it falls due next.
    func put(_ schedule: Schedule, in transaction: any Transaction) async throws -> Timestamp

    /// One schedule, locked against whoever else starts its runs; nil when there is none.
    func schedule(locking name: String, in transaction: any Transaction) async throws -> Schedule?

    /// Moves a locked schedule on.
    func advance(_ schedule: Schedule, _ progress: ScheduleProgress, in transaction: any Transaction) async throws

    /// False when there was none of that name.
    func remove(_ name: String, in transaction: any Transaction) async throws -> Bool

    /// Schedules after `after`, by name.
    func list(after: String?, limit: Int, in transaction: any Transaction) async throws -> [Schedule]
}

/// Which schedules a node sees to.
package struct ScheduleScope: Sendable {
    /// Only those whose workflow the node can run; the others wait for a node that can.
    package let workflows: [String]
    /// Names of those that failed a moment ago.
    package let excluded: [String]

    package init(workflows: [String], excluded: [String]) {
        self.workflows = workflows
        self.excluded = excluded
    }
}

package struct ScheduleOutlook: Sendable {
    package let nextAt: Timestamp?
    /// Open runs whose end a start waits for.
    package let awaited: [RunID]
    /// Whether one of them ended meanwhile, so that a start waits for nothing any more.
    package let isWaitOver: Bool

    package init(nextAt: Timestamp?, awaited: [RunID], isWaitOver: Bool) {
        self.nextAt = nextAt
        self.awaited = awaited
        self.isWaitOver = isWaitOver
    }
}

/// What became of a schedule when its runs were started.
package struct ScheduleProgress: Sendable, Equatable {
    package var nextAt: Timestamp
    package var lastFiredAt: Timestamp?
    package var waitingSince: Timestamp?

    package init(nextAt: Timestamp, lastFiredAt: Timestamp?, waitingSince: Timestamp?) {
        self.nextAt = nextAt
        self.lastFiredAt = lastFiredAt
        self.waitingSince = waitingSince
    }
}

/// One schedule cannot be carried out; the others can.
package struct ScheduleFailure: Error, CustomStringConvertible {
    package let name: String
    package let description: String

    package init(name: String, _ description: String) {
        self.name = name
        self.description = description
    }
}
