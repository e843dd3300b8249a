import Testing
import WorkflowKit
import WorkflowTestKit

struct Reminder: Workflow {
    struct Input: Codable, Sendable { let invoice: String }

    static let name = "example.reminder"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> String {
        try await context.step("send invoice") { step in "sent \(input.invoice) as \(step.idempotencyToken)" }
        try await context.sleep(for: .seconds(30 * 24 * 3600))
        let paid = try await context.signal("paid", as: Bool.self, timeout: .seconds(60)) ?? false
        return paid ? "paid" : "reminded"
    }
}

@Suite struct FirstWorkflowTests {
    @Test func `a month of sleep passes at once`() async throws {
        let test = WorkflowTest([WorkflowType(Reminder.self)])
        #expect(try await test.run(Reminder.self, .init(invoice: "F-1")) == "reminded")
        #expect(test.elapsed >= .seconds(30 * 24 * 3600))
    }

    @Test func `a signal that came during the sleep is there afterwards`() async throws {
        let test = WorkflowTest([WorkflowType(Reminder.self)])
        try test.signal("paid", true)
        #expect(try await test.run(Reminder.self, .init(invoice: "F-1")) == "paid")
    }
}
