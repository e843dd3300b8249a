import Foundation
import Testing
import WorkflowCore
import WorkflowKit

/// The search for the next moment against one that watches a clock minute by minute.
@Suite struct CronSearchTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["HOLDFAST_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1 ... .max)
    }

    /// What five random fields allow, and how they are written.
    private struct Fields {
        let minutes: Set<Int>
        let hours: Set<Int>
        let daysOfMonth: Set<Int>?
        let weekdays: Set<Int>?

        init(using random: inout Generator) {
            func some(_ range: Range<Int>, _ count: Int, _ random: inout Generator) -> Set<Int> {
                Set((0..<count).map { _ in Int.random(in: range, using: &random) })
            }
            minutes = some(0..<60, 3, &random)
            hours = some(0..<6, 4, &random)
            daysOfMonth = Bool.random(using: &random) ? some(1..<32, 12, &random) : nil
            weekdays = Bool.random(using: &random) ? some(0..<7, 3, &random) : nil
        }

        var text: String {
            func list(_ numbers: Set<Int>?) -> String {
                numbers.map { $0.sorted().map(String.init).joined(separator: ",") } ?? "*"
            }
            return "\(list(minutes)) \(list(hours)) \(list(daysOfMonth)) * \(list(weekdays))"
        }

        func allow(_ local: DateComponents) -> Bool {
            guard minutes.contains(local.minute ?? -1), hours.contains(local.hour ?? -1) else { return false }
            let fitsMonth = daysOfMonth?.contains(local.day ?? -1)
            let fitsWeek = weekdays?.contains((local.weekday ?? 0) - 1)
            if let fitsMonth, let fitsWeek { return fitsMonth || fitsWeek }
            return fitsMonth ?? fitsWeek ?? true
        }
    }

    /// Watches the clock of `zone`: each local minute counts when the clock shows it, or more, for the first time.
    private func watched(_ fields: Fields, _ zone: TimeZone, from start: Int, until end: Int) -> [Int] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        var moments: [Int] = []
        var shown = Int.min
        for moment in stride(from: start - 86_400, to: end, by: 60) {
            let local = moment + zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment)))
            guard shown != .min else {
                shown = local
                continue
            }
            let isDue = stride(from: shown + 60, through: local, by: 60).contains { minute in
                fields.allow(
                    calendar.dateComponents(
                        [.minute, .hour, .day, .weekday], from: Date(timeIntervalSince1970: Double(minute))))
            }
            shown = max(shown, local)
            if isDue, moment > start { moments.append(moment) }
        }
        return moments
    }

    @Test(arguments: [
        // One day and more around a change of the clock of each zone, to and fro.
        ("Europe/Rome", "2026-03-28T00:00:00Z"), ("Europe/Rome", "2026-10-24T00:00:00Z"),
        ("America/New_York", "2026-03-07T00:00:00Z"), ("America/New_York", "2026-10-31T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-03T12:00:00Z"), ("Australia/Lord_Howe", "2026-10-02T12:00:00Z"),
        ("America/Sao_Paulo", "2018-02-16T12:00:00Z"), ("America/Sao_Paulo", "2018-11-03T12:00:00Z"),
        ("Pacific/Apia", "2011-12-29T00:00:00Z"), ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
    ])
    func `every moment is the one that a watcher of the clock would tell`(zone: String, start: String) throws {
        let seed = Self.seed
        var random = Generator(state: seed)
        let begin = Int(try #require(Timestamp(rfc3339: start)).microsecondsSince1970 / 1_000_000)
        let end = begin + 60 * 3_600
        let timeZone = try #require(TimeZone(identifier: zone))
        for _ in 0..<6 {
            let fields = Fields(using: &random)
            let expected = watched(fields, timeZone, from: begin, until: end)
            let expression = try CronExpression(fields.text)
            var found: [Int] = []
            var time = Timestamp(microsecondsSince1970: Int64(begin) * 1_000_000)
            while let next = expression.next(after: time, in: try ScheduleZone(zone)) {
                time = next
                let second = Int(time.microsecondsSince1970 / 1_000_000)
                guard second < end else { break }
                found.append(second)
            }
            #expect(found == expected, "seed \(seed), \(fields.text)")
        }
    }
}
