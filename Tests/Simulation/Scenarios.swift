import WorkflowCore
import WorkflowKit

/// Steps of every kind, one after the other; each passes on what came before.
struct SequenceScenario: Workflow {
    struct Input: Codable, Sendable {
        /// One letter for each operation: `e`xternal, `l`ocal, `r`ead, `t`ransaction, `s`leep, e`v`ent, ra`n`dom number,
        /// `c`hild.
        let plan: String
        /// How long the sleeps take.
        let seconds: Int64
    }

    static let name = "sim.sequence"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> [Int64] {
        var trail: [Int64] = [0]
        for (index, letter) in input.plan.enumerated() {
            let last = trail[trail.count - 1]
            switch letter {
            case "e":
                trail.append(
                    try await context.step("ext \(index)") { step in
                        outside().call(step, last)
                        return outside().chance()
                    })
            case "l": trail.append(try await context.local("local \(index)") { outside().chance() })
            case "r": trail.append(try await context.read("read \(index)") { _ in outside().chance() })
            case "t":
                trail.append(
                    try await context.transaction("tx \(index)") { transaction, step in
                        let entry = LedgerEntry(run: step.runID, label: "tx \(index)", value: last)
                        try await transaction.execute(entry.statement)
                        return outside().chance()
                    })
            case "s":
                let before = context.now
                try await context.sleep(for: .seconds(input.seconds))
                if context.now < before + .seconds(input.seconds) {
                    outside().violation("a timer of \(context.runID) fired early")
                }
            case "v": try await context.emit("sim.event", .number(JSONNumber(last)))
            case "n": trail.append(Int64(context.random(in: 0...1_000_000)))
            case "c":
                trail.append(try await context.child(LeafScenario.self, .init(index: index, waits: false)))
            default: preconditionFailure("no operation is called \(letter)")
            }
        }
        return trail
    }
}

/// A small child run.
struct LeafScenario: Workflow {
    struct Input: Codable, Sendable {
        let index: Int
        /// Whether it waits until it is cancelled.
        let waits: Bool
    }

    static let name = "sim.leaf"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Int64 {
        let number = try await context.local("number") { outside().chance() }
        try await context.step("ext leaf") { step in
            outside().call(step, number)
            return number
        }
        try await context.transaction("tx leaf") { transaction, step in
            try await transaction.execute(
                LedgerEntry(run: step.runID, label: "leaf", value: Int64(input.index)).statement)
        }
        if input.waits { _ = try await context.signal("never", as: Int.self) }
        return Int64(input.index) * 10 + 7
    }
}

/// Children and steps side by side, whose results must not be swapped.
struct FanOutScenario: Workflow {
    struct Input: Codable, Sendable { let children: Int }

    static let name = "sim.fan-out"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> [Int64] {
        async let first = context.step("ext a") { step in
            outside().call(step, 1)
            return Int64(1)
        }
        async let second = context.transaction("tx b") { transaction, step in
            try await transaction.execute(LedgerEntry(run: step.runID, label: "b", value: 2).statement)
            return Int64(2)
        }
        async let third = context.transaction("tx c") { transaction, step in
            try await transaction.execute(LedgerEntry(run: step.runID, label: "c", value: 3).statement)
            return Int64(3)
        }
        let children = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            for index in 0..<input.children {
                group.addTask { (index, try await context.child(LeafScenario.self, .init(index: index, waits: false))) }
            }
            var values = [Int64](repeating: -1, count: input.children)
            for try await (index, value) in group { values[index] = value }
            return values
        }
        try await context.emit("sim.fanned-out", .number(JSONNumber(Int64(input.children))))
        return [try await first, try await second, try await third] + children
    }
}

/// Receives numbers from several senders, with other work and waits in between.
struct SignalsScenario: Workflow {
    struct Input: Codable, Sendable {
        /// How many signals each sender sends.
        let counts: [Int]
        let timeout: Int64?
    }

    static let name = "sim.signals"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> [Int64] {
        var received: [Int64] = []
        while received.count < input.counts.reduce(0, +) {
            if let timeout = input.timeout {
                guard let value = try await context.signal("number", as: Int64.self, timeout: .seconds(timeout)) else {
                    continue
                }
                received.append(value)
            } else {
                received.append(try await context.signal("number", as: Int64.self))
            }
            let last = received[received.count - 1]
            try await context.transaction("tx got") { transaction, step in
                try await transaction.execute(LedgerEntry(run: step.runID, label: "got", value: last).statement)
            }
        }
        return received
    }
}

/// A long life with snapshots.
struct LoopScenario: Workflow {
    struct Input: Codable, Sendable { let counts: [Int] }
    struct State: Codable, Sendable { var received: [Int64] = [] }

    static let name = "sim.loop"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> [Int64] {
        var state = try context.restored(as: State.self) ?? State()
        while state.received.count < input.counts.reduce(0, +) {
            state.received.append(try await context.signal("number", as: Int64.self))
            let last = state.received[state.received.count - 1]
            try await context.transaction("tx got") { transaction, step in
                try await transaction.execute(LedgerEntry(run: step.runID, label: "got", value: last).statement)
            }
            if state.received.count % 2 == 0 { try await context.snapshot(state) }
        }
        return state.received
    }
}

/// Does and undoes.
struct SagaScenario: Workflow {
    struct Input: Codable, Sendable {
        let steps: Int
        let fails: Bool
    }

    static let name = "sim.saga"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Int64 {
        for index in 0..<input.steps {
            try await context.transaction("do \(index)") { transaction, step in
                try await transaction.execute(LedgerEntry(run: step.runID, label: "do", value: Int64(index)).statement)
            }
            await context.compensateInTransaction("do \(index)") { transaction, step in
                try await transaction.execute(
                    LedgerEntry(run: step.runID, label: "undo", value: Int64(index)).statement)
            }
            try await context.sleep(for: .seconds(5))
        }
        if input.fails { throw Failure.permanent("saga.failed", "it was to fail") }
        return Int64(input.steps)
    }
}

/// A step that fails a number of times.
struct FlakyScenario: Workflow {
    struct Input: Codable, Sendable {
        let failures: Int
        let attemptsMax: Int
        let pauses: Bool
        let isTransaction: Bool
    }

    static let name = "sim.flaky"
    private static let failures: Set = ["flaky", "unavailable", "step.timeout", "heartbeat.timeout"]

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Int64 {
        let policy = RetryPolicy(
            attemptsMax: input.attemptsMax, delayMax: .seconds(20), whenExhausted: input.pauses ? .pause : .throw)
        do {
            if input.isTransaction {
                return try await context.transaction("tx flaky", retry: policy) { transaction, step in
                    if outside().call(step, 0) <= input.failures { throw Failure(type: "flaky", message: "not yet") }
                    try await transaction.execute(LedgerEntry(run: step.runID, label: "flaky", value: 1).statement)
                    return 1
                }
            }
            let options = StepOptions(retry: policy, timeout: .seconds(60), heartbeatTimeout: .seconds(30))
            return try await context.step("ext flaky", options: options) { step in
                step.heartbeat(.number(JSONNumber(Int64(step.attempt))))
                if outside().call(step, 0) <= input.failures { throw Failure(type: "flaky", message: "not yet") }
                return 1
            }
        } catch let failure as Failure where Self.failures.contains(failure.type) {
            return -1
        }
    }
}

/// Waits for something that never comes, until it is cancelled or its deadline passes; then it cleans up.
struct HangScenario: Workflow {
    struct Input: Codable, Sendable { let hasChild: Bool }

    static let name = "sim.hang"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Int64 {
        try await context.transaction("tx begin") { transaction, step in
            try await transaction.execute(LedgerEntry(run: step.runID, label: "begin", value: 0).statement)
        }
        do {
            if input.hasChild { _ = try await context.child(LeafScenario.self, .init(index: 0, waits: true)) }
            _ = try await context.signal("never", as: Int.self)
        } catch let error as RunCancelled {
            try await context.cleanup { context in
                try await context.step("ext cleanup") { step in outside().call(step, 0) }
                try await context.transaction("tx cleanup") { transaction, step in
                    try await transaction.execute(LedgerEntry(run: step.runID, label: "cleanup", value: 0).statement)
                }
            }
            throw error
        }
        return 0
    }
}

/// Starts a child under a business key that others want, too.
struct KeyedParentScenario: Workflow {
    struct Input: Codable, Sendable { let key: String }

    static let name = "sim.keyed-parent"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Int64 {
        do {
            return try await context.child(LeafScenario.self, .init(index: 1, waits: false), key: input.key)
        } catch let failure as Failure where failure.type == "child.conflict" {
            return -1
        }
    }
}

/// Waits for three things at once, takes the first and gives up the others.
struct RaceScenario: Workflow {
    struct Input: Codable, Sendable { let seconds: Int64 }

    static let name = "sim.race"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> String {
        // Left behind: it goes on by itself.
        try await context.start(LeafScenario.self, .init(index: 1, waits: false))
        let winner = try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                try await context.sleep(for: .seconds(input.seconds))
                return "timer"
            }
            group.addTask {
                _ = try await context.child(LeafScenario.self, .init(index: 0, waits: true))
                return "child"
            }
            group.addTask {
                _ = try await context.signal("never", as: Int.self)
                return "signal"
            }
            let first = try await group.next()
            group.cancelAll()
            return first ?? "nobody"
        }
        try await context.transaction("tx won") { transaction, step in
            try await transaction.execute(LedgerEntry(run: step.runID, label: "won", value: 0).statement)
        }
        return winner
    }
}

/// The workflows of a simulated world.
let simulatedWorkflows: [WorkflowType] = [
    WorkflowType(SequenceScenario.self), WorkflowType(LeafScenario.self), WorkflowType(FanOutScenario.self),
    WorkflowType(SignalsScenario.self), WorkflowType(LoopScenario.self), WorkflowType(SagaScenario.self),
    WorkflowType(FlakyScenario.self), WorkflowType(HangScenario.self), WorkflowType(KeyedParentScenario.self),
    WorkflowType(RaceScenario.self),
]
