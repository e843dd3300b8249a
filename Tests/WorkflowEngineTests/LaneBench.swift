import Synchronization
import WorkflowCore
import WorkflowEngine
import WorkflowKit
import WorkflowTestKit

/// A lane on a bench: a test hands it events and carries out its orders by hand.
final class LaneBench {
    let lane: Lane
    let store: MemoryStore
    var clock = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)
    /// Orders that were not carried out yet.
    var orders: [LaneOutput] = []
    private var random = SplitMix(seed: 1)

    init(
        _ workflows: [WorkflowType], store: MemoryStore = MemoryStore(), settings: LaneSettings = LaneSettings()
    ) {
        self.store = store
        lane = Lane(
            registry: WorkflowRegistry([(plugin: "bench", workflows: workflows)]), settings: settings, now: clock,
            seed: 7
        ) { _ in }
    }

    /// A step is to be started.
    var hasStep: Bool { orders.contains(where: \.isStep) }

    func send(_ events: LaneEvent...) { orders += lane.handle(events, at: clock) }

    func newID(slot: Int32 = 0) -> RunID { RunID(at: clock, slot: HashSlot(slot), using: &random) }

    /// Starts a run and returns its id.
    func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, slot: Int32 = 0, _ change: (inout StartRecord) -> Void = { _ in },
        answer: Answer<Started> = Answer()
    ) throws -> RunID {
        let id = newID(slot: slot)
        var record = StartRecord(
            workflow: W.name, version: 1, input: try JSONCoding.encodeBytes(input), seed: 1)
        change(&record)
        send(.start(StartRequest(id: id, record: record), answer.reply))
        return id
    }

    /// Carries out the orders for which `isMeant` is true, and those that follow from them.
    func carryOut(_ isMeant: (LaneOutput) -> Bool = { _ in true }) async throws {
        while let index = orders.firstIndex(where: isMeant) {
            switch orders.remove(at: index) {
            case .commit(let number, let batch):
                send(.committed(number, try await store.commit(batch, by: 1), refused: [:]))
            case .load(let runs): send(.loaded(try await store.load(runs)))
            case .startStep(let job):
                send(.stepEnded(job.reference, .success(try await job.body(job.context))))
            case .startTransaction(let job):
                let output = try await store.transaction(by: 1) { transaction in
                    let output = try await job.body(transaction, job.context)
                    return (job.batch(output), output)
                }
                send(.transactionEnded(job.reference, .success(output)))
            case .messagesWaiting:
                for message in try await store.messages(in: .all, after: 0, limit: 100) { send(.message(message)) }
            case .cancelStep, .ended, .log: break
            }
        }
    }

    /// Has every batch that is out fail, the oldest first.
    func failCommits() {
        let numbers = orders.compactMap(\.commitNumber)
        orders.removeAll(where: \.isCommit)
        for number in numbers { send(.commitFailed(number)) }
    }

    func facts(_ run: RunID) -> [JournalEntry.Fact] { store.journal(run).map(\.fact) }

    func signal(_ number: Int) -> SignalRecord {
        SignalRecord(name: "number", id: newID(), payload: Array("\(number)".utf8))
    }
}

/// What a lane answered.
final class Answer<Value: Sendable>: Sendable {
    private let results = Mutex<[Result<Value, Refusal>]>([])
    var reply: Reply<Value> { { result in self.results.withLock { $0.append(result) } } }
    var all: [Result<Value, Refusal>] { results.withLock { $0 } }
    var values: [Value] { all.compactMap { try? $0.get() } }
    var refusals: [Refusal] {
        all.compactMap { if case .failure(let refusal) = $0 { refusal } else { nil } }
    }
}

extension LaneOutput {
    var isCommit: Bool { if case .commit = self { true } else { false } }
    var isLoad: Bool { if case .load = self { true } else { false } }
    var isStep: Bool { if case .startStep = self { true } else { false } }
    var commitNumber: Int? { if case .commit(let number, _) = self { number } else { nil } }
    var batch: Batch? { if case .commit(_, let batch) = self { batch } else { nil } }
}
