import Synchronization
import WorkflowCore
import WorkflowEngine
public import WorkflowKit

/// Runs workflows on the real engine with a clock that skips: a month of sleep takes no time.
///
///     let test = WorkflowTest([WorkflowType(Reminder.self)])
///     let output = try await test.run(Reminder.self, input)
///     #expect(test.elapsed >= .seconds(30 * 24 * 3600))
///
/// Steps are carried out for real, one engine turn after the other; when nothing is left to do but to wait, the clock
/// jumps to the next timer. After the run, its function is taken up again from every position of its journal, as after a
/// crash there, and must come to the same result: code that is not deterministic fails the test that runs it. Steps are
/// not carried out again for that; ``runThroughCrashes(_:_:)`` does so.
public final class WorkflowTest: Sendable {
    private let registry: WorkflowRegistry
    private let startedAt: Timestamp
    private let seed: UInt64
    private let answer: (@Sendable (SQLStatement) throws -> [SQLRow])?
    private let state: Mutex<State>

    private struct State {
        var plan: [TestServer.Planned] = []
        /// The server of the last run.
        var server: TestServer?
    }

    /// - Parameters:
    ///   - workflows: Everything that the tested workflow starts, itself included.
    ///   - start: The time at which the clock begins.
    ///   - seed: Where the workflow's random numbers begin.
    ///   - answer: What the database answers to the statements of transactional steps; without it, no rows.
    public init(
        _ workflows: [WorkflowType],
        startingAt start: Timestamp = Timestamp(microsecondsSince1970: 1_767_225_600_000_000),
        seed: UInt64 = 1, answer: (@Sendable (SQLStatement) throws -> [SQLRow])? = nil
    ) {
        registry = WorkflowRegistry([(plugin: "test", workflows: workflows)])
        startedAt = start
        self.seed = seed
        self.answer = answer
        state = Mutex(State())
    }

    // MARK: What happens to the run

    /// Plans a signal to the run, `delay` after its start; before ``run(_:_:)``.
    public func signal(_ name: String, _ payload: some Encodable & Sendable, after delay: Duration = .zero) throws {
        let bytes = try JSONCoding.encodeBytes(payload, exactTimes: true)
        state.withLock { $0.plan.append(TestServer.Planned(delay: delay, what: .signal(name: name, payload: bytes))) }
    }

    /// Plans to cancel the run, `delay` after its start; before ``run(_:_:)``.
    public func cancel(after delay: Duration, reason: String? = nil) {
        state.withLock { $0.plan.append(TestServer.Planned(delay: delay, what: .cancel(reason: reason))) }
    }

    // MARK: Running

    /// Runs a workflow to its end and returns its output.
    ///
    /// Throws the ``Failure`` it ended with; `cancelled` when it was cancelled, `paused` when it was paused, for example
    /// because a step has no attempt left, `stuck` when it waits for something that never comes, and `not-deterministic`
    /// when its code took another course after a crash.
    public func run<Tested: Workflow>(_ workflow: Tested.Type, _ input: Tested.Input) async throws -> Tested.Output {
        try output(workflow, try await carryOut(workflow, input).ended.outcome)
    }

    /// Runs a workflow once for every commit that a run of it makes, each time with a crash of the server right after
    /// that commit, and returns the output, which must be the same each time.
    ///
    /// Steps that were under way are carried out again, as they are after a real crash. Throws as ``run(_:_:)`` does, and
    /// `crash.unsafe` when a crash changes the output, the committed statements or the events; so the output must hold
    /// nothing that differs from run to run, such as the ids of child runs.
    public func runThroughCrashes<Tested: Workflow>(
        _ workflow: Tested.Type, _ input: Tested.Input
    ) async throws -> Tested.Output {
        let (server, ended) = try await carryOut(workflow, input)
        let expected = server.traces(ended)
        for commit in 0..<server.commitCount {
            let crashing = newServer()
            let found = crashing.traces(try await crashing.run(try record(workflow, input), crashAfter: commit))
            if found != expected {
                throw Failure.permanent(
                    "crash.unsafe",
                    "a crash after commit \(commit) changed what the workflow did: expected \(expected), "
                        + "found \(found)")
            }
        }
        state.withLock { $0.server = server }
        return try output(workflow, ended.outcome)
    }

    // MARK: What came of it

    /// How far the clock went in the last run.
    public var elapsed: Duration { state.withLock { $0.server }.map { $0.now - startedAt } ?? .zero }

    /// The names of the steps that ended in the last run, children's included, in the order in which they ended.
    public var endedSteps: [String] { state.withLock { $0.server }?.endedSteps ?? [] }

    /// The statements that transactional steps committed, in order.
    public var committedStatements: [SQLStatement] { state.withLock { $0.server }?.store.statements ?? [] }

    /// The events that workflows emitted, in order.
    public var emittedEvents: [(type: String, data: JSON)] {
        (state.withLock { $0.server }?.store.events ?? []).map { ($0.type, (try? JSON(parsing: $0.data)) ?? .null) }
    }

    // MARK: -

    private func carryOut<Tested: Workflow>(
        _ workflow: Tested.Type, _ input: Tested.Input
    ) async throws -> (server: TestServer, ended: TestServer.Ended) {
        let server = newServer()
        let ended = try await server.run(try record(workflow, input), crashAfter: nil)
        try JournalCheck(run: ended.run, journal: server.store.journal(ended.run), registry: registry).check()
        return (server, ended)
    }

    private func newServer() -> TestServer {
        let plan = state.withLock { $0.plan }
        let server = TestServer(
            registry: registry, store: MemoryStore(answer: answer), startingAt: startedAt, seed: seed, plan: plan)
        state.withLock { $0.server = server }
        return server
    }

    private func record<Tested: Workflow>(_ workflow: Tested.Type, _ input: Tested.Input) throws -> StartRecord {
        StartRecord(
            workflow: Tested.name, version: Int32(Tested.version),
            input: try JSONCoding.encodeBytes(input, exactTimes: true), seed: seed)
    }

    private func output<Tested: Workflow>(_ workflow: Tested.Type, _ outcome: Outcome) throws -> Tested.Output {
        switch outcome {
        case .completed(let json): return try JSONCoding.decode(Tested.Output.self, from: json)
        case .failed(let failure): throw failure
        case .cancelled(let reason): throw Failure.permanent("cancelled", reason ?? "the run was cancelled")
        }
    }
}
