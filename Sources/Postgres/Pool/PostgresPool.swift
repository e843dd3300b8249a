package import Logging
package import WorkflowKit

/// A bounded number of connections that many tasks share.
///
/// Connections are opened when they are needed and kept. Tasks wait for one in the order in which they came, up to a
/// deadline. A connection that broke, or comes back in the middle of something, is dropped.
package final class PostgresPool: Sendable {
    let configuration: PostgresConfiguration
    /// Most connections at a time.
    package let size: Int
    /// How long a task waits for a connection before it gets `.unavailable`; attempts to connect count into it.
    package let acquireTimeout: Duration
    private let logger: Logger
    private let state = Locked(State())

    private enum Grant: Sendable {
        case connection(PostgresConnection)
        /// Room for one more connection, which the task has to open.
        case room
    }

    private struct State {
        /// The most recently used last; that one is warm and is taken first.
        var idle: [PostgresConnection] = []
        /// Connections that are open or being opened.
        var count = 0
        var line = WaitingLine<Grant>()
        /// The earliest deadline that a timer is set for.
        var watchedDeadline: ContinuousClock.Instant?
        var isClosed = false
        var backoff = Backoff()
        /// No attempt to connect before this moment.
        var nextAttempt = ContinuousClock.now
        /// Resumed when the last connection is gone.
        var closers: [CheckedContinuation<Void, Never>] = []

        /// What a task can have at once; nil if it must wait.
        mutating func take(size: Int) -> Result<Grant, SQLError>? {
            if isClosed { return .failure(PostgresPool.closed) }
            // Those who wait come first.
            guard line.count == 0 else { return nil }
            while let connection = idle.popLast() {
                if connection.isOpen { return .success(.connection(connection)) }
                count -= 1
            }
            guard count < size else { return nil }
            count += 1
            return .success(.room)
        }
    }

    package init(
        configuration: PostgresConfiguration, size: Int, logger: Logger, acquireTimeout: Duration = .seconds(10)
    ) {
        precondition(size > 0, "a pool of \(size) connections can serve nobody")
        self.configuration = configuration
        self.size = size
        self.logger = logger
        self.acquireTimeout = acquireTimeout
    }

    /// Lends a connection to `body`.
    ///
    /// Throws `.unavailable` when none became free or could be opened within `limit` (``acquireTimeout`` unless given),
    /// `.cancelled` when the task was cancelled before.
    package nonisolated(nonsending) func withConnection<Result: Sendable>(
        within limit: Duration? = nil, _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await acquire(within: limit)
        defer { release(connection) }
        return try await body(connection)
    }

    package nonisolated(nonsending) func query(_ statement: SQLStatement) async throws(SQLError) -> [SQLRow] {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.query(statement)
    }

    @discardableResult
    package nonisolated(nonsending) func execute(_ statement: SQLStatement) async throws(SQLError) -> Int {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.execute(statement)
    }

    /// Runs `body` in a transaction, as ``PostgresConnection/transaction(_:_:)`` does.
    package nonisolated(nonsending) func transaction<Result: Sendable>(
        _ options: TransactionOptions = .init(),
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.transaction(options, body)
    }

    /// How many connections are open, being opened or lent.
    package var connectionCount: Int { state.withLock { $0.count } }

    /// How many tasks wait for a connection.
    package var waitingCount: Int { state.withLock { $0.line.count } }

    /// Turns waiting tasks away and waits until every connection is back and closed.
    package func close() async {
        let (idle, waiting) = state.withLock { state in
            state.isClosed = true
            defer {
                state.count -= state.idle.count
                state.idle = []
            }
            return (state.idle, state.line.removeAll())
        }
        for continuation in waiting { continuation.resume(returning: .failure(Self.closed)) }
        for connection in idle { await connection.close() }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.count > 0 { state.closers.append(continuation) }
                return state.count == 0
            }
            if isDone { continuation.resume() }
        }
    }

    // MARK: -

    private nonisolated(nonsending) func acquire(
        within limit: Duration? = nil
    ) async throws(SQLError) -> PostgresConnection {
        let deadline = ContinuousClock.now + (limit ?? acquireTimeout)
        while true {
            switch try await grant(until: deadline) {
            case .connection(let connection):
                // What was handed over while it broke is replaced.
                if connection.isOpen { return connection }
                giveUpRoom()
            case .room:
                do throws(SQLError) {
                    return try await open(until: deadline)
                } catch {
                    giveUpRoom()
                    throw error
                }
            }
        }
    }

    /// A connection, or room for one, when it is this task's turn.
    private nonisolated(nonsending) func grant(until deadline: ContinuousClock.Instant) async throws(SQLError) -> Grant
    {
        let immediate = state.withLock { $0.take(size: size) }
        if let immediate { return try immediate.get() }
        let ticket = Ticket()
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Result<Grant, SQLError>? in
                    if ticket.isCancelled { return .failure(Self.cancelled) }
                    if let answer = state.take(size: size) { return answer }
                    state.line.append(ticket, until: deadline, continuation)
                    return nil
                }
                if let answer {
                    continuation.resume(returning: answer)
                } else {
                    watch(deadline)
                }
            }
        } onCancel: {
            ticket.cancel()
            state.withLock { $0.line.remove(ticket) }?.resume(returning: .failure(Self.cancelled))
        }
        return try answer.get()
    }

    /// Sees to it that tasks do not wait beyond their deadlines: one timer for all of them, while there are any.
    private func watch(_ deadline: ContinuousClock.Instant) {
        let isNew = state.withLock { state in
            if let watched = state.watchedDeadline, watched <= deadline { return false }
            state.watchedDeadline = deadline
            return true
        }
        guard isNew else { return }
        Timer.after(ContinuousClock.now.duration(to: deadline)) { [weak self] in self?.turnAwayOverdue(deadline) }
    }

    private func turnAwayOverdue(_ watched: ContinuousClock.Instant) {
        let (overdue, next) = state.withLock { state in
            if state.watchedDeadline == watched { state.watchedDeadline = nil }
            return (state.line.removeOverdue(at: .now), state.line.nextDeadline)
        }
        for continuation in overdue { continuation.resume(returning: .failure(Self.overdue)) }
        if let next { watch(next) }
    }

    /// Opens a connection, trying again while the database is away and there is time.
    private nonisolated(nonsending) func open(
        until deadline: ContinuousClock.Instant
    ) async throws(SQLError) -> PostgresConnection {
        while true {
            try await pause(until: min(deadline, state.withLock { $0.nextAttempt }))
            if state.withLock({ $0.isClosed }) { throw Self.closed }
            var configuration = configuration
            configuration.connectTimeout = max(
                .milliseconds(1), min(configuration.connectTimeout, ContinuousClock.now.duration(to: deadline)))
            do throws(SQLError) {
                let connection = try await PostgresConnection.connect(configuration, logger: logger)
                state.withLock { $0.backoff.reset() }
                return connection
            } catch {
                guard error.kind == .unavailable else { throw error }
                let wait = state.withLock { state in
                    var random = SystemRandomNumberGenerator()
                    let wait = state.backoff.next(using: &random)
                    state.nextAttempt = .now + wait
                    return wait
                }
                logger.debug("could not connect to the database", metadata: ["retry-in": "\(wait)"])
                if state.withLock({ $0.nextAttempt }) >= deadline { throw error }
            }
        }
    }

    private nonisolated(nonsending) func pause(until moment: ContinuousClock.Instant) async throws(SQLError) {
        if moment <= .now { return }
        do {
            try await Task.sleep(until: moment, clock: .continuous)
        } catch {
            throw Self.cancelled
        }
    }

    /// Takes a connection back: to the task that has waited longest, or to the idle ones, if it is as good as new.
    private func release(_ connection: PostgresConnection) {
        let isReusable = connection.isReusable
        let (next, isKept) = state.withLock { state -> (WaitingLine<Grant>.Continuation?, Bool) in
            guard isReusable, !state.isClosed else { return (nil, false) }
            let next = state.line.removeFirst()
            if next == nil { state.idle.append(connection) }
            return (next, true)
        }
        if isKept {
            next?.resume(returning: .success(.connection(connection)))
        } else {
            connection.link.close()
            giveUpRoom()
        }
    }

    /// One connection is gone: the task that has waited longest may open another.
    private func giveUpRoom() {
        let (next, closers) = state.withLock { state in
            let next = state.line.removeFirst()
            if next == nil { state.count -= 1 }
            guard state.count == 0 else { return (next, [CheckedContinuation<Void, Never>]()) }
            defer { state.closers = [] }
            return (next, state.closers)
        }
        next?.resume(returning: .success(.room))
        for closer in closers { closer.resume() }
    }

    private static let closed = SQLError(kind: .unavailable, message: "the connection pool is closed")
    private static let cancelled = SQLError(
        kind: .cancelled, message: "the call was cancelled while it waited for a connection")
    private static let overdue = SQLError(
        kind: .unavailable, message: "no database connection became free in time")
}
