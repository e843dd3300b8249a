import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit
import WorkflowTestKit

/// What a workflow function is told when it and its journal do not agree.
@Suite struct ExecutionTests {
    struct Charge: Workflow {
        static let name = "example.charge"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            let amount = try await context.step("amount") { _ in 5 }
            try await context.sleep(for: .seconds(60))
            return try await context.transaction("charge") { _, _ in amount }
        }
    }

    private let time = Timestamp(microsecondsSince1970: 1_000_000)
    private let run = RunID("019b76da-a800-7e80-8095-6f9f08e364cf")!

    private func start(_ name: String) -> JournalEntry {
        JournalEntry(
            seq: 0, at: time, fact: .started(StartRecord(workflow: name, version: 1, input: Array("{}".utf8), seed: 1)))
    }

    private func step(
        _ seq: Int32, _ ordinal: Int32, _ name: String, kind: StepRecord.Kind = .step, _ json: String
    ) -> JournalEntry {
        JournalEntry(
            seq: seq, at: time,
            fact: .stepEnded(
                StepRecord(
                    kind: kind, ordinal: ordinal, name: name, attempt: 1, startedAt: time,
                    outcome: .completed(Array(json.utf8)))))
    }

    private func replay<W: Workflow>(_ workflow: W.Type, _ entries: [JournalEntry]) -> Execution {
        let execution = Execution(
            runID: run, workflow: WorkflowType(workflow), entries: [start(W.name)] + entries, onForeignWake: {})
        execution.begin()
        return execution
    }

    private func problem<W: Workflow>(_ workflow: W.Type, _ entries: [JournalEntry]) -> PauseRecord? {
        let execution = replay(workflow, entries)
        defer { execution.evict() }
        return execution.problem
    }

    @Test func `a journal that fits is followed to the end`() {
        let timer = JournalEntry(seq: 2, at: time, fact: .timerFired(ordinal: 2, name: "sleep"))
        let execution = replay(
            Charge.self, [step(1, 1, "amount", "5"), timer, step(3, 3, "charge", kind: .transaction, "5")])
        #expect(execution.problem == nil)
        #expect(execution.outcome == .completed(Array("5".utf8)))
    }

    @Test func `a step of another name is reported with both names and its position`() {
        #expect(
            problem(Charge.self, [step(1, 1, "price", "5")])
                == PauseRecord(
                    cause: .mismatch,
                    detail: "the code does not follow the journal at entry 1: expected step \"price\" as operation 1, "
                        + "found step \"amount\""))
    }

    @Test func `a step where the journal has a transaction is reported`() {
        #expect(
            problem(Charge.self, [step(1, 1, "amount", kind: .transaction, "5")])?.detail
                == "the code does not follow the journal at entry 1: expected transaction \"amount\" as operation 1, "
                + "found step \"amount\"")
    }

    @Test func `an operation that the code does not ask for is reported with what it asks for instead`() {
        #expect(
            problem(Charge.self, [step(1, 4, "refund", "5")])?.detail
                == "the code does not follow the journal at entry 1: expected step \"refund\" as operation 4, "
                + "found only step \"amount\"")
    }

    @Test func `a step where the journal has a timer is reported`() {
        let timer = JournalEntry(seq: 1, at: time, fact: .timerFired(ordinal: 1, name: "sleep"))
        #expect(
            problem(Charge.self, [timer])?.detail
                == "the code does not follow the journal at entry 1: expected a timer as operation 1, "
                + "found step \"amount\"")
    }

    struct Short: Workflow {
        static let name = "example.short"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int { 1 }
    }

    @Test func `a workflow that ends before its journal does is reported`() {
        #expect(
            problem(Short.self, [step(1, 1, "amount", "5")])?.detail
                == "the code does not follow the journal at entry 1: the workflow ended where the journal goes on")
    }

    // MARK: Waiting for something else

    struct Impatient: Workflow {
        static let name = "example.impatient"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            try await Task.sleep(for: .seconds(3_600))
            return 1
        }
    }

    @Test func `a workflow that waits for Task sleep is paused with a sentence`() async throws {
        let test = WorkflowTest([WorkflowType(Impatient.self)])
        let failure = await #expect(throws: Failure.self) { try await test.run(Impatient.self, Nothing()) }
        #expect(failure?.type == "paused")
        #expect(
            failure?.message
                == "foreign-wait: the workflow waits for something that is not an operation of its context, "
                + "such as Task.sleep or an actor")
    }

    // MARK: Side by side

    struct SideBySide: Workflow {
        static let name = "example.side-by-side"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> [String] {
            async let first = context.step("first") { _ in "a" }
            async let second = context.step("second") { _ in "b" }
            let grouped = try await withThrowingTaskGroup(of: String.self) { group in
                for name in ["x", "y", "z"] { group.addTask { try await context.step(name) { _ in name } } }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            return [try await first, try await second] + grouped
        }
    }

    @Test func `operations side by side are numbered in the same order every time`() {
        let entries = [step(1, 3, "x", "\"x\""), step(2, 5, "z", "\"z\""), step(3, 4, "y", "\"y\"")]
        for _ in 0..<50 {
            let execution = replay(
                SideBySide.self, entries + [step(4, 2, "second", "\"b\""), step(5, 1, "first", "\"a\"")])
            #expect(execution.problem == nil)
            #expect(execution.outcome == .completed(Array(#"["a","b","x","z","y"]"#.utf8)))
        }
    }

    @Test func `results come in the order in which the journal has them`() {
        let order: [(Int32, String)] = [(5, "z"), (4, "y"), (3, "x"), (1, "first"), (2, "second")]
        let entries = order.enumerated().map { index, operation in
            step(Int32(index + 1), operation.0, operation.1, "\"\(operation.1)\"")
        }
        #expect(
            replay(SideBySide.self, entries).outcome == .completed(Array(#"["first","second","z","y","x"]"#.utf8)))
    }

    // MARK: Changed code, snapshots

    struct Changed: Workflow {
        static let name = "example.changed"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            _ = try await context.step("before") { _ in 0 }
            let step = context.isChanged("better") ? "new" : "old"
            let result = try await context.step(step) { _ in 1 }
            _ = try await context.step("after") { _ in 0 }
            return result
        }
    }

    @Test func `a run that passed a change marker with the old code keeps to the old path`() {
        let old = [step(1, 1, "before", "0"), step(2, 2, "old", "1"), step(3, 3, "after", "0")]
        #expect(replay(Changed.self, old).outcome == .completed(Array("1".utf8)))
    }

    @Test func `a run that met a change marker with the new code keeps to the new path`() {
        let marker = JournalEntry(seq: 2, at: time, fact: .changed("better"))
        let new = [step(1, 1, "before", "0"), marker, step(3, 2, "new", "2"), step(4, 3, "after", "0")]
        #expect(replay(Changed.self, new).outcome == .completed(Array("2".utf8)))
    }

    struct Counter: Workflow {
        static let name = "example.counter"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            var sum = try context.restored(as: Int.self) ?? 0
            while sum < 10 {
                sum += try await context.signal("number", as: Int.self)
                try await context.snapshot(sum)
            }
            return sum
        }
    }

    @Test func `replay from a snapshot knows the signals that came before it`() {
        let (seen, waiting) = (
            RunID("019b76da-a800-7e80-8095-000000000001")!,
            SignalRecord(
                name: "number", id: RunID("019b76da-a800-7e80-8095-000000000002")!, payload: Array("3".utf8))
        )
        func received(_ seq: Int32, _ signal: SignalRecord) -> JournalEntry {
            JournalEntry(seq: seq, at: time, fact: .signalReceived(signal))
        }
        guard case .started(let start) = start(Counter.name).fact else { return }
        let snapshot = JournalEntry(
            seq: 5, at: time,
            fact: .snapshot(
                SnapshotRecord(
                    ordinal: 2, state: Array("4".utf8), waitingSignals: [waiting], randomState: 1, changes: [],
                    unchanged: [], seenSignals: [seen, waiting.id], start: start)))
        let again = SignalRecord(name: "number", id: seen, payload: Array("4".utf8))
        let execution = Execution(
            runID: run, workflow: WorkflowType(Counter.self), entries: [snapshot, received(6, again)],
            onForeignWake: {})
        execution.begin()
        // The signal that waited was taken: 4 and 3. The one that came again was not.
        execution.deliver(received(7, waiting))
        execution.deliver(JournalEntry(seq: 8, at: time, fact: .snapshot(nextSnapshot(start, state: "7"))))
        #expect(execution.problem == nil)
        #expect(execution.outcome == nil)
        let last = SignalRecord(
            name: "number", id: RunID("019b76da-a800-7e80-8095-000000000003")!, payload: Array("3".utf8))
        execution.deliver(received(9, last))
        var end = nextSnapshot(start, state: "10")
        end.ordinal = 6
        execution.deliver(JournalEntry(seq: 10, at: time, fact: .snapshot(end)))
        #expect(execution.outcome == .completed(Array("10".utf8)))
    }

    private func nextSnapshot(_ start: StartRecord, state: String) -> SnapshotRecord {
        SnapshotRecord(
            ordinal: 4, state: Array(state.utf8), waitingSignals: [], randomState: 1, changes: [], unchanged: [],
            seenSignals: [], start: start)
    }

    @Test func `a workflow that leaves memory unwinds without an outcome`() {
        let execution = replay(Charge.self, [step(1, 1, "amount", "5")])
        execution.evict()
        #expect(execution.outcome == nil)
        #expect(execution.problem == nil)
    }
}
