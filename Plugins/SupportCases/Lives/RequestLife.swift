import Foundation
import HoldingTenant
import WorkflowKit

/// Watches over one support request: reminds its opener while HP waits for an answer, resolves it when none comes, and
/// closes it some time after it was resolved.
struct RequestLife: Workflow {
    struct Input: Codable, Sendable {
        var requestId: UUID
        var state: String
        var remindersMs: [Int64]
        var waitsMs: Int64
        var closesAfterMs: Int64
    }

    struct Output: Codable, Sendable {
        var state: String
    }

    static let name = "support-cases.request-life"
    static let summary = "Reminds the opener of a support request that waits for information, and closes it in the end."

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        var state = input.state
        var since = context.now
        var reminded = 0
        while true {
            let moved: LifeMoved?
            switch SupportRequest.State(rawValue: state) {
            case .open:
                moved = try await context.signal(LifeMoved.signal, as: LifeMoved.self)
            case .awaitingInfo:
                let isLast = reminded >= input.remindersMs.count
                let due = since + .milliseconds(isLast ? input.waitsMs : input.remindersMs[reminded])
                moved = try await context.signal(
                    LifeMoved.signal, as: LifeMoved.self, timeout: max(.zero, due - context.now))
                guard moved == nil else { break }
                let (now, number) = (context.now, reminded + 1)
                if isLast {
                    state = try await context.transaction("give-up") { transaction, _ -> String in
                        try await Self.take(.resolve, of: input.requestId, at: now, in: transaction)
                    }
                    since = context.now
                } else {
                    reminded = number
                    try await context.transaction("remind-\(number)") { transaction, _ in
                        try await Self.remind(input.requestId, number: number, at: now, in: transaction)
                    }
                }
            case .resolved:
                moved = try await context.signal(
                    LifeMoved.signal, as: LifeMoved.self, timeout: .milliseconds(input.closesAfterMs))
                guard moved == nil else { break }
                let now = context.now
                state = try await context.transaction("close") { transaction, _ -> String in
                    try await Self.take(.close, of: input.requestId, at: now, in: transaction)
                }
            case .closed, .cancelled, nil:
                return Output(state: state)
            }
            if let moved {
                (state, since, reminded) = (moved.state, context.now, 0)
            }
        }
    }

    private static func remind(
        _ id: UUID, number: Int, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        guard let request = try await SupportBook.locked(id.uuidString, in: transaction),
            request.life.state == .awaitingInfo
        else { return }
        let text = request.id.uuidString.lowercased()
        try await transaction.emit(
            Event(
                "support.reminder", to: request.openers, at: now,
                data: [
                    "requestId": .string(text), "number": .int(number),
                    "texts": TextCatalogue.inAllLanguages(.supportReminder, ["request": text]),
                ]))
    }

    /// The state afterwards: a step that somebody took at the last moment counts.
    private static func take(
        _ step: SupportRequest.Step, of id: UUID, at now: Timestamp, in transaction: any Transaction
    ) async throws -> String {
        guard var request = try await SupportBook.locked(id.uuidString, in: transaction) else {
            return SupportRequest.State.cancelled.rawValue
        }
        if case .success = request.life.take(step, by: .server) {
            try await SupportBook.store(request, step: step.rawValue, at: now, in: transaction)
        }
        return request.life.state.rawValue
    }
}

extension RunLauncher {
    /// Begins to watch over a request, or goes on with it from its state.
    func watch(_ request: KeptRequest, _ periods: LifePeriods, in transaction: any Transaction) async throws {
        let id = request.id.uuidString.lowercased()
        let state = request.life.state
        if try await signal(
            workflow: RequestLife.name, key: id, name: LifeMoved.signal, LifeMoved(state: state.rawValue),
            in: transaction)
        {
            return
        }
        guard state != .closed, state != .cancelled else { return }
        _ = try await start(
            RequestLife.self,
            RequestLife.Input(
                requestId: request.id, state: state.rawValue,
                remindersMs: periods.requestReminders.map(\.milliseconds), waitsMs: periods.requestWaits.milliseconds,
                closesAfterMs: periods.requestCloses.milliseconds), key: id, in: transaction)
    }
}
