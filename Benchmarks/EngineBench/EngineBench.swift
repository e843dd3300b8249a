import Canary
import Foundation
import Logging
import Postgres
import PostgresStore
import Synchronization
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Measures the engine on a database whose schema is there: `EngineBench URL [workflow-kind] [runs] [concurrency]`.
///
/// Prints one line for each concurrency: runs/s, steps/s, p50 and p99 from start to end.
@main
enum EngineBench {
    static func main() async throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        guard let url = arguments.first else {
            print("usage: EngineBench URL [kind=external] [runs=20000] [concurrency=1,64,1000]")
            exit(64)
        }
        arguments.removeFirst()
        let kind = arguments.first ?? "external"
        let runs = arguments.dropFirst().first.flatMap { Int($0) } ?? 20_000
        let concurrencies = (arguments.dropFirst(2).first ?? "1,64,1000").split(separator: ",").compactMap { Int($0) }

        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .notice
            return handler
        }
        let logger = Logger(label: "bench")
        let node = PostgresNode.make(
            try PostgresConfiguration(url: url), settings: NodeSettings(name: "bench", build: "bench"),
            plugins: [.canary], logger: logger)
        let serving = Task { await node.run() }
        while node.ownedRanges.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        for concurrency in concurrencies {
            let count = concurrency == 1 ? min(runs, 1_000) : runs
            try await measure(node, kind, steps: 3, runs: count / 10 + 1, concurrency: concurrency, isWarmUp: true)
            try await measure(node, kind, steps: 3, runs: count, concurrency: concurrency, isWarmUp: false)
        }
        node.stop()
        await serving.value
    }

    private static func measure(
        _ node: Node, _ kind: String, steps: Int, runs: Int, concurrency: Int, isWarmUp: Bool
    ) async throws {
        let input = Array("{\"steps\":\(steps),\"kind\":\"\(kind)\"}".utf8)
        let tally = Tally()
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    var own: [Double] = []
                    while tally.take() < runs {
                        let start = ContinuousClock.now
                        let started = try await node.start(RunSpecification(workflow: "canary.steps", input: input))
                        guard await node.hasEnded(started.run, within: .seconds(60)) else { throw Lost() }
                        own.append(Double((ContinuousClock.now - start).microseconds) / 1_000)
                    }
                    tally.add(own)
                }
            }
            try await group.waitForAll()
        }
        let seconds = Double((ContinuousClock.now - began).microseconds) / 1_000_000
        guard !isWarmUp else { return }
        let sorted = tally.latencies.sorted()
        func percentile(_ part: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))] }
        print(
            String(
                format: "%@ concurrency %d: %.0f runs/s, %.0f steps/s, p50 %.2f ms, p99 %.2f ms", kind, concurrency,
                Double(runs) / seconds, Double(runs * steps) / seconds, percentile(0.5), percentile(0.99)))
    }
}

struct Lost: Error {}

/// What the tasks of one measurement share.
private final class Tally: Sendable {
    private let next = Atomic<Int>(0)
    private let all = Mutex<[Double]>([])

    var latencies: [Double] { all.withLock { $0 } }

    func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
    func add(_ latencies: [Double]) { all.withLock { $0 += latencies } }
}
