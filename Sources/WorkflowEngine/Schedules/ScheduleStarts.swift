package import WorkflowCore
package import WorkflowKit

/// Starts the runs of schedules, as their overlap has it.
package struct ScheduleStarts: Sendable {
    let node: Node

    package init(node: Node) { self.node = node }

    /// Starts a run for each of `moments`, and the one that waits, as far as they may be open together.
    ///
    /// - Returns: What became of the schedule, and the runs: those that were started, or the open one that kept them
    ///   from it.
    package func start(
        _ schedule: Schedule, for moments: [Timestamp], nextAt: Timestamp, in transaction: any Transaction
    ) async throws -> (progress: ScheduleProgress, runs: [Started]) {
        var progress = ScheduleProgress(
            nextAt: nextAt, lastFiredAt: schedule.lastFiredAt, waitingSince: schedule.waitingSince)
        var specification = RunSpecification(workflow: schedule.workflow, input: schedule.input)
        guard let key = schedule.runKey else {
            guard let newest = moments.last else { return (progress, []) }
            progress.lastFiredAt = newest
            let specifications = Array(repeating: specification, count: moments.count)
            return (progress, try await node.start(specifications, in: transaction))
        }
        let wanted = (schedule.waitingSince.map { [$0] } ?? []) + moments
        guard let first = wanted.first else { return (progress, []) }
        specification.key = key
        let started = try await node.start([specification], in: transaction)
        let isNew = started.contains(where: \.isNew)
        if isNew { progress.lastFiredAt = first }
        // One start waits at most; with `skip`, none does.
        let rest = isNew ? wanted.dropFirst() : wanted[...]
        progress.waitingSince = schedule.overlap == .queue ? rest.first : nil
        return (progress, started)
    }
}
