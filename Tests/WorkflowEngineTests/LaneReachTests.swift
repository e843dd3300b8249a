import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit
import WorkflowTestKit

/// Runs that are hard to reach: busy all the time, paused in the middle of a step, or counted by a limit.
@Suite struct LaneReachTests {
    struct Bookings: Workflow {
        static let name = "bench.bookings"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            for number in 1...input {
                try await context.transaction("book \(number)") { _, _ in }
            }
            return input
        }
    }

    struct OneStep: Workflow {
        static let name = "bench.one-step"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.step("double") { _ in input * 2 }
        }
    }

    struct Limited: Workflow {
        static let name = "bench.limited"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.step("slow", options: StepOptions(timeout: .seconds(30))) { _ in input }
        }
    }

    struct Undone: Workflow {
        static let name = "bench.undone"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            let made = try await context.step("make") { _ in input }
            await context.compensate("unmake") { _ in }
            return try await context.step("use") { _ in made * 2 }
        }
    }

    struct Wait: Workflow {
        static let name = "bench.wait"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.signal("number", as: Int.self)
        }
    }

    struct Local: Workflow {
        static let name = "bench.local"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int {
            try await context.step("think", options: StepOptions(kind: .local)) { _ in input }
        }
    }

    private let workflows = [
        WorkflowType(Local.self),
        WorkflowType(Bookings.self), WorkflowType(OneStep.self), WorkflowType(Limited.self), WorkflowType(Undone.self),
        WorkflowType(Wait.self),
    ]

    private func isTransaction(_ order: LaneOutput) -> Bool {
        if case .startTransaction = order { true } else { false }
    }

    @Test func `a run of nothing but transactions can be cancelled between two of them`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Bookings.self, 100)
        try await bench.carryOut { !isTransaction($0) }
        let answer = Answer<RunStatus>()
        bench.send(.command(run, .cancel(reason: "enough"), answer.reply))
        #expect(answer.all.isEmpty)
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .cancelled(reason: "enough"))
        #expect(answer.all.count == 1)
        #expect(bench.facts(run).count { if case .stepEnded = $0 { true } else { false } } == 1)
    }

    @Test func `the deadline of a run of nothing but transactions passes`() async throws {
        let bench = LaneBench(workflows)
        let deadline = bench.clock + .seconds(60)
        let run = try bench.start(Bookings.self, 100) { $0.deadline = deadline }
        try await bench.carryOut { !isTransaction($0) }
        bench.clock = deadline
        bench.send(.tick)
        try await bench.carryOut()
        #expect(
            bench.store.closed(run)?.outcome
                == .failed(.permanent("deadline.exceeded", "the run did not end before its deadline")))
    }

    @Test func `a message that comes in the middle of a transaction is taken once, after it`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Bookings.self, 3)
        var transactionsLeft = 1
        try await bench.carryOut { order in
            guard isTransaction(order) else { return true }
            transactionsLeft -= 1
            return transactionsLeft >= 0
        }
        let signal = Batch.Message(run: run, body: .signal(bench.signal(1)))
        #expect(try await bench.store.post(signal) == .posted)
        for _ in 0..<3 {
            for message in try await bench.store.messages(in: .all, after: 0, limit: 10) {
                bench.send(.message(message))
            }
        }
        try await bench.carryOut()
        #expect(bench.facts(run).count { if case .signalReceived = $0 { true } else { false } } == 1)
        #expect(try await bench.store.messages(in: .all, after: 0, limit: 10).isEmpty)
    }

    @Test func `a step that ends while its run is being resumed is not carried out again`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(OneStep.self, 4)
        try await bench.carryOut { !$0.isStep }
        bench.send(.command(run, .pause) { _ in }, .command(run, .resume) { _ in })
        // What the step returns arrives before the run is back in memory.
        try await bench.carryOut(\.isStep)
        try await bench.carryOut { !$0.isStep }
        #expect(!bench.hasStep)
        #expect(bench.store.closed(run)?.outcome == .completed(Array("8".utf8)))
    }

    @Test func `a paused run's step keeps its time limit`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(Limited.self, 4)
        try await bench.carryOut { !$0.isStep }
        bench.orders = []
        bench.send(.command(run, .pause) { _ in })
        try await bench.carryOut()
        bench.send(.command(run, .resume) { _ in })
        try await bench.carryOut()
        #expect(!bench.hasStep)
        bench.clock = bench.clock + .seconds(30)
        bench.send(.tick)
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .completed(Array("4".utf8)))
    }

    @Test func `a limited queue counts the runs that another owner had admitted`() async throws {
        let store = MemoryStore()
        var settings = LaneSettings()
        settings.queueLimits = ["narrow": 1]
        let first = LaneBench(workflows, store: store, settings: settings)
        let admitted = try first.start(OneStep.self, 1) { $0.queue = "narrow" }
        try await first.carryOut { !$0.isStep }
        let waiting = try first.start(OneStep.self, 2) { $0.queue = "narrow" }
        try await first.carryOut { !$0.isStep }

        let second = LaneBench(workflows, store: store, settings: settings)
        second.send(.adopt(store.openRows, afterDeath: true))
        try await second.carryOut { !$0.isStep }
        let steps = second.orders.filter(\.isStep)
        #expect(steps.count == 1)
        #expect(second.lane.miscount == nil)
        try await second.carryOut()
        for run in [admitted, waiting] { #expect(store.closed(run) != nil) }
        #expect(second.lane.miscount == nil)
    }

    @Test func `a resumed run waits for its turn in a limited queue`() async throws {
        var settings = LaneSettings()
        settings.queueLimits = ["narrow": 1]
        let bench = LaneBench(workflows, settings: settings)
        let paused = try bench.start(OneStep.self, 1) { $0.queue = "narrow" }
        bench.send(.command(paused, .pause) { _ in })
        try await bench.carryOut { !$0.isStep }
        let other = try bench.start(OneStep.self, 2) { $0.queue = "narrow" }
        try await bench.carryOut { !$0.isStep }

        let answer = Answer<RunStatus>()
        bench.send(.command(paused, .resume, answer.reply))
        try await bench.carryOut { !$0.isStep }
        #expect(answer.values == [.queued])
        #expect(bench.orders.filter(\.isStep).count == 1)
        #expect(bench.lane.miscount == nil)
        try await bench.carryOut()
        for run in [paused, other] { #expect(bench.store.closed(run) != nil) }
        #expect(bench.lane.miscount == nil)
    }

    @Test(arguments: [false, true])
    func `what waits for its turn after a pause undoes what it did when it is ended`(byDeadline: Bool) async throws {
        var settings = LaneSettings()
        settings.queueLimits = ["narrow": 1]
        let bench = LaneBench(workflows, settings: settings)
        let run = try bench.start(Undone.self, 1) {
            $0.queue = "narrow"
            $0.deadline = bench.clock + .seconds(60)
        }
        try await bench.carryOut { !$0.isStep }
        bench.send(.command(run, .pause) { _ in })
        try await bench.carryOut()
        let other = try bench.start(Wait.self, 1) { $0.queue = "narrow" }
        bench.send(.command(run, .resume) { _ in })
        try await bench.carryOut { !$0.isStep }
        if byDeadline {
            bench.clock = bench.clock + .seconds(60)
            bench.send(.tick)
        } else {
            bench.send(.command(run, .cancel(reason: nil)) { _ in })
        }
        try await bench.carryOut()
        let undone = bench.facts(run).contains { fact in
            if case .stepEnded(let record) = fact { record.kind == .compensation } else { false }
        }
        #expect(undone)
        #expect(bench.store.closed(run) != nil)
        #expect(bench.store.openRows.map(\.id) == [other])
        #expect(bench.lane.miscount == nil)
    }

    @Test func `what waited for its turn begins when the store has it as under way`() async throws {
        var settings = LaneSettings()
        settings.queueLimits = ["narrow": 1]
        let bench = LaneBench(workflows, settings: settings)
        _ = try bench.start(Local.self, 1) { $0.queue = "narrow" }
        let second = try bench.start(Local.self, 2) { $0.queue = "narrow" }
        try await bench.carryOut(\.isCommit)
        try await bench.carryOut(\.isStep)
        #expect(!bench.hasStep)
        #expect(bench.store.openRows.first { $0.id == second }?.state == .queued)
        try await bench.carryOut(\.isCommit)
        #expect(bench.hasStep)
        #expect(bench.store.openRows.first { $0.id == second }?.state == .active)
        try await bench.carryOut()
        #expect(bench.store.closed(second)?.outcome == .completed(Array("2".utf8)))
        #expect(bench.lane.miscount == nil)
    }

    @Test func `a run that was resumed before its start time can be cancelled`() async throws {
        let bench = LaneBench(workflows)
        let run = try bench.start(OneStep.self, 1) { $0.startAt = bench.clock + .seconds(600_000) }
        bench.send(.command(run, .pause) { _ in })
        try await bench.carryOut()
        bench.send(.command(run, .resume) { _ in })
        try await bench.carryOut()
        bench.send(.command(run, .cancel(reason: "no longer wanted")) { _ in })
        try await bench.carryOut()
        #expect(bench.store.closed(run)?.outcome == .cancelled(reason: "no longer wanted"))
    }

    @Test func `a run whose journal cannot be read is paused, and its messages stay`() async throws {
        let store = MemoryStore()
        let first = LaneBench(workflows, store: store)
        let run = try first.start(OneStep.self, 1)
        try await first.carryOut { !$0.isStep }
        #expect(try await store.post(Batch.Message(run: run, body: .signal(first.signal(1)))) == .posted)

        let second = LaneBench(workflows, store: store)
        for message in try await store.messages(in: .all, after: 0, limit: 10) { second.send(.message(message)) }
        second.orders = []
        second.send(.loaded([run: .unreadable(store.openRows[0], "an entry of a later release")]))
        try await second.carryOut()
        #expect(store.openRows.map(\.state) == [.paused])
        #expect(store.openRows[0].reason == "unreadable: an entry of a later release")
        #expect(try await store.messages(in: .all, after: 0, limit: 10).count == 1)
    }
}
