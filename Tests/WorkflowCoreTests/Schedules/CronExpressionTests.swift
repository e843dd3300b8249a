import Testing
import WorkflowCore
import WorkflowKit

@Suite struct CronExpressionTests {
    /// The first moments after `start`, as text in UTC.
    private func moments(
        _ cron: String, _ zone: String = "UTC", after start: String, count: Int
    ) throws -> [String] {
        let expression = try CronExpression(cron)
        let zone = try ScheduleZone(zone)
        var time = try #require(Timestamp(rfc3339: start))
        return try (0..<count).map { _ in
            time = try #require(expression.next(after: time, in: zone))
            return time.rfc3339()
        }
    }

    @Test(arguments: [
        ("*/20 * * * *", ["2026-03-01T00:20:00.000Z", "2026-03-01T00:40:00.000Z", "2026-03-01T01:00:00.000Z"]),
        ("5,10-12 6 * * *", ["2026-03-01T06:05:00.000Z", "2026-03-01T06:10:00.000Z", "2026-03-01T06:11:00.000Z"]),
        ("0 9-17/4 * * mon-fri", ["2026-03-02T09:00:00.000Z", "2026-03-02T13:00:00.000Z", "2026-03-02T17:00:00.000Z"]),
        ("30 50/5 * * *", []),
        ("0 0 29 2 *", ["2028-02-29T00:00:00.000Z", "2032-02-29T00:00:00.000Z"]),
        ("0 0 1 JAN,Jul *", ["2026-07-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"]),
        ("0 12 * * 7", ["2026-03-01T12:00:00.000Z", "2026-03-08T12:00:00.000Z"]),
        ("0 12 * * Sun", ["2026-03-01T12:00:00.000Z", "2026-03-08T12:00:00.000Z"]),
        ("0 12 * * 5-7", ["2026-03-01T12:00:00.000Z", "2026-03-06T12:00:00.000Z", "2026-03-07T12:00:00.000Z"]),
        ("@hourly", ["2026-03-01T01:00:00.000Z", "2026-03-01T02:00:00.000Z"]),
        ("@daily", ["2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z"]),
        ("@weekly", ["2026-03-08T00:00:00.000Z"]),
        ("@monthly", ["2026-04-01T00:00:00.000Z"]),
        ("@yearly", ["2027-01-01T00:00:00.000Z"]),
    ])
    func `names, lists, ranges and steps mean what crontab has them mean`(cron: String, expected: [String]) throws {
        guard !expected.isEmpty else {
            #expect(throws: ScheduleError.self) { try CronExpression(cron) }
            return
        }
        #expect(try moments(cron, after: "2026-03-01T00:00:00Z", count: expected.count) == expected)
    }

    @Test func `with both kinds of day restricted, either is enough`() throws {
        #expect(
            try moments("0 0 13 * fri", after: "2026-02-28T00:00:00Z", count: 4) == [
                "2026-03-06T00:00:00.000Z", "2026-03-13T00:00:00.000Z", "2026-03-20T00:00:00.000Z",
                "2026-03-27T00:00:00.000Z",
            ])
    }

    @Test func `a field that begins with a star restricts nothing, so both kinds of day must fit`() throws {
        // Odd days of the month that are Fridays.
        #expect(
            try moments("0 0 */2 * fri", after: "2026-02-28T00:00:00Z", count: 2) == [
                "2026-03-13T00:00:00.000Z", "2026-03-27T00:00:00.000Z",
            ])
    }

    @Test func `a moment is after the time, never at it`() throws {
        #expect(try moments("0 * * * *", after: "2026-03-01T01:00:00Z", count: 1) == ["2026-03-01T02:00:00.000Z"])
        #expect(try moments("0 * * * *", after: "2026-03-01T00:59:59.999Z", count: 1) == ["2026-03-01T01:00:00.000Z"])
    }

    // Dates from the rules of the zones: the European Union changes its clocks on the last Sundays of March and October
    // at 01:00 UTC, the United States on the second of March and the first of November at 2:00 local time, Lord Howe
    // Island by half an hour on the first Sundays of October and April at 2:00 local time.

    @Test(arguments: [
        (
            "30 2 * * *", "Europe/Rome", "2026-03-27T12:00:00Z",
            ["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]
        ),
        (
            "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z",
            ["2026-03-08T07:00:00.000Z", "2026-03-09T06:30:00.000Z"]
        ),
        (
            "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
            ["2026-10-03T15:30:00.000Z", "2026-10-04T15:15:00.000Z"]
        ),
    ])
    func `a local time that does not exist is the moment at which the clock is put forward`(
        cron: String, zone: String, start: String, expected: [String]
    ) throws {
        #expect(try moments(cron, zone, after: start, count: expected.count) == expected)
    }

    @Test(arguments: [
        (
            "30 2 * * *", "Europe/Rome", "2026-10-24T12:00:00Z",
            ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]
        ),
        (
            "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
            ["2026-11-01T05:30:00.000Z", "2026-11-02T06:30:00.000Z"]
        ),
        (
            "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z",
            ["2026-04-04T14:45:00.000Z", "2026-04-05T15:15:00.000Z"]
        ),
    ])
    func `a local time that exists twice is the first of the two`(
        cron: String, zone: String, start: String, expected: [String]
    ) throws {
        #expect(try moments(cron, zone, after: start, count: expected.count) == expected)
    }

    @Test func `local times that come down to the same moment are one`() throws {
        // 2:00, 2:20 and 2:40 do not exist; 3:00 is the moment of the change.
        #expect(
            try moments("*/20 1-3 * * *", "Europe/Rome", after: "2026-03-29T00:30:00Z", count: 3) == [
                "2026-03-29T00:40:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-29T01:20:00.000Z",
            ])
    }

    @Test func `the hour that the clock shows again is passed over`() throws {
        #expect(
            try moments("0,30 * * * *", "America/New_York", after: "2026-11-01T05:00:00Z", count: 2) == [
                "2026-11-01T05:30:00.000Z", "2026-11-01T07:00:00.000Z",
            ])
    }

    @Test(arguments: [
        ("* * * *", "cron has 4 fields instead of five: minute, hour, day of the month, month, day of the week"),
        ("60 * * * *", "cron has \"60\" for the minute, which is not between 0 and 59"),
        ("* 24 * * *", "cron has \"24\" for the hour, which is not between 0 and 23"),
        ("* * 0 * *", "cron has \"0\" for the day of the month, which is not between 1 and 31"),
        ("* * * 13 *", "cron has \"13\" for the month, which is not between 1 and 12"),
        ("* * * * 8", "cron has \"8\" for the day of the week, which is not between 0 and 7"),
        ("* * * * x", "cron cannot be read: \"x\" is nothing that can stand for the day of the week"),
        ("+1 * * * *", "cron cannot be read: \"+1\" is nothing that can stand for the minute"),
        ("1,,2 * * * *", "cron cannot be read: \"\" is nothing that can stand for the minute"),
        ("1-2-3 * * * *", "cron cannot be read: \"1-2-3\" is nothing that can stand for the minute"),
        ("*/0 * * * *", "cron has a step \"0\" for the minute that is not between 1 and 59"),
        ("* 22-2 * * *", "cron has a range \"22-2\" for the hour that ends before it begins: write it as two"),
        ("0 0 30 2 *", "cron never comes: none of its months has such a day"),
        ("0 0 31 4,6,9,11 *", "cron never comes: none of its months has such a day"),
        (
            "@reboot",
            "cron cannot be \"@reboot\": there are @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly"
        ),
    ])
    func `what is wrong is said in a sentence that names the field`(cron: String, sentence: String) {
        let error = #expect(throws: ScheduleError.self) { try CronExpression(cron) }
        #expect(error?.description == sentence)
        #expect(error?.field == .cron)
    }

    @Test(arguments: ["Europe/Rom", "EST", "", "GMT+3", "../etc/passwd", "Europe/../UTC"])
    func `a zone that the IANA database does not have is refused`(zone: String) {
        let error = #expect(throws: ScheduleError.self) { try ScheduleZone(zone) }
        #expect(error?.field == .timeZone)
    }
}
