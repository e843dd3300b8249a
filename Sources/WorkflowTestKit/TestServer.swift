import Synchronization
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// A server for one run: the engine's lane, a store in memory and a clock that jumps.
final class TestServer: Sendable {
    /// Something that is to happen to the run some time after its start.
    struct Planned: Sendable {
        enum What: Sendable {
            case signal(name: String, payload: [UInt8])
            case cancel(reason: String?)
        }

        let delay: Duration
        let what: What
    }

    struct Ended: Sendable {
        let run: RunID
        let outcome: Outcome
    }

    /// What a run leaves behind, for comparison with another one.
    struct Traces: Equatable, Sendable, CustomStringConvertible {
        let outcome: Outcome
        let statements: [String]
        let events: [String]

        var description: String { "\(outcome), statements \(statements), events \(events)" }
    }

    private struct State {
        var clock: Timestamp
        var random: SplitMix
        var events: [LaneEvent] = []
        var plan: [(at: Timestamp, event: LaneEvent)] = []
        var endedSteps: [String] = []
        var commitCount = 0
        var isDead = false
    }

    let store: MemoryStore
    private let registry: WorkflowRegistry
    private let plan: [Planned]
    private let state: Mutex<State>

    init(registry: WorkflowRegistry, store: MemoryStore, startingAt start: Timestamp, seed: UInt64, plan: [Planned]) {
        self.registry = registry
        self.store = store
        self.plan = plan
        state = Mutex(State(clock: start, random: SplitMix(seed: seed)))
    }

    var now: Timestamp { state.withLock { $0.clock } }
    var endedSteps: [String] { state.withLock { $0.endedSteps } }
    /// How often something was committed.
    var commitCount: Int { state.withLock { $0.commitCount } }

    /// Runs that were left behind may have got further or less far; with them, only the outcome counts.
    func traces(_ ended: Ended) -> Traces {
        guard store.openRows.isEmpty else { return Traces(outcome: ended.outcome, statements: [], events: []) }
        return Traces(
            outcome: ended.outcome, statements: store.statements.map { "\($0.text) \($0.parameters)" }.sorted(),
            events: store.events.map { "\($0.type) \(String(decoding: $0.data, as: UTF8.self))" }.sorted())
    }

    /// Starts a run and lives on until it has ended.
    ///
    /// - Parameter crashAfter: The commit after which the server dies once and comes back, from 0; nil for none.
    func run(_ record: StartRecord, crashAfter: Int?) async throws -> Ended {
        let id = state.withLock { RunID(at: $0.clock, slot: HashSlot(0), using: &$0.random) }
        schedulePlan(id)
        post(.start(StartRequest(id: id, record: record)) { _ in })
        var incarnation: Int64 = 1
        var lane = newLane()
        defer { _ = lane.handle([.halt], at: now) }
        while true {
            let events = takeEvents()
            if events.isEmpty, !advanceClock(lane.nextAlarm) { throw stuck(id) }
            for output in lane.handle(events, at: now) {
                try await carryOut(output, by: incarnation)
                if let crashAfter, incarnation == 1, commitCount > crashAfter {
                    _ = lane.handle([.halt], at: now)
                    store.fence(incarnation)
                    incarnation += 1
                    lane = newLane()
                    try await takeOver()
                    break
                }
            }
            if let closed = store.closed(id), takenUpAll { return Ended(run: id, outcome: closed.outcome) }
            if let row = store.openRows.first(where: { $0.state == .paused || $0.state == .quarantined }) {
                throw Failure.permanent("paused", row.reason ?? "the run was paused")
            }
        }
    }

    /// Whether what happened up to now was handled, so that children that the run left behind go on as far as they can.
    private var takenUpAll: Bool { state.withLock { $0.events.isEmpty } }

    private func newLane() -> Lane {
        var settings = LaneSettings()
        settings.timerHorizon = .seconds(Int64.max / 1_000_000_000)
        let seed = state.withLock { $0.random.next() }
        return Lane(registry: registry, settings: settings, now: now, seed: seed) { [weak self] in self?.post($0) }
    }

    /// What a new process does with the runs of the one that died.
    private func takeOver() async throws {
        state.withLock { $0.events.removeAll { !$0.comesFromOutside } }
        post(.adopt(store.openRows, afterDeath: true))
        for message in try await store.messages(in: .all, after: 0, limit: .max) { post(.message(message)) }
    }

    private func schedulePlan(_ run: RunID) {
        state.withLock { state in
            for planned in plan {
                let event: LaneEvent
                switch planned.what {
                case .signal(let name, let payload):
                    let id = RunID(at: state.clock + planned.delay, slot: HashSlot(0), using: &state.random)
                    event = .signal(run, SignalRecord(name: name, id: id, payload: payload)) { _ in }
                case .cancel(let reason):
                    event = .command(run, .cancel(reason: reason)) { _ in }
                }
                state.plan.append((state.clock + planned.delay, event))
            }
            state.plan.sort { $0.at < $1.at }
        }
    }

    private func post(_ event: LaneEvent) { state.withLock { $0.events.append(event) } }

    private func takeEvents() -> [LaneEvent] {
        state.withLock { state in
            defer { state.events = [] }
            while let next = state.plan.first, next.at <= state.clock, state.commitCount > 0 {
                state.events.append(next.event)
                state.plan.removeFirst()
            }
            return state.events
        }
    }

    /// Jumps to what happens next; false when nothing does.
    private func advanceClock(_ alarm: Timestamp?) -> Bool {
        state.withLock { state in
            guard let next = [alarm, state.plan.first?.at].compactMap({ $0 }).min() else { return false }
            state.clock = max(state.clock, next)
            return true
        }
    }

    private func stuck(_ id: RunID) -> Failure {
        let row = store.openRows.first { $0.id == id }
        return .permanent(
            "stuck", "nothing is left to do, and the run has not ended; it waits for \(row?.reason ?? "nothing")")
    }

    // MARK: Carrying out

    private func carryOut(_ output: LaneOutput, by incarnation: Int64) async throws {
        switch output {
        case .commit(let number, let batch):
            post(.committed(number, try await store.commit(batch, by: incarnation), refused: [:]))
            state.withLock { $0.commitCount += 1 }
        case .load(let runs):
            post(.loaded(try await store.load(runs)))
        case .startStep(let job):
            do {
                let output = try await job.body(job.context)
                ended(job.context)
                post(.stepEnded(job.reference, .success(output)))
            } catch {
                post(.stepEnded(job.reference, .failure(Failure(error))))
            }
        case .startTransaction(let job):
            do {
                let output = try await store.transaction(by: incarnation) { transaction in
                    let output = try await job.body(transaction, job.context)
                    return (job.batch(output), output)
                }
                ended(job.context)
                state.withLock { $0.commitCount += 1 }
                post(.transactionEnded(job.reference, .success(output)))
            } catch {
                post(.transactionEnded(job.reference, .failure(Failure(error))))
            }
        case .messagesWaiting:
            for message in try await store.messages(in: .all, after: 0, limit: .max) { post(.message(message)) }
        case .cancelStep, .ended, .log:
            break
        }
    }

    private func ended(_ step: StepContext) { state.withLock { $0.endedSteps.append(step.name) } }
}

extension LaneEvent {
    /// Whether somebody outside the server sent it, and would send it again after a crash.
    fileprivate var comesFromOutside: Bool {
        switch self {
        case .signal, .command: true
        default: false
        }
    }
}
