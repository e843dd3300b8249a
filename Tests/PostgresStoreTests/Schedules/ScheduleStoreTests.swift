import Postgres
import PostgresStore
import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

@Suite struct ScheduleStoreTests {
    struct Crash: Error {}

    @Test func `each moment has one run, however many nodes see to it at once`() async throws {
        try await ScheduleFixture.with { fixture in
            for number in 0..<10 { try await fixture.put("s\(number)") }
            // Three moments of each, 60 seconds apart.
            let later = fixture.now + .seconds(185)
            try await withThrowingTaskGroup { group in
                for number in 0..<4 {
                    let node = fixture.node("n\(number)")
                    group.addTask { try await fixture.startDue(at: later, on: node) }
                }
                try await group.waitForAll()
            }
            // Whoever was passed over because another one held the row leaves it to that one.
            try await fixture.startDue(at: later, on: fixture.node())
            #expect(try await fixture.openRuns() == 30)
            let schedule = try #require(try await fixture.schedule("s7"))
            #expect(schedule.nextAt == fixture.now + .seconds(240))
            #expect(schedule.lastFiredAt == fixture.now + .seconds(180))
        }
    }

    @Test func `a node that dies before the commit leaves the moment to the next one`() async throws {
        try await ScheduleFixture.with { fixture in
            try await fixture.put()
            let later = fixture.now + .seconds(65)
            let node = fixture.node()
            await #expect(throws: Crash.self) {
                _ = try await fixture.store.startNext(
                    ScheduleScope(workflows: [Tick.name], excluded: []), at: later
                ) { schedule, transaction in
                    _ = try await ScheduleFixture.start(schedule, at: later, on: node, in: transaction)
                    throw Crash()
                }
            }
            #expect(try await fixture.openRuns() == 0)
            try await fixture.startDue(at: later, on: node)
            try await fixture.startDue(at: later, on: node)
            #expect(try await fixture.openRuns() == 1)
        }
    }

    @Test func `more moments than one commit makes up for follow in the next ones`() async throws {
        try await ScheduleFixture.with { fixture in
            try await fixture.put(every: .seconds(1))
            try await fixture.startDue(at: fixture.now + .seconds(250), on: fixture.node())
            #expect(try await fixture.openRuns() == 250)
        }
    }

    @Test func `while a run is open, the next start is dropped`() async throws {
        try await ScheduleFixture.with { fixture in
            try await fixture.put(overlap: .skip)
            let node = fixture.node()
            try await fixture.startDue(at: fixture.now + .seconds(60), on: node)
            try await fixture.startDue(at: fixture.now + .seconds(120), on: node)
            #expect(try await fixture.openRuns() == 1)
            #expect(try await fixture.schedule()?.lastFiredAt == fixture.now + .seconds(60))
            try await fixture.endOpenRuns()
            try await fixture.startDue(at: fixture.now + .seconds(130), on: node)
            #expect(try await fixture.openRuns() == 0)
            try await fixture.startDue(at: fixture.now + .seconds(180), on: node)
            #expect(try await fixture.openRuns() == 1)
        }
    }

    @Test func `one start at most waits until the open run has ended`() async throws {
        try await ScheduleFixture.with { fixture in
            try await fixture.put(overlap: .queue)
            let node = fixture.node()
            for minute in 1...3 {
                try await fixture.startDue(at: fixture.now + .seconds(60 * minute), on: node)
                #expect(try await fixture.openRuns() == 1)
            }
            #expect(try await fixture.schedule()?.waitingSince == fixture.now + .seconds(120))
            let scope = ScheduleScope(workflows: [Tick.name], excluded: [])
            let open = try await fixture.store.outlook(scope)
            #expect(open.awaited.count == 1)
            #expect(!open.isWaitOver)

            try await fixture.endOpenRuns()
            // Whoever looked for what is due before the run ended must not fall asleep over it.
            let ended = try await fixture.store.outlook(scope)
            #expect(ended.awaited.isEmpty)
            #expect(ended.isWaitOver)
            try await fixture.startDue(at: fixture.now + .seconds(190), on: node)
            #expect(try await fixture.openRuns() == 1)
            let schedule = try await fixture.schedule()
            #expect(schedule?.waitingSince == nil)
            #expect(schedule?.lastFiredAt == fixture.now + .seconds(120))

            try await fixture.endOpenRuns()
            try await fixture.startDue(at: fixture.now + .seconds(200), on: node)
            #expect(try await fixture.openRuns() == 0)
        }
    }

    @Test func `what a node cannot run, or failed at a moment ago, is left to others`() async throws {
        try await ScheduleFixture.with { fixture in
            try await fixture.put("unknown", workflow: "elsewhere")
            try await fixture.put("failed")
            let scope = ScheduleScope(workflows: [Tick.name, Gate.name], excluded: ["failed"])
            let isMore = try await fixture.store.startNext(scope, at: fixture.now + .seconds(600)) { _, _ in
                throw Crash()
            }
            #expect(!isMore)
            #expect(try await fixture.store.outlook(scope).nextAt == nil)
        }
    }

    @Test func `what the database refuses is told as that schedule's failure`() async throws {
        try await ScheduleFixture.with { fixture in
            try await fixture.put()
            let failure = await #expect(throws: ScheduleFailure.self) {
                _ = try await fixture.store.startNext(
                    ScheduleScope(workflows: [Tick.name], excluded: []), at: fixture.now + .seconds(60)
                ) { schedule, transaction in
                    _ = try await transaction.query(SQLStatement("select 1 / 0"))
                    return ScheduleProgress(nextAt: schedule.nextAt, lastFiredAt: nil, waitingSince: nil)
                }
            }
            #expect(failure?.name == "s")
        }
    }

    @Test func `repeating a schedule delays nothing; other times begin anew`() async throws {
        try await ScheduleFixture.with { fixture in
            func put(_ cadence: Cadence, at time: Timestamp, input: String) async throws -> Timestamp {
                let schedule = Schedule(
                    name: "s", workflow: Tick.name, input: Array(input.utf8), cadence: cadence, missed: .latest,
                    overlap: .queue, nextAt: try #require(cadence.next(after: time)), createdAt: time)
                return try await fixture.pool.transaction { try await fixture.store.put(schedule, in: $0) }
            }
            let now = fixture.now
            #expect(try await put(.every(.seconds(60), anchor: now), at: now, input: "{}") == now + .seconds(60))
            let later = now + .seconds(30)
            let repeated = try await put(.every(.seconds(60), anchor: later), at: later, input: #"{"a": 1}"#)
            #expect(repeated == now + .seconds(60))
            let kept = try #require(try await fixture.schedule())
            #expect(kept.cadence == .every(.seconds(60), anchor: now))
            #expect(kept.createdAt == now)
            #expect(String(decoding: kept.input, as: UTF8.self) == #"{"a": 1}"#)
            #expect(try await put(.every(.seconds(40), anchor: later), at: later, input: "{}") == later + .seconds(40))
            let cron = Cadence.cron(try CronExpression("*/5 * * * *"), try ScheduleZone("Europe/Rome"))
            let next = try #require(cron.next(after: later))
            #expect(try await put(cron, at: later, input: "{}") == next)
            #expect(try await fixture.schedule()?.cadence == cron)
        }
    }

    @Test func `schedules are listed by name and removed once`() async throws {
        try await ScheduleFixture.with { fixture in
            for name in ["b", "a", "c"] { try await fixture.put(name) }
            try await fixture.pool.transaction { transaction in
                let store = fixture.store
                let first = try await store.list(after: nil, limit: 2, in: transaction)
                #expect(first.map(\.name) == ["a", "b"])
                let second = try await store.list(after: "b", limit: 2, in: transaction)
                #expect(second.map(\.name) == ["c"])
                let removals = [
                    try await store.remove("b", in: transaction), try await store.remove("b", in: transaction),
                ]
                #expect(removals == [true, false])
            }
        }
    }
}
