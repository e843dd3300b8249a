import Testing
import WorkflowCore
import WorkflowKit

@Suite struct ScheduleTests {
    let noon = Timestamp(microsecondsSince1970: 1_772_366_400_000_000)

    private func schedule(every period: Duration, _ missed: Schedule.Missed, nextAt: Timestamp) -> Schedule {
        Schedule(
            name: "s", workflow: "w", input: [], cadence: .every(period, anchor: noon), missed: missed, overlap: .allow,
            nextAt: nextAt, createdAt: noon)
    }

    @Test func `a period is counted from the moment of creation, however late it is looked at`() {
        let cadence = Cadence.every(.seconds(90), anchor: noon)
        #expect(cadence.next(after: noon) == noon + .seconds(90))
        #expect(cadence.next(after: noon + .seconds(89)) == noon + .seconds(90))
        #expect(cadence.next(after: noon + .seconds(90)) == noon + .seconds(180))
        #expect(cadence.next(after: noon + .seconds(1_000)) == noon + .seconds(1_080))
        #expect(cadence.next(after: noon - .seconds(5)) == noon + .seconds(90))
        #expect(cadence.newest(upTo: noon + .seconds(1_000)) == noon + .seconds(990))
        #expect(cadence.newest(upTo: noon + .seconds(89)) == nil)
    }

    @Test(arguments: ["* * * * *", "7 3 * * *", "0 0 29 2 *", "0 0 1 1 *"])
    func `the newest moment up to now is the one that has none between it and now`(cron: String) throws {
        let cadence = Cadence.cron(try CronExpression(cron), try ScheduleZone("Europe/Rome"))
        let newest = try #require(cadence.newest(upTo: noon))
        #expect(newest <= noon)
        #expect(try #require(cadence.next(after: newest)) > noon)
    }

    @Test func `nothing is due before its time`() {
        let early = schedule(every: .seconds(60), .all, nextAt: noon + .seconds(60))
        #expect(early.due(at: noon + .seconds(59)) == DueMoments(moments: [], nextAt: noon + .seconds(60)))
    }

    @Test(arguments: Schedule.Missed.allCases)
    func `a moment that is noticed in time gets its run whatever is done about missed ones`(missed: Schedule.Missed) {
        let due = schedule(every: .seconds(60), missed, nextAt: noon + .seconds(60)).due(at: noon + .seconds(63))
        #expect(due == DueMoments(moments: [noon + .seconds(60)], nextAt: noon + .seconds(120)))
    }

    @Test func `missed moments are skipped, stood for by one, or made up for`() {
        let now = noon + .seconds(299)
        func due(_ missed: Schedule.Missed) -> DueMoments {
            schedule(every: .seconds(60), missed, nextAt: noon + .seconds(120)).due(at: now)
        }
        #expect(due(.skip) == DueMoments(moments: [], nextAt: noon + .seconds(300)))
        #expect(due(.latest) == DueMoments(moments: [noon + .seconds(240)], nextAt: noon + .seconds(300)))
        #expect(
            due(.all)
                == DueMoments(
                    moments: [noon + .seconds(120), noon + .seconds(180), noon + .seconds(240)],
                    nextAt: noon + .seconds(300)))
    }

    @Test func `of several moments only the newest can be on time`() {
        let due = schedule(every: .seconds(1), .skip, nextAt: noon + .seconds(1)).due(at: noon + .milliseconds(5_500))
        #expect(due == DueMoments(moments: [noon + .seconds(5)], nextAt: noon + .seconds(6)))
    }

    @Test func `a second of a year long gone by is made up for in pieces, and skipped at once`() {
        let now = noon + .seconds(365 * 86_400)
        let pieces = schedule(every: .seconds(1), .all, nextAt: noon + .seconds(1)).due(at: now)
        #expect(pieces.moments.count == Schedule.dueMax)
        #expect(pieces.nextAt == noon + .seconds(1) * (Schedule.dueMax + 1))
        let skipped = schedule(every: .seconds(1), .latest, nextAt: noon + .seconds(1)).due(at: now)
        #expect(skipped == DueMoments(moments: [now], nextAt: now + .seconds(1)))
    }

    @Test func `only schedules whose runs may not overlap give them a business key`() {
        var schedule = schedule(every: .seconds(1), .all, nextAt: noon)
        #expect(schedule.runKey == nil)
        schedule.overlap = .queue
        #expect(schedule.runKey == "schedule:s")
    }
}
