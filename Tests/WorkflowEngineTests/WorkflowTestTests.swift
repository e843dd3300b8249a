import Synchronization
import Testing
import WorkflowKit
import WorkflowTestKit

/// The kit is what authors rely on, so it is tested itself.
@Suite struct WorkflowTestTests {
    struct Order: Workflow {
        struct Input: Codable, Sendable { let amount: Int }

        static let name = "example.order"

        func run(_ input: Input, _ context: WorkflowContext) async throws -> String {
            try await context.transaction("reserve") { transaction, _ in
                try await transaction.execute(SQLStatement("update stock set reserved = reserved + 1"))
            }
            await context.compensateInTransaction("reserve") { transaction, _ in
                try await transaction.execute(SQLStatement("update stock set reserved = reserved - 1"))
            }
            let approved = try await context.signal("approved", as: Bool.self, timeout: .seconds(3_600)) ?? false
            if !approved { throw Failure.permanent("order.refused", "nobody approved \(input.amount)") }
            try await context.emit("order.approved", .string("\(input.amount)"))
            return try await context.child(Delivery.self, Nothing())
        }
    }

    struct Delivery: Workflow {
        static let name = "example.delivery"

        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> String {
            try await context.sleep(for: .seconds(86_400))
            return try await context.step("deliver") { _ in "delivered" }
        }
    }

    private func newTest() -> WorkflowTest { WorkflowTest([WorkflowType(Order.self), WorkflowType(Delivery.self)]) }

    @Test func `a signal planned for later comes then`() async throws {
        let test = newTest()
        try test.signal("approved", true, after: .seconds(1_800))
        #expect(try await test.run(Order.self, .init(amount: 5)) == "delivered")
        #expect(test.elapsed >= .seconds(1_800 + 86_400))
        #expect(test.elapsed < .seconds(3_600 + 86_400))
        #expect(test.endedSteps == ["reserve", "deliver"])
        #expect(test.emittedEvents.map(\.type) == ["order.approved"])
    }

    @Test func `a run that fails undoes what it did`() async throws {
        let test = newTest()
        await #expect(throws: Failure.permanent("order.refused", "nobody approved 5")) {
            try await test.run(Order.self, .init(amount: 5))
        }
        #expect(
            test.committedStatements.map(\.text) == [
                "update stock set reserved = reserved + 1", "update stock set reserved = reserved - 1",
            ])
    }

    @Test func `a run that is cancelled undoes what it did`() async throws {
        let test = newTest()
        test.cancel(after: .seconds(60), reason: "the customer left")
        await #expect(throws: Failure.permanent("cancelled", "the customer left")) {
            try await test.run(Order.self, .init(amount: 5))
        }
        #expect(test.committedStatements.count == 2)
    }

    @Test func `a crash after every commit changes nothing`() async throws {
        let test = newTest()
        try test.signal("approved", true, after: .seconds(60))
        #expect(try await test.runThroughCrashes(Order.self, .init(amount: 5)) == "delivered")
        #expect(test.committedStatements.count == 1)
    }

    /// Counts in the process how often it was started: another course after each crash.
    struct Forgetful: Workflow {
        static let name = "example.forgetful"
        static let starts = Mutex(0)

        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            let start = Self.starts.withLock { count in
                count += 1
                return count
            }
            _ = try await context.local("begin") { 0 }
            _ = try await context.local(start == 1 ? "first" : "again") { 0 }
            return 1
        }
    }

    @Test func `code that takes another course after a crash fails its test`() async throws {
        let test = WorkflowTest([WorkflowType(Forgetful.self)])
        let failure = await #expect(throws: Failure.self) { try await test.run(Forgetful.self, Nothing()) }
        #expect(failure?.type == "not-deterministic")
        let message = failure?.message ?? ""
        #expect(message.contains("expected step \"first\" as operation 2, found step \"again\""), "\(message)")
    }

    /// Takes the same course, but returns something else after a crash.
    struct Moody: Workflow {
        static let name = "example.moody"
        static let starts = Mutex(0)

        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            _ = try await context.local("only") { 0 }
            return Self.starts.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test func `code that returns something else after a crash fails its test`() async throws {
        let test = WorkflowTest([WorkflowType(Moody.self)])
        let failure = await #expect(throws: Failure.self) { try await test.run(Moody.self, Nothing()) }
        #expect(failure?.type == "not-deterministic")
    }

    /// Books outside the step's transaction: once more after a crash.
    struct Careless: Workflow {
        static let name = "example.careless"

        func run(_ input: Counted, _ context: WorkflowContext) async throws -> Int {
            try await context.step("book") { _ in Counted.bookings.withLock { $0 += 1 } }
            return try await context.step("count") { _ in Counted.bookings.withLock { $0 } }
        }
    }

    struct Counted: Codable, Sendable { static let bookings = Mutex(0) }

    @Test func `a step that must not be repeated is found by crashes`() async throws {
        let test = WorkflowTest([WorkflowType(Careless.self)])
        let failure = await #expect(throws: Failure.self) {
            try await test.runThroughCrashes(Careless.self, Counted())
        }
        #expect(failure?.type == "crash.unsafe")
    }

    struct Race: Workflow {
        static let name = "example.race"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> String {
            try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask { try await context.signal("answer", as: String.self) }
                group.addTask {
                    try await context.sleep(for: .seconds(3_600))
                    return "nobody answered"
                }
                defer { group.cancelAll() }
                return try await group.next() ?? ""
            }
        }
    }

    @Test func `whoever loses a race is given up`() async throws {
        let late = WorkflowTest([WorkflowType(Race.self)])
        try late.signal("answer", "late", after: .seconds(7_200))
        #expect(try await late.run(Race.self, Nothing()) == "nobody answered")
        #expect(late.elapsed < .seconds(7_200))

        let early = WorkflowTest([WorkflowType(Race.self)])
        try early.signal("answer", "early", after: .seconds(60))
        #expect(try await early.runThroughCrashes(Race.self, Nothing()) == "early")
        #expect(early.elapsed < .seconds(3_600))
    }

    struct Leftover: Workflow {
        static let name = "example.leftover"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            async let _ = context.child(Delivery.self, Nothing())
            return 1
        }
    }

    @Test func `a child that nobody waits for any more is cancelled`() async throws {
        let test = WorkflowTest([WorkflowType(Leftover.self), WorkflowType(Delivery.self)])
        #expect(try await test.run(Leftover.self, Nothing()) == 1)
        #expect(test.elapsed < .seconds(86_400))
        #expect(test.endedSteps.isEmpty)
    }

    struct Waiting: Workflow {
        static let name = "example.waiting"
        func run(_ input: Nothing, _ context: WorkflowContext) async throws -> Int {
            try await context.signal("never", as: Int.self)
        }
    }

    @Test func `a run that waits for ever is reported as stuck`() async throws {
        let test = WorkflowTest([WorkflowType(Waiting.self)])
        let failure = await #expect(throws: Failure.self) { try await test.run(Waiting.self, Nothing()) }
        #expect(failure?.type == "stuck")
    }
}
