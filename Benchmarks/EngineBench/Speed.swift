import BenchSupport
import Foundation
import Logging
import Postgres
import WorkflowEngine
import WorkflowKit

/// Steps and runs a second of `canary.steps` with three external steps, against what pgbench does on the same server.
struct Speed {
    let seconds: Int

    func measure(rounds: Int) async throws {
        try await prepareBaselines()
        for round in 1...max(1, rounds) {
            say("round \(round) of \(rounds), \(seconds) s each")
            let commits = try PGBench.rate(script: Self.oneRow, clients: 64, seconds: seconds)
            say("  pgbench -c 64, one row a commit".padded(to: 46) + "\(commits.figure) commits/s")
            let byHand = try PGBench.rate(script: Self.runByHand, clients: 64, seconds: seconds)
            say("  pgbench -c 64, a run by hand in 5 commits".padded(to: 46) + "\(byHand.figure) runs/s")
            let bench = try await BenchNode.start(database: "bench_speed")
            for concurrency in [1, 64, 1_000] {
                _ = try await bench.load(Self.threeSteps, concurrency: concurrency, seconds: 1)
                let load = try await bench.load(Self.threeSteps, concurrency: concurrency, seconds: seconds)
                report(load, concurrency, commits, byHand)
            }
            try await reportLatency(bench)
            await bench.stop()
        }
    }

    private static let threeSteps = #"{"steps":3,"kind":"external"}"#

    private func report(_ load: LoadFigures, _ concurrency: Int, _ commits: Double, _ byHand: Double) {
        let steps = load.runsPerSecond * 3
        let perStep = { (total: Double) in (total / Double(load.runs * 3)).figure }
        say(
            "  engine, \(concurrency) runs at once".padded(to: 46)
                + "\(steps.figure) steps/s (\((steps / commits).figure) × commits), "
                + "\(load.runsPerSecond.figure) runs/s (\((load.runsPerSecond / byHand).figure) × by hand), "
                + "p50 \(load.percentile(0.5).figure) ms, p99 \(load.percentile(0.99).figure) ms")
        say(
            "    per step".padded(to: 46)
                + "\(perStep(load.costs.commits)) commits, \(perStep(load.costs.walBytes)) bytes of WAL, "
                + "\(perStep(load.costs.cpuSeconds * 1e6)) µs of CPU and \(perStep(load.costs.serverSeconds * 1e6)) µs "
                + "of the server's")
    }

    /// From start to result of one step, with nothing else to do, against one commit of pgbench.
    private func reportLatency(_ bench: BenchNode) async throws {
        let one = try PGBench.rate(script: Self.oneRow, clients: 1, seconds: seconds)
        for kind in ["external", "local"] {
            let load = try await bench.load(#"{"steps":1,"kind":"\#(kind)"}"#, concurrency: 1, seconds: seconds)
            say(
                "  one \(kind) step, idle, start to result".padded(to: 46)
                    + "p50 \(load.percentile(0.5).figure) ms: \((load.percentile(0.5) * one / 1_000).figure) × "
                    + "one commit of pgbench -c 1 (\((1_000 / one).figure) ms)")
        }
    }

    // MARK: Baselines

    private func prepareBaselines() async throws {
        let connection = try await PostgresConnection.connect(
            try PostgresConfiguration(url: "dbname=\(ProcessInfo.processInfo.environment["PGDATABASE"] ?? "postgres")"),
            logger: Logger(label: "bench"))
        try await connection.simple(
            """
            drop table if exists bench_item, bench_run, bench_step;
            create table bench_item (
                item_id bigint generated always as identity primary key,
                caller bigint not null, body text not null);
            create table bench_run (
                run_id bigint primary key, workflow text not null, state text not null, step integer not null,
                input jsonb not null, started_at timestamptz not null, ended_at timestamptz);
            create index bench_run_open on bench_run (started_at) where state <> 'completed';
            create table bench_step (
                run_id bigint not null, step integer not null, result jsonb not null, at timestamptz not null,
                primary key (run_id, step));
            """)
        await connection.close()
    }

    private static let oneRow = "insert into bench_item (caller, body) values (:client_id, repeat('x', 100));\n"

    /// What somebody writes who keeps a workflow's state in two tables: start, three steps and the end, a commit each.
    private static let runByHand = """
        \\set id random(1, 9223372036854775806)
        insert into bench_run values (:id, 'canary.steps', 'running', 0, '{"steps":3}', clock_timestamp());
        with done as (insert into bench_step values (:id, 1, '{}', clock_timestamp())) update bench_run set step = 1 where run_id = :id;
        with done as (insert into bench_step values (:id, 2, '{}', clock_timestamp())) update bench_run set step = 2 where run_id = :id;
        with done as (insert into bench_step values (:id, 3, '{}', clock_timestamp())) update bench_run set step = 3 where run_id = :id;
        update bench_run set state = 'completed', ended_at = clock_timestamp() where run_id = :id;

        """
}
