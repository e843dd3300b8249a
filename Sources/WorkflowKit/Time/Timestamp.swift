/// A point in time as the database knows it.
///
/// Whole microseconds since 1970-01-01T00:00:00Z, because that is what `timestamptz` stores: a value read back
/// compares equal to the value written. Rules never ask the machine for the time; they are handed a `Timestamp`
/// with every event.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
    public let microsecondsSince1970: Int64

    public init(microsecondsSince1970: Int64) {
        self.microsecondsSince1970 = microsecondsSince1970
    }

    /// The earliest point in time that can be written.
    public static let distantPast = Timestamp(microsecondsSince1970: .min)

    /// A point in time later than any that is ever written; stands for "never".
    public static let distantFuture = Timestamp(microsecondsSince1970: .max)

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    /// The time `duration` later; stops at ``distantFuture`` and ``distantPast`` instead of overflowing.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = time.microsecondsSince1970.addingReportingOverflow(duration.microseconds)
        if overflow { return duration.microseconds > 0 ? .distantFuture : .distantPast }
        return Timestamp(microsecondsSince1970: sum)
    }

    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        time + .microseconds(-duration.microseconds)
    }

    /// How much later `later` is than `earlier`.
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        let (difference, overflow) = later.microsecondsSince1970.subtractingReportingOverflow(
            earlier.microsecondsSince1970)
        if overflow { return .microseconds(later > earlier ? Int64.max : Int64.min) }
        return .microseconds(difference)
    }

    /// The number of the UTC day: days since 1970-01-01, rounded down.
    public var utcDay: Int32 {
        let microsecondsPerDay: Int64 = 86_400_000_000
        let quotient = microsecondsSince1970 / microsecondsPerDay
        let isBeforeMidnight = microsecondsSince1970 % microsecondsPerDay < 0
        return Int32(clamping: isBeforeMidnight ? quotient - 1 : quotient)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero and clamped to what an `Int64` holds.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds > 0 ? .max : .min }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        if overflowed { return scaled > 0 ? .max : .min }
        return sum
    }

    /// Whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 { microseconds / 1_000 }
}
