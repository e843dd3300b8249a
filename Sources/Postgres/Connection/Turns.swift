import WorkflowKit

/// Lets one task at a time use a connection, in the order in which they ask.
final class Turns: Sendable {
    private struct State {
        var isTaken = false
        var line = WaitingLine<Void>()
    }

    private let state = Locked(State())

    /// Waits for the turn; throws `.cancelled` when the task is cancelled meanwhile.
    nonisolated(nonsending) func take() async throws(SQLError) {
        let isFree = state.withLock { state in
            defer { state.isTaken = true }
            return !state.isTaken
        }
        if isFree { return }
        let ticket = Ticket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Result<Void, SQLError>? = state.withLock { state in
                    if ticket.isCancelled { return .failure(Self.cancelled) }
                    if !state.isTaken {
                        state.isTaken = true
                        return .success(())
                    }
                    state.line.append(ticket, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            ticket.cancel()
            state.withLock { $0.line.remove(ticket) }?.resume(returning: .failure(Self.cancelled))
        }
        try result.get()
    }

    /// Gives the turn to the next task.
    func release() {
        let next = state.withLock { state in
            let next = state.line.removeFirst()
            if next == nil { state.isTaken = false }
            return next
        }
        next?.resume(returning: .success(()))
    }

    private static let cancelled = SQLError(
        kind: .cancelled, message: "the call was cancelled while it waited for the connection")
}
