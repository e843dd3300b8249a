import WorkflowKit

/// A message that another session sent with NOTIFY.
package struct PostgresNotification: Hashable, Sendable {
    package let channel: String
    /// At most 8,000 bytes (PostgreSQL manual, NOTIFY).
    package let payload: String
    /// The process of the session that sent it.
    package let processID: Int32
}

/// One reader of notifications.
final class Listener: Sendable {
    private let channels: Set<String>
    private let continuation: AsyncThrowingStream<PostgresNotification, any Error>.Continuation

    init(
        channels: Set<String>, continuation: AsyncThrowingStream<PostgresNotification, any Error>.Continuation
    ) {
        self.channels = channels
        self.continuation = continuation
    }

    func deliver(_ notification: PostgresNotification) {
        guard channels.contains(notification.channel) else { return }
        // A reader that missed something must look for itself, so it is told instead of being left behind.
        if case .dropped = continuation.yield(notification) {
            continuation.finish(
                throwing: SQLError(kind: .unavailable, message: "notifications arrived faster than they were read"))
        }
    }

    /// The link is gone.
    func end() {
        continuation.finish(
            throwing: SQLError(kind: .unavailable, message: "the connection to the database was lost"))
    }
}
