import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit
import WorkflowTestKit

/// Rules of the lane that once were broken, each found by a history of the simulation.
@Suite struct LaneTests {
    struct Sum: Workflow {
        static let name = "bench.sum"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            var sum = 0
            for _ in 0..<input { sum += try await context.signal("number", as: Int.self) }
            return sum
        }
    }

    struct OneStep: Workflow {
        static let name = "bench.one-step"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.step("double") { _ in input * 2 }
        }
    }

    struct Parent: Workflow {
        static let name = "bench.parent"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            let number = try await context.step("number") { _ in input }
            return try await context.child(OneStep.self, number)
        }
    }

    private let workflows = [WorkflowType(Sum.self), WorkflowType(OneStep.self), WorkflowType(Parent.self)]

    @Test func `a start is acknowledged when it is committed, not before`() async throws {
        let bench = LaneBench(workflows)
        let answer = Answer<Started>()
        let run = try bench.start(Sum.self, 1, answer: answer)
        #expect(answer.all.isEmpty)
        try await bench.carryOut()
        #expect(answer.values.map(\.run) == [run])
        #expect(answer.values.map(\.isNew) == [true])
        #expect(bench.store.journal(run).count == 1)
    }

    @Test func `an external step starts when what is before it is committed, not before`() async throws {
        let bench = LaneBench(workflows)
        _ = try bench.start(OneStep.self, 4)
        #expect(!bench.hasStep)
        let batch = try #require(bench.orders.compactMap(\.batch).first)
        bench.orders = []
        bench.send(.committed(1, try await bench.store.commit(batch, by: 1), refused: [:]))
        #expect(bench.hasStep)
    }

    @Test func `a commit that failed goes out again with what came since`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Sum.self, 1)
        bench.send(.signal(run, bench.signal(5)) { _ in })
        #expect(bench.orders.compactMap(\.batch).count == 1)
        bench.failCommits()
        let batch = try #require(bench.orders.compactMap(\.batch).first)
        #expect(batch.segments.flatMap(\.entries).map(\.seq) == [0, 1, 2])
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("5".utf8)))
    }

    @Test func `while the store is away starts are refused, but a child of a run is not`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Parent.self, 3)
        try await bench.carryOut { !$0.isStep }
        let other = try bench.start(Sum.self, 1)
        bench.failCommits()
        let answer = Answer<Started>()
        _ = try bench.start(Sum.self, 1, answer: answer)
        #expect(answer.refusals == [.unavailable])

        try await bench.carryOut(\.isStep)
        bench.failCommits()
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("6".utf8)))
        #expect(bench.store.openRows.map(\.id) == [other])
    }

    @Test func `a child and its parent's entry go into one batch, however small batches are`() async throws {
        var settings = LaneSettings()
        settings.batchSegmentsMax = 1
        let bench = LaneBench(workflows, settings: settings)
        let run = try bench.start(Parent.self, 3)
        try await bench.carryOut { !$0.isStep }
        try await bench.carryOut(\.isStep)
        let batch = try #require(bench.orders.compactMap(\.batch).first { $0.segments.contains { $0.run == run } })
        #expect(batch.segments.count == 2)
        #expect(batch.created.count == 1)
    }

    @Test func `with many runs a second batch leaves while one is out and has none of its runs`() async throws {
        var settings = LaneSettings()
        settings.secondBatchMin = 2
        let bench = LaneBench(workflows, settings: settings)
        let first = try bench.start(Sum.self, 2)
        let second = try bench.start(Sum.self, 1)
        #expect(bench.orders.compactMap(\.batch).count == 1)
        bench.send(.signal(first, bench.signal(5)) { _ in })
        let third = try bench.start(Sum.self, 1)
        let batches = bench.orders.compactMap(\.batch).map { Set($0.segments.map(\.run)) }
        #expect(batches == [[first], [second]])

        // Both are out: the rest gathers, and what the failed one had goes before what came since.
        bench.failCommits()
        let again = bench.orders.compactMap(\.batch).map { $0.segments.map { ($0.run, $0.entries.map(\.seq)) } }
        #expect(again.joined().filter { $0.0 == first }.map(\.1) == [[0, 1]])
        try await bench.carryOut()
        for run in [second, third] { bench.send(.signal(run, bench.signal(7)) { _ in }) }
        bench.send(.signal(first, bench.signal(6)) { _ in })
        try await bench.carryOut()
        #expect(bench.store.closed(first)?.outcome == .completed(Array("11".utf8)))
        #expect([second, third].allSatisfy { bench.store.closed($0)?.outcome == .completed(Array("7".utf8)) })
    }

    @Test func `what must be committed with a run whose commit is under way waits for that`() async throws {
        var settings = LaneSettings()
        settings.secondBatchMin = 1
        let bench = LaneBench(workflows, settings: settings)
        let run = try bench.start(Parent.self, 3)
        try await bench.carryOut { !$0.isStep }
        // A signal that nobody waits for puts the parent into a commit, which stays out.
        bench.send(.signal(run, bench.signal(5)) { _ in })
        try await bench.carryOut(\.isStep)
        #expect(bench.orders.compactMap(\.batch).map(\.created.count) == [0])
        try await bench.carryOut(\.isCommit)
        #expect(bench.store.openRows.count == 2)
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("6".utf8)))
    }

    /// A parent whose commit is out, and the end of its child, which waits for that.
    private func heldUpParent() async throws -> (bench: LaneBench, parent: RunID, child: RunID, commit: Int) {
        var settings = LaneSettings()
        settings.secondBatchMin = 1
        let bench = LaneBench(workflows, settings: settings)
        let parent = try bench.start(Parent.self, 3)
        try await bench.carryOut { !$0.isStep }
        try await bench.carryOut(\.isStep)
        try await bench.carryOut(\.isCommit)
        let child = try #require(bench.store.openRows.first { $0.id != parent }?.id)
        bench.send(.signal(parent, bench.signal(5)) { _ in })
        let commit = try #require(bench.orders.compactMap(\.commitNumber).first)
        try await bench.carryOut(\.isStep)
        return (bench, parent, child, commit)
    }

    @Test func `runs that wait for a commit of one of them are not overtaken by others`() async throws {
        let (bench, parent, child, _) = try await heldUpParent()
        let other = try bench.start(Sum.self, 1)
        #expect(bench.orders.filter(\.isCommit).count == 1)
        try await bench.carryOut(\.isCommit)
        #expect([parent, child].allSatisfy { bench.store.closed($0) != nil })
        #expect(bench.store.openRows.map(\.id) == [other])
        #expect(bench.lane.miscount == nil)
    }

    @Test func `what waits for a commit that is refused is set aside with it, and nothing of it is lost`() async throws
    {
        let (bench, parent, child, commit) = try await heldUpParent()
        bench.orders.removeAll(where: \.isCommit)
        bench.send(.committed(commit, Committed(), refused: [parent: "it holds a zero byte"]))
        try await bench.carryOut()
        #expect(bench.store.openRows.map(\.state) == [.quarantined, .quarantined])
        for run in [parent, child] {
            bench.send(.command(run, .resume) { _ in })
            try await bench.carryOut()
        }
        #expect(bench.store.closed(child)?.outcome == .completed(Array("6".utf8)))
        #expect(bench.store.closed(parent)?.outcome == .completed(Array("6".utf8)))
        #expect(bench.lane.miscount == nil)
    }

    @Test func `several commands for a paused run out of memory are all answered`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Sum.self, 1)
        bench.send(.command(run, .pause) { _ in })
        try await bench.carryOut()
        #expect(bench.lane.residentCount == 0)

        let (pause, resume) = (Answer<RunStatus>(), Answer<RunStatus>())
        bench.send(.command(run, .pause, pause.reply), .command(run, .resume, resume.reply))
        try await bench.carryOut()
        #expect(pause.all.count == 1)
        #expect(resume.all.count == 1)
        bench.send(.signal(run, bench.signal(5)) { _ in })
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("5".utf8)))
    }

    @Test func `a run that is resumed while its step is under way comes back when the step ends`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(OneStep.self, 4)
        try await bench.carryOut { !$0.isStep }
        bench.send(.command(run, .pause) { _ in }, .command(run, .resume) { _ in })
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("8".utf8)))
    }

    @Test func `what a step returned while its run was paused is kept`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(OneStep.self, 4)
        try await bench.carryOut { !$0.isStep }
        bench.send(.command(run, .pause) { _ in })
        try await bench.carryOut()
        #expect(bench.store.openRows.map(\.state) == [.paused])
        bench.send(.command(run, .resume) { _ in })
        try await bench.carryOut { !$0.isStep }
        #expect(bench.store.closed(run)?.outcome == .completed(Array("8".utf8)))
        #expect(!bench.hasStep)
    }

    @Test func `a signal that comes while a run is under suspicion reaches it`() async throws {
        let store = MemoryStore()
        let first = LaneBench(workflows, store: store)
        let run = try first.start(Sum.self, 1)
        try await first.carryOut()

        let second = LaneBench(workflows, store: store)
        second.send(.adopt(store.openRows, afterDeath: true))
        try await second.carryOut(\.isLoad)
        second.send(.signal(run, second.signal(5)) { _ in })
        try await second.carryOut()
        #expect(second.facts(run).contains(.suspected(deaths: 1)))
        #expect(store.closed(run)?.outcome == .completed(Array("5".utf8)))
    }

    @Test func `a message for a run that has ended does not open it again`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Sum.self, 1)
        try await bench.carryOut()
        let late = bench.signal(6)
        _ = try await bench.store.post(Batch.Message(run: run, body: .signal(late)))
        let messages = try await bench.store.messages(in: .all, after: 0, limit: 10)
        bench.send(.signal(run, bench.signal(5)) { _ in })
        for message in messages { bench.send(.message(message)) }
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("5".utf8)))
        #expect(bench.store.openRows.isEmpty)
        #expect(bench.store.pendingMessages.isEmpty)
    }

    @Test func `a message that was read twice is taken once`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Sum.self, 2)
        try await bench.carryOut()
        _ = try await bench.store.post(Batch.Message(run: run, body: .signal(bench.signal(5))))
        let messages = try await bench.store.messages(in: .all, after: 0, limit: 10)
        for message in messages { bench.send(.message(message)) }
        try await bench.carryOut()
        for message in messages { bench.send(.message(message)) }
        try await bench.carryOut()
        #expect(bench.facts(run).count { if case .signalReceived = $0 { true } else { false } } == 1)
        #expect(bench.store.closed(run) == nil)
    }

    @Test func `runs of slots that were given up are refused until the slots come back`() async throws {
        let bench = LaneBench(workflows)
        bench.send(.acquired([.all]))
        let run = try bench.start(Sum.self, 1, slot: 100)
        try await bench.carryOut()
        let released = Answer<Void>()
        bench.send(.release([SlotRange(first: 0, last: 999)], released.reply))
        #expect(released.all.count == 1)

        let (signal, start) = (Answer<Void>(), Answer<Started>())
        bench.send(.signal(run, bench.signal(5), signal.reply))
        _ = try bench.start(Sum.self, 1, slot: 100, answer: start)
        #expect(signal.refusals == [.unavailable])
        #expect(start.refusals == [.unavailable])

        bench.send(.acquired([SlotRange(first: 0, last: 999)]), .adopt(bench.store.openRows, afterDeath: false))
        bench.send(.signal(run, bench.signal(5), signal.reply))
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("5".utf8)))
    }

    @Test func `a parked run that is given up leaves its turn in the queue to the next`() async throws {
        var settings = LaneSettings()
        settings.queueLimits = ["narrow": 1]
        let bench = LaneBench(workflows, settings: settings)
        let first = try bench.start(Sum.self, 1, slot: 100, { $0.queue = "narrow" })
        try await bench.carryOut()
        bench.clock = bench.clock + settings.parkAfter + settings.parkAfter
        bench.send(.tick)
        try await bench.carryOut()
        #expect(bench.store.openRows.map(\.state) == [.parked])

        let second = try bench.start(Sum.self, 1, slot: 5_000, { $0.queue = "narrow" })
        try await bench.carryOut()
        #expect(bench.store.openRows.first { $0.id == second }?.state == .queued)
        bench.send(.release([SlotRange(first: 0, last: 999)]) { _ in })
        try await bench.carryOut()
        #expect(bench.store.openRows.first { $0.id == second }?.state == .active)
        #expect(bench.store.openRows.first { $0.id == first }?.state == .parked)
    }

    @Test func `a parent hears that the database refused its child`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Parent.self, 3)
        try await bench.carryOut { !$0.isStep }
        try await bench.carryOut(\.isStep)
        var batch = try #require(bench.orders.compactMap(\.batch).first)
        let number = try #require(bench.orders.compactMap(\.commitNumber).first)
        let child = try #require(batch.created.first?.id)
        bench.orders.removeAll(where: \.isCommit)
        batch.created = []
        batch.segments.removeAll { $0.run == child }
        let committed = try await bench.store.commit(batch, by: 1)
        bench.send(.committed(number, committed, refused: [child: "it holds a zero byte"]))
        try await bench.carryOut()
        #expect(
            bench.store.closed(run)?.outcome
                == .failed(.permanent("child.refused", "the database refused the child's data")))
    }

    @Test func `the deadline of a paused run passes once`() async throws {
        let bench = LaneBench(workflows)
        let deadline = bench.clock + .seconds(60)
        let run = try bench.start(Sum.self, 1, { $0.deadline = deadline })
        bench.send(.command(run, .pause) { _ in })
        try await bench.carryOut()
        bench.clock = deadline
        bench.send(.tick)
        try await bench.carryOut()
        #expect(bench.facts(run).count { $0 == .deadlinePassed } == 1)
        #expect(
            bench.store.closed(run)?.outcome
                == .failed(.permanent("deadline.exceeded", "the run did not end before its deadline")))
    }

    @Test func `of two starts with one key one wins, and the other is told so`() async throws {
        let bench = LaneBench(workflows)
        let (first, second) = (Answer<Started>(), Answer<Started>())
        let winner = try bench.start(Sum.self, 1, { $0.key = "K" }, answer: first)
        _ = try bench.start(Sum.self, 1, { $0.key = "K" }, answer: second)
        try await bench.carryOut()
        #expect(first.values.map(\.isNew) == [true])
        #expect(second.values.map(\.isNew) == [false])
        #expect((first.values + second.values).map(\.run) == [winner, winner])
        #expect(bench.store.openRows.map(\.id) == [winner])
    }

    @Test func `a signal for a run whose key is not decided waits for the decision`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Sum.self, 1, { $0.key = "K" })
        bench.send(.signal(run, bench.signal(5)) { _ in })
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("5".utf8)))
    }
}
