package import WorkflowKit

extension PostgresConnection {
    /// Listens on `channels` and returns what is notified there from now on.
    ///
    /// The sequence ends with `.unavailable` when the connection is lost, or when more than 10,000 notifications wait
    /// to be read: the reader then listens anew and looks for itself. A connection that listens is not returned to
    /// its pool.
    package func notifications(
        channels: [String]
    ) async throws(SQLError) -> AsyncThrowingStream<PostgresNotification, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: PostgresNotification.self, bufferingPolicy: .bufferingOldest(Self.notificationsWaitingMax))
        let listener = Listener(channels: Set(channels), continuation: continuation)
        setListening()
        guard link.add(listener) else {
            throw SQLError(kind: .unavailable, message: "the connection to the database was lost")
        }
        continuation.onTermination = { [weak link] _ in link?.remove(listener) }
        do throws(SQLError) {
            for channel in channels {
                let quoted =
                    "\""
                    + channel.split(separator: "\"", omittingEmptySubsequences: false)
                    .joined(separator: "\"\"") + "\""
                try await execute(
                    SQLStatement(uncheckedText: "listen \(quoted)", name: "listen", isPrepared: false))
            }
        } catch {
            link.remove(listener)
            throw error
        }
        return stream
    }

    /// A sequence of nothing that ends when the connection is lost or closed. It sends nothing, keeps the connection free
    /// for whatever else it is used for, and does not keep it alive.
    package func ending() -> AsyncThrowingStream<PostgresNotification, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: PostgresNotification.self)
        let listener = Listener(channels: [], continuation: continuation)
        guard link.add(listener) else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak link] _ in link?.remove(listener) }
        return stream
    }

    private static let notificationsWaitingMax = 10_000
}
