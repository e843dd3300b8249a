import ArgumentParser
import Canary
import Foundation
import Logging
import Postgres
import PostgresStore
import WorkflowEngine
import WorkflowKit

/// `holdfast bench`: how many runs a second this machine and this PostgreSQL carry out.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures the engine on a PostgreSQL: runs of three steps, each made durable.",
        discussion: """
            Without --database it measures the PostgreSQL of the data directory. The process joins the cluster as a node \
            of its own for as long as it takes, so measure a database that nothing else is working on; the runs stay in \
            it as closed ones until they are forgotten. Figures of a binary built for debugging say little.
            """)

    @OptionGroup var database: DatabaseOptions
    @Option(help: "Runs for each line of the table.")
    var runs = 5_000
    @Option(help: "How many of them are under way at once, separated by commas.")
    var concurrency = "1,64,1000"
    @Option(help: "local, external or transactional steps.")
    var kind = "external"
    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let levels = concurrency.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
        guard !levels.isEmpty, runs > 0, ["local", "external", "transactional"].contains(kind) else {
            throw Refusal(.usage, "bench takes numbers above 0, and steps that are local, external or transactional")
        }
        let resolved = try await database.resolved()
        let logger = Logger(label: "holdfast.bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let lines = try await resolved.withDatabase(mayCreate: true, logger: logger) { configuration in
            let verdict = try await Migrations.runner(configuration, logger: logger).verdict()
            guard verdict.isOK else { throw Refusal(.configuration, verdict.description) }
            return try await measure(levels, configuration, logger)
        }
        if json {
            let document: JSON = ["kind": .string(kind), "runs": .int(runs), "lines": .array(lines.map(\.json))]
            print(document.text)
        } else {
            print("at once     runs/s    steps/s    p50 ms    p99 ms")
            for line in lines { print(line.text) }
        }
    }

    /// What one level of concurrency found.
    private struct Line: Sendable {
        let concurrency: Int
        let runsPerSecond: Double
        let p50: Double
        let p99: Double

        private func rounded(_ value: Double) -> JSON {
            JSONNumber((value * 100).rounded() / 100).map(JSON.number) ?? .null
        }

        var json: JSON {
            [
                "concurrency": .int(concurrency), "runsPerSecond": rounded(runsPerSecond),
                "stepsPerSecond": rounded(runsPerSecond * 3), "p50Ms": rounded(p50), "p99Ms": rounded(p99),
            ]
        }

        var text: String {
            String(
                format: "%7d %10.0f %10.0f %9.2f %9.2f", concurrency, runsPerSecond, runsPerSecond * 3, p50, p99)
        }
    }

    private func measure(
        _ levels: [Int], _ configuration: PostgresConfiguration, _ logger: Logger
    ) async throws -> [Line] {
        let node = PostgresNode.make(
            configuration, settings: NodeSettings(name: "bench", build: Release.version), plugins: [.canary],
            logger: logger)
        let (joined, join) = AsyncStream<Void>.makeStream()
        let running = Task { await node.run { join.finish() } }
        for await _ in joined {}
        var lines: [Line] = []
        do {
            // The first runs make what is made once: connections, plans, partitions.
            _ = try await measure(64, min(runs, 500), node)
            for level in levels { lines.append(try await measure(level, runs, node)) }
        } catch {
            node.stop()
            await running.value
            throw Refusal(.unavailable, "the measurement was cut short: \(error)")
        }
        node.stop()
        await running.value
        return lines
    }

    private func measure(_ concurrency: Int, _ runs: Int, _ node: Node) async throws -> Line {
        let input = Array(#"{"steps":3,"kind":"\#(kind)"}"#.utf8)
        let start = ContinuousClock.now
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for worker in 0..<min(concurrency, runs) {
                let share = runs / concurrency + (worker < runs % concurrency ? 1 : 0)
                group.addTask {
                    var times: [Double] = []
                    for _ in 0..<share {
                        let began = ContinuousClock.now
                        let started = try await node.start(RunSpecification(workflow: "canary.steps", input: input))
                        _ = await node.hasEnded(started.run, within: .seconds(300))
                        times.append(Double(began.duration(to: .now).microseconds) / 1_000)
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }.sorted()
        let seconds = Double(start.duration(to: .now).microseconds) / 1_000_000
        return Line(
            concurrency: concurrency, runsPerSecond: Double(times.count) / seconds, p50: times[times.count / 2],
            p99: times[times.count * 99 / 100])
    }
}
