import BenchSupport
import Canary
import Foundation
import Logging
import Postgres
import PostgresStore
import WorkflowEngine
import WorkflowKit

/// A node of the engine on a new database of the server that the environment names.
struct BenchNode: Sendable {
    let database: String
    let node: Node
    let connection: PostgresConnection
    let serving: Task<Void, Never>

    static func start(database: String) async throws -> BenchNode {
        let logger = Logger(label: "bench") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        let administration = try await PostgresConnection.connect(
            try PostgresConfiguration(url: "dbname=postgres"), logger: logger)
        try await administration.simple("drop database if exists \(database)")
        try await administration.simple("create database \(database)")
        await administration.close()
        let configuration = try PostgresConfiguration(url: "dbname=\(database)")
        let runner = MigrationRunner(
            configuration: configuration,
            sources: [
                MigrationSource(plugin: MigrationID.engine, files: PostgresStore.EmbeddedSQL.migrations),
                MigrationSource(plugin: Plugin.canary.name, files: Plugin.canary.migrations),
            ],
            settings: MigrationSettings(release: "bench"), logger: logger)
        _ = try await runner.up()
        var settings = NodeSettings(name: "bench", build: "bench")
        if let lanes = ProcessInfo.processInfo.environment["BENCH_LANES"].flatMap({ Int($0) }) {
            settings.lanes = lanes
        }
        let node = PostgresNode.make(
            configuration, settings: settings, plugins: [.canary], logger: logger)
        let serving = Task { await node.run() }
        while node.ownedRanges.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        return BenchNode(
            database: database, node: node,
            connection: try await PostgresConnection.connect(configuration, logger: logger), serving: serving)
    }

    func stop() async {
        node.stop()
        await serving.value
        await connection.close()
    }

    /// Keeps `concurrency` runs under way for `seconds`, each started when one has ended.
    func load(_ input: String, concurrency: Int, seconds: Int) async throws -> LoadFigures {
        let before = try await Costs.now(of: self)
        let began = ContinuousClock.now
        let end = began + .seconds(seconds)
        let bytes = Array(input.utf8)
        // Independent tasks: a group of a thousand children would measure the group.
        let tasks = (0..<concurrency).map { _ in
            Task {
                var latencies: [Double] = []
                while ContinuousClock.now < end {
                    let start = ContinuousClock.now
                    let started = try await node.start(RunSpecification(workflow: "canary.steps", input: bytes))
                    guard await node.hasEnded(started.run, within: .seconds(60)) else {
                        throw BenchFailure("a run did not end within a minute")
                    }
                    latencies.append(Double((ContinuousClock.now - start).microseconds) / 1_000)
                }
                return latencies
            }
        }
        var latencies: [Double] = []
        for task in tasks { latencies += try await task.value }
        let elapsed = Double((ContinuousClock.now - began).microseconds) / 1e6
        let costs = try await Costs.now(of: self) - before
        return LoadFigures(latencies: latencies.sorted(), seconds: elapsed, costs: costs)
    }
}

/// What a load came to.
struct LoadFigures {
    /// From start to end of each run in milliseconds, ascending.
    let latencies: [Double]
    let seconds: Double
    let costs: Costs

    var runs: Int { latencies.count }
    var runsPerSecond: Double { Double(runs) / seconds }

    func percentile(_ part: Double) -> Double { latencies[min(runs - 1, Int(Double(runs) * part))] }
}

/// What a load cost.
struct Costs {
    var commits: Double
    var walBytes: Double
    /// Of this process.
    var cpuSeconds: Double
    /// Of all processes of the database server.
    var serverSeconds: Double

    static func now(of bench: BenchNode) async throws -> Costs {
        let rows = try await bench.connection.query(
            SQLStatement(
                """
                select (select xact_commit from pg_stat_database where datname = current_database())::bigint as commits,
                    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as wal,
                    current_setting('data_directory') as folder
                """))
        let folder = try rows[0].text("folder")
        return Costs(
            commits: Double(try rows[0].int("commits")), walBytes: Double(try rows[0].int("wal")),
            cpuSeconds: ownSeconds(), serverSeconds: serverSeconds(folder))
    }

    static func - (later: Costs, earlier: Costs) -> Costs {
        Costs(
            commits: later.commits - earlier.commits, walBytes: later.walBytes - earlier.walBytes,
            cpuSeconds: later.cpuSeconds - earlier.cpuSeconds,
            serverSeconds: later.serverSeconds - earlier.serverSeconds)
    }

    private static func ownSeconds() -> Double { ticks(ofProcess: "self", withChildren: false)?.seconds ?? 0 }

    /// What all processes of the server have used, those that ended included.
    private static func serverSeconds(_ folder: String) -> Double {
        guard let file = try? String(contentsOfFile: folder + "/postmaster.pid", encoding: .utf8),
            let pid = file.split(separator: "\n").first,
            let processes = try? FileManager.default.contentsOfDirectory(atPath: "/proc")
        else { return 0 }
        let children = processes.compactMap { ticks(ofProcess: $0, withChildren: false) }
            .filter { $0.parent == String(pid) }
        let own = ticks(ofProcess: String(pid), withChildren: true)?.seconds ?? 0
        return own + children.reduce(0) { $0 + $1.seconds }
    }

    /// The fields of /proc/PID/stat that proc(5) calls ppid, utime, stime, cutime and cstime, at 100 ticks a second.
    private static func ticks(ofProcess process: String, withChildren: Bool) -> (parent: String, seconds: Double)? {
        guard process == "self" || process.allSatisfy(\.isNumber),
            let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 14 else { return nil }
        let ticks = fields[12..<(withChildren ? 16 : 14)].compactMap { Double($0) }.reduce(0, +)
        return (String(fields[2]), ticks / 100)
    }
}
