import Foundation
import HoldingTenant
import WorkflowKit

/// Watches over one repair case from its submission to its end: reminds whoever should accept it, and closes it some
/// time after it was resolved.
///
/// The steps themselves are taken by people, each in a transaction of its own that tells this run the new state.
struct CaseLife: Workflow {
    struct Input: Codable, Sendable {
        var caseId: UUID
        var state: String
        var remindersMs: [Int64]
        var closesAfterMs: Int64
    }

    struct Output: Codable, Sendable {
        var state: String
    }

    static let name = "support-cases.case-life"
    static let summary = "Reminds of a repair case that nobody accepts, and closes it 14 days after it was resolved."

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        var state = input.state
        let submittedAt = context.now
        var reminded = 0
        while true {
            guard let known = RepairCase.State(rawValue: state), !known.isFinal else { return Output(state: state) }
            let moved: LifeMoved?
            switch known {
            case .submitted, .pendingCSDPLink:
                guard reminded < input.remindersMs.count else {
                    moved = try await context.signal(LifeMoved.signal, as: LifeMoved.self)
                    break
                }
                let due = submittedAt + .milliseconds(input.remindersMs[reminded])
                moved = try await context.signal(
                    LifeMoved.signal, as: LifeMoved.self, timeout: max(.zero, due - context.now))
                guard moved == nil else { break }
                reminded += 1
                let (now, number) = (context.now, reminded)
                try await context.transaction("remind-\(number)") { transaction, _ in
                    try await Self.remind(input.caseId, number: number, at: now, in: transaction)
                }
            case .resolved:
                moved = try await context.signal(
                    LifeMoved.signal, as: LifeMoved.self, timeout: .milliseconds(input.closesAfterMs))
                guard moved == nil else { break }
                let now = context.now
                state = try await context.transaction("close") { transaction, _ -> String in
                    try await Self.close(input.caseId, at: now, in: transaction)
                }
            default:
                moved = try await context.signal(LifeMoved.signal, as: LifeMoved.self)
            }
            if let moved { state = moved.state }
        }
    }

    private static func remind(
        _ id: UUID, number: Int, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        guard let kept = try await RepairBook.locked(id.uuidString, in: transaction),
            [.submitted, .pendingCSDPLink].contains(kept.life.state)
        else { return }
        try await transaction.emit(
            Event(
                "repair.reminder", to: kept.handlers, at: now,
                data: [
                    "caseId": .string(kept.id.uuidString.lowercased()), "serial": .string(kept.serial),
                    "state": .string(kept.life.state.rawValue), "number": .int(number),
                ]))
    }

    /// The state afterwards: a step that somebody took at the last moment counts.
    private static func close(_ id: UUID, at now: Timestamp, in transaction: any Transaction) async throws -> String {
        guard var kept = try await RepairBook.locked(id.uuidString, in: transaction) else {
            return RepairCase.State.cancelled.rawValue
        }
        if case .success = kept.life.take(.close, by: .server) {
            try await RepairBook.store(kept, step: "close", at: now, in: transaction)
        }
        return kept.life.state.rawValue
    }
}

extension RunLauncher {
    /// Begins to watch over a case, or goes on with it from its state.
    func watch(_ kept: KeptCase, _ periods: LifePeriods, in transaction: any Transaction) async throws {
        let id = kept.id.uuidString.lowercased()
        let state = kept.life.state.rawValue
        if try await signal(
            workflow: CaseLife.name, key: id, name: LifeMoved.signal, LifeMoved(state: state), in: transaction)
        {
            return
        }
        guard !kept.life.state.isFinal else { return }
        _ = try await start(
            CaseLife.self,
            CaseLife.Input(
                caseId: kept.id, state: state, remindersMs: periods.caseReminders.map(\.milliseconds),
                closesAfterMs: periods.caseCloses.milliseconds), key: id, in: transaction)
    }
}
