package import WorkflowKit

/// Which minutes of the local calendar a schedule falls on, in the notation of cron.
///
/// Five fields: minute, hour, day of the month, month, day of the week. Each is a list of numbers, ranges and `*`, with
/// or without a step; months and days of the week may be written by their first three English letters, and Sunday is 0
/// or 7. When both kinds of day are restricted, a day that fits either is meant, as crontab(5) has it; a field that
/// begins with `*` restricts nothing. `@hourly`, `@daily` (`@midnight`), `@weekly`, `@monthly` and `@yearly`
/// (`@annually`) stand for what they say.
package struct CronExpression: Hashable, Sendable {
    /// As it was written.
    package let text: String
    private let minutes: UInt64
    private let hours: UInt64
    private let daysOfMonth: UInt64
    private let months: UInt64
    private let daysOfWeek: UInt64
    /// Whether a day has to fit only one of the two kinds of day.
    private let isEitherDay: Bool

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    package init(_ text: String) throws(ScheduleError) {
        self.text = text
        var text = text
        if text.hasPrefix("@") {
            guard let meaning = Self.macros[text.lowercased()] else {
                throw ScheduleError(
                    .cron, "cannot be \"\(text)\": there are \(Self.macros.keys.sorted().joined(separator: ", "))")
            }
            text = meaning
        }
        let fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw ScheduleError(
                .cron,
                "has \(fields.count) fields instead of five: minute, hour, day of the month, month, day of the week")
        }
        minutes = try CronField.minute.numbers(fields[0])
        hours = try CronField.hour.numbers(fields[1])
        daysOfMonth = try CronField.dayOfMonth.numbers(fields[2])
        months = try CronField.month.numbers(fields[3])
        let weekdays = try CronField.dayOfWeek.numbers(fields[4])
        daysOfWeek = weekdays & 1 << 7 == 0 ? weekdays : weekdays | 1
        isEitherDay = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        guard fallsOnSomeDay else {
            throw ScheduleError(.cron, "never comes: none of its months has such a day")
        }
    }

    /// Whether the calendar has such a day at all; 30 February is none.
    private var fallsOnSomeDay: Bool {
        if isEitherDay { return true }
        let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return longest.indices.contains { month in
            months >> UInt64(month + 1) & 1 == 1 && daysOfMonth & ((1 << UInt64(longest[month] + 1)) - 1) != 0
        }
    }

    /// How far ahead the rarest day can lie: 29 February and a given day of the week come together within 40 years.
    private static let daysAheadMax: Int64 = 41 * 366

    /// The first moment after `time` on which it falls in `zone`; nil when there is none in sight.
    ///
    /// A local time that the zone's clock leaves out, because it is put forward, is the moment at which it is put
    /// forward. One that the clock shows twice, because it is put back, is the first of the two. Local times that come
    /// down to the same moment are one.
    package func next(after time: Timestamp, in zone: ScheduleZone) -> Timestamp? {
        let second = time.microsecondsSince1970.flooredQuotient(by: 1_000_000)
        // What the clock shows now, or less, was shown first before now.
        let shown = second + zone.offset(at: second)
        let firstDay = shown.flooredQuotient(by: 86_400)
        for day in firstDay..<(firstDay + Self.daysAheadMax) where fits(day: day) {
            for hour in 0..<Int64(24) where hours >> UInt64(hour) & 1 == 1 {
                for minute in 0..<Int64(60) where minutes >> UInt64(minute) & 1 == 1 {
                    let local = day * 86_400 + hour * 3_600 + minute * 60
                    guard local >= shown else { continue }
                    let moment = zone.firstMoment(showing: local)
                    if moment > second { return Timestamp(microsecondsSince1970: moment * 1_000_000) }
                }
            }
        }
        return nil
    }

    private func fits(day: Int64) -> Bool {
        let (month, dayOfMonth) = Self.monthAndDay(daysSince1970: day)
        guard months >> UInt64(month) & 1 == 1 else { return false }
        let fitsMonth = daysOfMonth >> UInt64(dayOfMonth) & 1 == 1
        // 1970-01-01 was a Thursday.
        let weekday = (day + 4) - (day + 4).flooredQuotient(by: 7) * 7
        let fitsWeek = daysOfWeek >> UInt64(weekday) & 1 == 1
        return isEitherDay ? fitsMonth || fitsWeek : fitsMonth && fitsWeek
    }

    /// Howard Hinnant, chrono-compatible low-level date algorithms: civil_from_days.
    private static func monthAndDay(daysSince1970 day: Int64) -> (month: Int, day: Int) {
        let shifted = Int(day) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Int64 {
    /// The quotient rounded down, also below zero.
    func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
