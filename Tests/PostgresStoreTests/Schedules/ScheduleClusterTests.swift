import Postgres
import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Several nodes that see to the same schedules.
@Suite struct ScheduleClusterTests {
    @Test func `nodes that come and go start one run for each moment between them`() async throws {
        try await ScheduleFixture.with { fixture in
            var arrivals = Arrivals.of("cluster").makeAsyncIterator()
            try await fixture.serving("one") { one in
                try await fixture.pool.transaction { transaction in
                    _ = try await one.put(
                        name: "s", workflow: Tick.name, input: Array(#"{"label":"cluster"}"#.utf8),
                        cadence: { now in .every(.milliseconds(50), anchor: now) }, missed: .all, overlap: .allow,
                        in: transaction)
                }
                one.changed()
                try await fixture.serving("two") { _ in
                    for _ in 0..<10 { await arrivals.next() }
                }
                for _ in 0..<5 { await arrivals.next() }
            }
            // While no node is there nothing is started; the next one makes up for it.
            try await fixture.serving("three") { _ in
                for _ in 0..<5 { await arrivals.next() }
            }
            let counts = try await fixture.pool.query(
                SQLStatement(
                    """
                    select (extract(epoch from next_at - anchor_at) * 20)::int - 1 as moments,
                        (select count(*)::int from holdfast.run) + (select count(*)::int from holdfast.run_closed) as runs
                    from holdfast.schedule
                    """))
            #expect(try counts[0].int("moments") >= 20)
            #expect(try counts[0].int("runs") == counts[0].int("moments"))
        }
    }
}
