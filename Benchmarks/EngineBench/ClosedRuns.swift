import BenchSupport
import Postgres
import WorkflowEngine
import WorkflowKit

/// Whether runs that ended slow down those to come: the same load on an empty database and on one full of closed runs.
struct ClosedRuns {
    let seconds: Int

    func measure(runs: Int, rounds: Int) async throws {
        let empty = try await BenchNode.start(database: "bench_empty")
        let full = try await BenchNode.start(database: "bench_full")
        var closed = 0
        while closed < runs {
            closed += try await full.load(#"{"steps":1,"kind":"local"}"#, concurrency: 1_000, seconds: seconds).runs
        }
        try await full.connection.simple("vacuum analyze")
        say("\(closed) closed runs are there")
        var ratios: [Double] = []
        for round in 1...max(1, rounds) {
            // Neighbours come and go, so the two take turns, and who begins changes.
            var rates: [String: Double] = [:]
            for bench in round.isMultiple(of: 2) ? [full, empty] : [empty, full] {
                let load = try await bench.load(#"{"steps":3,"kind":"external"}"#, concurrency: 64, seconds: seconds)
                rates[bench.database] = load.runsPerSecond
            }
            let (without, with) = (rates["bench_empty"] ?? 0, rates["bench_full"] ?? 0)
            ratios.append(with / without)
            say("  round \(round): \(without.figure) runs/s without, \(with.figure) with: \((with / without).figure)")
        }
        say("  median \(ratios.sorted()[ratios.count / 2].figure)")
        await empty.stop()
        await full.stop()
    }
}
