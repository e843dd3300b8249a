package import WorkflowKit

/// When a schedule falls due.
package enum Cadence: Hashable, Sendable {
    case cron(CronExpression, ScheduleZone)
    /// Every so often, counted from `anchor`, which is when the schedule was created.
    case every(Duration, anchor: Timestamp)

    /// The first moment after `time` at which it falls due; nil when there is none in sight.
    package func next(after time: Timestamp) -> Timestamp? {
        switch self {
        case .cron(let expression, let zone): return expression.next(after: time, in: zone)
        case .every(let period, let anchor):
            precondition(period > .zero, "a schedule needs a period")
            guard time >= anchor else { return anchor + period }
            let count = (time - anchor).microseconds / period.microseconds
            return anchor + .microseconds((count + 1) * period.microseconds)
        }
    }

    /// How far back to look for the newest moment, step by step, so that a long way back is no long way to go.
    private static let lookBacks: [Duration] = [
        .seconds(3_600), .seconds(26 * 3_600), .seconds(32 * 86_400), .seconds(367 * 86_400),
        .seconds(41 * 366 * 86_400),
    ]

    /// The newest moment up to `now`, itself included; nil when there was none.
    package func newest(upTo now: Timestamp) -> Timestamp? {
        switch self {
        case .every(let period, let anchor):
            let count = (now - anchor).microseconds / period.microseconds
            return count >= 1 ? anchor + .microseconds(count * period.microseconds) : nil
        case .cron:
            for lookBack in Self.lookBacks {
                guard var newest = next(after: now - lookBack), newest <= now else { continue }
                while let later = next(after: newest), later <= now { newest = later }
                return newest
            }
            return nil
        }
    }
}
