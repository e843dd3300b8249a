import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// A schedule as its row has it.
enum ScheduleRow {
    /// The columns `cron`, `time_zone` and `every_ms`.
    static func columns(_ cadence: Cadence) -> (cron: String?, zone: String?, everyMilliseconds: Int64?) {
        switch cadence {
        case .cron(let expression, let zone): (expression.text, zone.identifier, nil)
        case .every(let period, _): (nil, nil, period.milliseconds)
        }
    }

    /// - Throws: ``ScheduleFailure`` for one that this program cannot read, for example because its time zone is gone.
    static func schedule(_ row: SQLRow) throws -> Schedule {
        let name = try row.text("name")
        guard let missed = Schedule.Missed(rawValue: try row.text("missed")),
            let overlap = Schedule.Overlap(rawValue: try row.text("overlap"))
        else { throw ScheduleFailure(name: name, "it has a policy that this release does not know") }
        return Schedule(
            name: name, workflow: try row.text("workflow"), input: Array(try row.text("input").utf8),
            cadence: try cadence(row, name), missed: missed, overlap: overlap, nextAt: try row.timestamp("next_at"),
            lastFiredAt: try row.timestampOrNull("last_fired_at"),
            waitingSince: try row.timestampOrNull("waiting_since"), createdAt: try row.timestamp("created_at"))
    }

    private static func cadence(_ row: SQLRow, _ name: String) throws -> Cadence {
        if let period = try row.intOrNull("every_ms") {
            return .every(.milliseconds(period), anchor: try row.timestamp("anchor_at"))
        }
        do {
            return .cron(
                try CronExpression(try row.text("cron")), try ScheduleZone(try row.text("time_zone")))
        } catch let error as ScheduleError {
            throw ScheduleFailure(name: name, error.description)
        }
    }
}
