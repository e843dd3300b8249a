package import Logging
package import WorkflowKit

/// One connection on which batches of statements are under way without waiting for each other.
///
/// All statements of a batch leave together and are one transaction; they cost one round trip and one commit.
/// Batches are carried out in the order in which they were sent. When the connection is lost, the next batch opens
/// another one.
package final class PostgresPipeline: Sendable {
    private let configuration: PostgresConfiguration
    private let logger: Logger
    /// How long a batch waits for a connection while the database is away.
    package let connectPatience: Duration
    private let connecting = Turns()
    private let state = Locked(State())

    private struct State {
        var session: PipelineSession?
        var unfinished: Set<Int32> = []
        var isClosed = false
    }

    package init(configuration: PostgresConfiguration, logger: Logger, connectPatience: Duration = .seconds(10)) {
        self.configuration = configuration
        self.logger = logger
        self.connectPatience = connectPatience
    }

    /// The process of the server that serves the connection; nil while there is none.
    package var processID: Int32? { state.withLock { $0.session?.link.processID } }

    /// The processes of the server whose connection was lost while a batch was under way. Such a process may not even
    /// have read the batch, and may still carry it out: whoever wants to know what became of it ends the process first.
    package var unfinishedProcesses: Set<Int32> { state.withLock { $0.unfinished } }

    /// The process is known to have ended.
    package func hasEnded(process: Int32) { _ = state.withLock { $0.unfinished.remove(process) } }

    /// Runs `batch` as one transaction; returns the rows of each statement.
    ///
    /// Nothing of it is kept when a statement fails; the error tells which. Throws `.unavailable` if it certainly was
    /// not carried out, `.outcomeUnknown` if the connection was lost after the last byte was sent. A task that is
    /// cancelled after that still waits for the answer: a cancel request could hit another batch.
    package nonisolated(nonsending) func submit(_ batch: [SQLStatement]) async throws(SQLError) -> [[SQLRow]] {
        try await answers(to: batch).map(\.rows)
    }

    /// Like ``submit(_:)``, with the number of rows that each statement changed.
    package nonisolated(nonsending) func answers(to batch: [SQLStatement]) async throws(SQLError) -> [PipelineAnswer] {
        let batch = try PipelineBatch(batch)
        return try batch.answers(from: try await commit(batch))
    }

    /// Runs `batch` as one transaction; returns the answer to each statement once all of it is committed.
    nonisolated(nonsending) func commit(_ batch: PipelineBatch) async throws(SQLError) -> [ServerResult] {
        if batch.items.isEmpty { return [] }
        for isLastTry in [false, true] {
            let session = try await session()
            let outcome = await session.exchange(batch)
            if outcome.isUnknown { _ = state.withLock { $0.unfinished.insert(session.link.processID) } }
            if !isLastTry, outcome.wantsNewPlan {
                // Nothing of the batch was kept, so it can be sent again with statements that are prepared anew.
                continue
            }
            return try outcome.results(of: batch)
        }
        preconditionFailure("the last try returns or throws")
    }

    /// Ends the session at once; batches under way end as if the connection was lost.
    package func close() async {
        let session = state.withLock { state in
            state.isClosed = true
            return state.session
        }
        session?.link.close()
    }

    /// Cuts the socket, as a failing network would. For tests.
    package func cut() { state.withLock { $0.session }?.link.cut() }

    private var openSession: PipelineSession? {
        state.withLock { state in
            guard let session = state.session, session.link.isOpen else { return nil }
            return session
        }
    }

    private nonisolated(nonsending) func session() async throws(SQLError) -> PipelineSession {
        if let session = openSession { return session }
        try await connecting.take()
        defer { connecting.release() }
        if let session = openSession { return session }

        let deadline = ContinuousClock.now + connectPatience
        var backoff = Backoff()
        var random = SystemRandomNumberGenerator()
        while true {
            if state.withLock({ $0.isClosed }) {
                throw SQLError(kind: .unavailable, message: "the connection to the database is closed")
            }
            do throws(SQLError) {
                let link = try await Link.open(configuration, logger: logger)
                guard link.enterPipelineMode() else {
                    throw SQLError(kind: .unavailable, message: "the connection to the database was lost")
                }
                return keep(PipelineSession(link: link))
            } catch {
                let wait = backoff.next(using: &random)
                guard error.kind == .unavailable, ContinuousClock.now + wait < deadline else { throw error }
                logger.debug("could not connect to the database", metadata: ["retry-in": "\(wait)"])
                do {
                    try await Task.sleep(for: wait)
                } catch {
                    throw SQLError(kind: .cancelled, message: "the call was cancelled while it waited for a connection")
                }
            }
        }
    }

    private func keep(_ session: PipelineSession) -> PipelineSession {
        let isClosed = state.withLock { state in
            state.session = session
            return state.isClosed
        }
        if isClosed { session.link.close() }
        return session
    }
}

/// What one statement of a batch came to.
package struct PipelineAnswer: Sendable {
    package let rows: [SQLRow]
    /// How many rows the statement changed, or returned.
    package let affectedRows: Int
}
