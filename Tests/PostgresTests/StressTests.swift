import Foundation
import Testing
import WorkflowKit

@testable import Postgres

/// Tasks that read and write through a pool and a pipeline while their calls are cancelled, their server processes
/// ended and their sockets cut.
///
/// `HOLDFAST_STRESS_ROUNDS` says how many such disturbances there are, `HOLDFAST_SEED` which.
@Suite struct StressTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["HOLDFAST_STRESS_ROUNDS"].flatMap(Int.init) ?? 200

    @Test(.timeLimit(.minutes(10)))
    func `no disturbance makes a call hang, mixes up rows, tells a lie about a write or leaks a connection`()
        async throws
    {
        var random = SeededRandom.announced()
        let load = try await StressLoad(workers: 16, poolSize: 4, seed: random.next())
        load.start()
        var completions = load.completions.makeAsyncIterator()
        for _ in 0..<Self.rounds {
            // Some calls pass between two disturbances.
            for _ in 0..<Int.random(in: 1...6, using: &random) { _ = await completions.next() }
            try await load.disturb(using: &random)
        }
        try await load.finish()

        #expect(load.wrongRows.value == 0)
        let writes = try await load.writes()
        print("stress: \(Self.rounds) rounds, \(writes.count) writes, outcomes \(load.outcomeCounts())")
        #expect(writes.lies == [])
        #expect(writes.count > Self.rounds)
        #expect(load.pool.waitingCount == 0)
        #expect(load.pool.connectionCount <= 4)
        try await load.close()
    }
}

/// The load of a stress test: what runs, what it was told, and what the table says.
final class StressLoad: Sendable {
    let pool: PostgresPool
    let pipeline: PostgresPipeline
    let wrongRows = Counter()
    /// One element for every call that ended.
    let completions: AsyncStream<Void>

    private let completed: AsyncStream<Void>.Continuation
    private let admin: PostgresConnection
    private let table: String
    private let slots: [Slot]
    private let seed: UInt64
    private let state = Locked(State())

    private struct State {
        var isStopping = false
        var workers: [Task<Void, Never>] = []
        /// What the caller was told about the write of each number.
        var outcomes: [Int64: Outcome] = [:]
        /// The numbers whose calls were cancelled.
        var cancelled: Set<Int64> = []
    }

    enum Outcome: Hashable, Sendable {
        case written
        case failed(SQLError.Kind)
    }

    /// What one worker has under way.
    private final class Slot: Sendable {
        struct Content {
            var number: Int64 = 0
            var task: Task<Void, any Error>?
            var connection: PostgresConnection?
        }

        let content = Locked(Content())
    }

    init(workers: Int, poolSize: Int, seed: UInt64) async throws {
        var configuration = TestCluster.configuration
        table = "stress_\(seed)"
        configuration.parameters["application_name"] = table
        pool = PostgresPool(
            configuration: configuration, size: poolSize, logger: TestCluster.logger, acquireTimeout: .seconds(120))
        pipeline = PostgresPipeline(
            configuration: configuration, logger: TestCluster.logger, connectPatience: .seconds(120))
        (completions, completed) = AsyncStream.makeStream()
        admin = try await TestCluster.connect()
        try await admin.simple("create table \(table) (n bigint primary key)")
        slots = (0..<workers).map { _ in Slot() }
        self.seed = seed
    }

    func start() {
        for (index, slot) in slots.enumerated() {
            let worker = Task {
                var random = SeededRandom(seed: self.seed &+ UInt64(index))
                var number = Int64(index) * 1_000_000
                while !self.state.withLock({ $0.isStopping }) {
                    number += 1
                    await self.call(number, in: slot, using: &random)
                    self.completed.yield()
                }
            }
            state.withLock { $0.workers.append(worker) }
        }
    }

    /// Makes one call that can be disturbed, and notes what it was told.
    private func call(_ number: Int64, in slot: Slot, using random: inout SeededRandom) async {
        let way = Int.random(in: 0..<3, using: &random)
        let pause = Double.random(in: 0...0.004, using: &random)
        let task = Task {
            switch way {
            case 0: try await self.writeInTransaction(number, pause, slot)
            case 1: try await self.writeAtOnce(number, pause, slot)
            default: try await self.writeInPipeline(number, pause)
            }
        }
        slot.content.withLock { content in
            content.number = number
            content.task = task
        }
        let result = await task.result
        slot.content.withLock { $0.task = nil }
        let outcome: Outcome =
            switch result {
            case .success: .written
            case .failure(let error): .failed((error as? SQLError)?.kind ?? .defect)
            }
        state.withLock { $0.outcomes[number] = outcome }
    }

    private func insert(_ number: Int64, _ pause: Double) -> SQLStatement {
        SQLStatement(
            uncheckedText: "insert into \(table) select $1 from pg_sleep($2) returning n", name: "insert",
            parameters: [.int8(number), .float8(pause)])
    }

    private func check(_ rows: [SQLRow], _ number: Int64) {
        if rows.count != 1 || rows.first?.values.first != .int8(number) { wrongRows.increment() }
    }

    private func writeInTransaction(_ number: Int64, _ pause: Double, _ slot: Slot) async throws {
        try await lend(to: slot) { connection in
            try await connection.transaction { transaction in
                self.check(try await transaction.query(self.insert(number, pause)), number)
                self.check(try await transaction.query(SQLStatement("select $1", .int8(-number))), -number)
            }
        }
    }

    private func writeAtOnce(_ number: Int64, _ pause: Double, _ slot: Slot) async throws {
        try await lend(to: slot) { connection in
            self.check(try await connection.query(self.insert(number, pause)), number)
        }
    }

    private func writeInPipeline(_ number: Int64, _ pause: Double) async throws {
        let rows = try await pipeline.submit([insert(number, pause / 8), SQLStatement("select $1", .int8(-number))])
        check(rows[0], number)
        check(rows[1], -number)
    }

    private func lend(
        to slot: Slot, _ body: @Sendable (PostgresConnection) async throws -> Void
    ) async throws {
        try await pool.withConnection { connection in
            slot.content.withLock { $0.connection = connection }
            defer { slot.content.withLock { $0.connection = nil } }
            try await body(connection)
        }
    }

    /// Cancels a call, ends a session or cuts a socket, at random.
    func disturb(using random: inout SeededRandom) async throws {
        let slot = slots.randomElement(using: &random)!
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<4:
            let (number, task) = slot.content.withLock { ($0.number, $0.task) }
            _ = state.withLock { $0.cancelled.insert(number) }
            task?.cancel()
        case 4, 5:
            let offset = Int64.random(in: 0..<5, using: &random)
            _ = try await admin.query(
                SQLStatement(
                    """
                    select pg_terminate_backend(pid) from (
                        select pid from pg_stat_activity where application_name = $1 order by pid offset $2 limit 1) s
                    """, .text(table), .int8(offset)))
        case 6:
            slot.content.withLock { $0.connection }?.cut()
        default:
            pipeline.cut()
        }
    }

    /// Lets every call end.
    func finish() async throws {
        let workers = state.withLock { state in
            state.isStopping = true
            return state.workers
        }
        for worker in workers { await worker.value }
        completed.finish()
    }

    /// How many numbers were written or not, and about which of them the caller was told something else.
    func writes() async throws -> (count: Int, lies: [String]) {
        // A session that was cut may still be at work on the server; nothing of ours is under way any more.
        try await TestCluster.wait(
            until: SQLStatement(
                """
                select 1 where not exists (
                    select from pg_stat_activity where application_name = $1 and state <> 'idle')
                """, .text(table)), on: admin)
        let rows = try await admin.query(
            SQLStatement(uncheckedText: "select n from \(table)", name: "written"))
        let written = Set(try rows.map { Int64(try $0.int("n")) })
        let (outcomes, cancelled) = state.withLock { ($0.outcomes, $0.cancelled) }
        var lies: [String] = []
        for (number, outcome) in outcomes {
            switch outcome {
            case .written where !written.contains(number): lies.append("\(number) was lost")
            case .failed(.outcomeUnknown): break
            case .failed(let kind) where written.contains(number): lies.append("\(number) was written: \(kind)")
            case .failed(.cancelled) where !cancelled.contains(number): lies.append("\(number) was not cancelled")
            case .failed(.defect), .failed(.rejected), .failed(.notPermitted): lies.append("\(number): \(outcome)")
            default: break
            }
        }
        return (outcomes.count, lies)
    }

    func outcomeCounts() -> String {
        let counts = Dictionary(grouping: state.withLock { $0.outcomes }.values, by: { "\($0)" }).mapValues(\.count)
        return counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// Closes everything, and waits until the server has seen all of it go: what leaked would stay for ever.
    func close() async throws {
        await pool.close()
        await pipeline.close()
        try await TestCluster.wait(
            until: SQLStatement(
                "select 1 where not exists (select from pg_stat_activity where application_name = $1)", .text(table)),
            on: admin)
        try await admin.simple("drop table \(table)")
        await admin.close()
    }
}
