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
/// jumps to the next timer. After the run, its journal is replayed from every position, so code that is not
/// deterministic fails the test that runs it.
public final class WorkflowTest: Sendable {
    private struct State {
        var clock: Timestamp
        var events: [LaneEvent] = []
        var signals: [(name: String, payload: [UInt8])] = []
    }

    private let registry: WorkflowRegistry
    private let store: MemoryStore
    private let state: Mutex<State>
    private let startedAt: Timestamp
    private let random: Mutex<SplitMix>

    /// - Parameters:
    ///   - workflows: Everything that the tested workflow starts, itself included.
    ///   - start: The time at which the clock begins.
    ///   - answer: What the database answers to the statements of transactional steps; without it, no rows.
    public init(
        _ workflows: [WorkflowType], startingAt start: Timestamp = Timestamp(microsecondsSince1970: 1_767_225_600_000_000),
        seed: UInt64 = 1, answer: (@Sendable (SQLStatement) throws -> [SQLRow])? = nil
    ) {
        registry = WorkflowRegistry([(plugin: "test", workflows: workflows)])
        store = MemoryStore(answer: answer)
        startedAt = start
        state = Mutex(State(clock: start))
        random = Mutex(SplitMix(seed: seed))
    }

    /// How far the clock went.
    public var elapsed: Duration { state.withLock { $0.clock } - startedAt }

    /// The statements that transactional steps committed, in order.
    public var committedStatements: [SQLStatement] { store.statements }

    /// The events that workflows emitted, in order.
    public var emittedEvents: [(type: String, data: JSON)] {
        store.events.map { ($0.type, (try? JSON(parsing: $0.data)) ?? .null) }
    }

    /// Sends a signal to the run as soon as it has started; before ``run(_:_:)``.
    public func signal(_ name: String, _ payload: some Encodable & Sendable) throws {
        let bytes = try JSONCoding.encodeBytes(payload, exactTimes: true)
        state.withLock { $0.signals.append((name, bytes)) }
    }

    /// Runs a workflow to its end and returns its output; throws the ``Failure`` it ended with.
    public func run<Tested: Workflow>(_ workflow: Tested.Type, _ input: Tested.Input) async throws -> Tested.Output {
        let bytes = try JSONCoding.encodeBytes(input, exactTimes: true)
        let (id, seed) = random.withLock { random in
            (RunID(at: now, slot: HashSlot(0), using: &random), random.next())
        }
        let record = StartRecord(
            workflow: Tested.name, version: Int32(Tested.version), input: bytes, seed: seed)
        post(.start(StartRequest(id: id, record: record)) { _ in })
        for (index, signal) in state.withLock({ $0.signals }).enumerated() {
            let signalID = random.withLock { RunID(at: now + .milliseconds(index), slot: HashSlot(0), using: &$0) }
            post(.signal(id, SignalRecord(name: signal.name, id: signalID, payload: signal.payload)) { _ in })
        }
        let outcome = try await drive(until: id)
        try checkReplays(id)
        switch outcome {
        case .completed(let json): return try JSONCoding.decode(Tested.Output.self, from: json)
        case .failed(let failure): throw failure
        case .cancelled(let reason): throw Failure.permanent("cancelled", reason ?? "the run was cancelled")
        }
    }

    private var now: Timestamp { state.withLock { $0.clock } }

    private func post(_ event: LaneEvent) { state.withLock { $0.events.append(event) } }

    private func takeEvents() -> [LaneEvent] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    /// Carries out one turn after the other until the run has ended.
    private func drive(until id: RunID) async throws -> Outcome {
        var settings = LaneSettings()
        settings.timerHorizon = .seconds(Int64.max / 1_000_000_000)
        let lane = Lane(registry: registry, settings: settings, now: now, seed: random.withLock { $0.next() }) {
            [weak self] in self?.post($0)
        }
        while true {
            let events = takeEvents()
            if events.isEmpty, try advanceClock(lane) == false { throw try stuck(id) }
            for output in lane.handle(events, at: now) { try await carryOut(output) }
            if let closed = store.closed(id) { return closed.outcome }
            if let row = store.openRows.first(where: { $0.id == id }), row.state == .paused {
                throw Failure.permanent("paused", row.reason ?? "the run was paused")
            }
        }
    }

    private func advanceClock(_ lane: Lane) throws -> Bool {
        guard let alarm = lane.nextAlarm else { return false }
        state.withLock { $0.clock = max($0.clock, alarm) }
        return true
    }

    private func stuck(_ id: RunID) throws -> Failure {
        let row = store.openRows.first { $0.id == id }
        return .permanent(
            "stuck", "nothing is left to do, and the run has not ended; it waits for \(row?.reason ?? "nothing")")
    }

    private func carryOut(_ output: LaneOutput) async throws {
        switch output {
        case .commit(let batch):
            post(.committed(try await store.commit(batch, by: 1), refused: [:]))
        case .load(let runs):
            post(.loaded(try await store.load(runs)))
        case .startStep(let job):
            do {
                post(.stepEnded(job.reference, .success(try await job.body(job.context))))
            } catch {
                post(.stepEnded(job.reference, .failure(Failure(error))))
            }
        case .startTransaction(let job):
            do {
                let output = try await store.transaction(by: 1) { transaction in
                    let output = try await job.body(transaction, job.context)
                    return (job.batch(output), output)
                }
                post(.transactionEnded(job.reference, .success(output)))
            } catch {
                post(.transactionEnded(job.reference, .failure(Failure(error))))
            }
        case .messagesWaiting:
            for message in try await store.messages(in: .all, after: 0, limit: 1_000) { post(.message(message)) }
        case .cancelStep, .ended, .log:
            break
        }
    }

    /// Replays the journal from each of its beginnings: the code must ask for what was recorded.
    private func checkReplays(_ id: RunID) throws {
        let journal = store.journal(id)
        guard case .started(let record) = journal.first?.fact,
            let type = registry.type(record.workflow, version: record.version)
        else { return }
        for length in 1..<max(2, journal.count) {
            let execution = Execution(runID: id, workflow: type, entries: journal.prefix(length), onForeignWake: {})
            execution.begin()
            defer { execution.evict() }
            if let problem = execution.problem {
                throw Failure.permanent("not-deterministic", problem.detail)
            }
        }
    }
}
