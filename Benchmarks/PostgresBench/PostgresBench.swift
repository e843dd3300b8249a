import BenchSupport
import Foundation
import Logging
import Postgres
import Synchronization
import WorkflowKit

/// Measures the client against pgbench on the same server in the same run, so that what is compared has met the same
/// disk and the same neighbours.
///
///     Benchmarks/PostgresBench/with-cluster.sh swift run -c release PostgresBench [rounds] [seconds] [inserts|latency]
@main
struct PostgresBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let rounds = arguments.first ?? 3
        let bench = PostgresBench(seconds: arguments.dropFirst().first ?? 5)
        try await bench.prepare()
        for round in 1...max(1, rounds) {
            print("round \(round) of \(rounds), \(bench.seconds) s each")
            if !CommandLine.arguments.contains("latency") { try await bench.measureInserts() }
            if !CommandLine.arguments.contains("inserts") { try await bench.measureLatency() }
        }
    }

    let configuration: PostgresConfiguration
    let seconds: Int
    let logger = Logger(label: "bench")

    init(seconds: Int) {
        self.seconds = seconds
        do {
            // The server comes from PGHOST and its like, for pgbench and for us alike.
            let environment = ProcessInfo.processInfo.environment
            let database = environment["PGDATABASE"] ?? "postgres"
            configuration = try PostgresConfiguration(url: environment["DATABASE_URL"] ?? "dbname=\(database)")
        } catch {
            fatalError("cannot use the database: \(error)")
        }
    }

    func prepare() async throws {
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        try await connection.simple(
            """
            drop table if exists bench_item;
            create table bench_item (
                item_id bigint generated always as identity primary key,
                caller bigint not null, body text not null);
            """)
        await connection.close()
    }

    // MARK: - Durable inserts

    func measureInserts() async throws {
        let single = "insert into bench_item (caller, body) values (:client_id, repeat('x', 100));\n"
        let reference = try PGBench.rate(script: single, clients: 64, seconds: seconds)
        print("  pgbench -c 64, one insert per commit     \(reference.figure) rows/s")
        for callers in [64, 1_024] {
            let (rate, itemsPerCommit) = try await groupCommit(callers: callers)
            print(
                "  group commit, \(callers) callers".padded(to: 43)
                    + "\(rate.figure) rows/s, ratio \((rate / reference).figure), "
                    + "\(itemsPerCommit.figure) rows per commit")
        }
    }

    private func groupCommit(callers: Int) async throws -> (rate: Double, itemsPerCommit: Double) {
        let commits = Count()
        let lanes = (0..<2).map { _ in PostgresPipeline(configuration: configuration, logger: logger) }
        let body = String(repeating: "x", count: 100)
        let writer = GroupCommitWriter<Int64, Int64>(lanes: lanes) { callers throws(SQLError) in
            commits.increment()
            return [
                SQLStatement(
                    """
                    insert into bench_item (caller, body)
                    select * from unnest($1, $2) returning item_id
                    """,
                    .int8Array(callers), .textArray(callers.map { _ in body }))
            ]
        } read: { _, answers throws(SQLError) in
            var ids: [Int64] = []
            for row in answers[0].rows {
                guard case .int8(let id) = row[0] else { throw SQLError(kind: .defect, message: "no item_id") }
                ids.append(id)
            }
            return ids
        }
        let end = ContinuousClock.now + .seconds(seconds)
        let start = ContinuousClock.now
        // Independent tasks: a group of a thousand children would measure the group.
        let tasks = (0..<callers).map { caller in
            Task {
                var count = 0
                while ContinuousClock.now < end {
                    _ = try await writer.submit(Int64(caller))
                    count += 1
                }
                return count
            }
        }
        var total = 0
        for task in tasks { total += try await task.value }
        let elapsed = ContinuousClock.now - start
        await writer.close()
        for lane in lanes { await lane.close() }
        return (Double(total) / elapsed.seconds, Double(total) / Double(commits.value))
    }

    // MARK: - Latency of one statement after the other

    func measureLatency() async throws {
        let reference = try PGBench.rate(script: "select 1;\n", clients: 1, seconds: seconds)
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        let statement = SQLStatement("select 1")
        // A caller that only asks one question after the other runs where the answers are read.
        let seconds = seconds
        let caller = Task(executorPreference: PostgresConnection.executor) {
            for _ in 0..<1_000 { _ = try await connection.query(statement) }
            let end = ContinuousClock.now + .seconds(seconds)
            let start = ContinuousClock.now
            var count = 0
            while ContinuousClock.now < end {
                _ = try await connection.query(statement)
                count += 1
            }
            return Double(count) / (ContinuousClock.now - start).seconds
        }
        let rate = try await caller.value
        await connection.close()
        let ratio = reference / rate
        print("  pgbench -c 1 -M prepared, select 1       \((1e6 / reference).figure) µs")
        print("  one caller, select 1                     \((1e6 / rate).figure) µs, ratio \(ratio.figure)")
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(microseconds) / 1e6 }
}

/// Counts from several tasks.
final class Count: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increment() { count.add(1, ordering: .relaxed) }
}
