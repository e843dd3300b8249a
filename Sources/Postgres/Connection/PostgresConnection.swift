package import Logging
package import WorkflowKit

/// One session with the database.
///
/// Calls from several tasks take turns. No call blocks a thread: it suspends its task until the server has answered.
/// Cancelling the task cancels the statement on the server and waits for its answer, so the session stays usable.
package final class PostgresConnection: Sendable {
    let link: Link
    let turns = Turns()
    private let cache = Locked(Cache())

    private struct Cache {
        var statements = StatementCache(countMax: PostgresConnection.preparedStatementsMax)
        /// Names of prepared statements that the server may forget.
        var evicted: [String] = []
        /// Whether the session is no longer like a new one.
        var isListening = false
    }

    /// Most prepared statements of one connection; the least recently used go first.
    static let preparedStatementsMax = 256

    private init(link: Link) {
        self.link = link
    }

    /// Opens a session; throws `.unavailable` if no host of `configuration` takes it, `.notPermitted` if the role or
    /// its password is refused, `.rejected` if the database does not exist.
    package static func connect(
        _ configuration: PostgresConfiguration, logger: Logger
    ) async throws(SQLError) -> PostgresConnection {
        PostgresConnection(link: try await Link.open(configuration, logger: logger))
    }

    /// The server's process that serves this session.
    package var processID: Int32 { link.processID }

    /// Where a task may run that does nothing but wait for the database, such as one that asks one question after the
    /// other: an answer is handed on in the thread that read it, which saves waking another one (about 15 µs). It is
    /// one thread for all connections, so nothing that runs here may block or compute for long.
    package static var executor: any TaskExecutor { Reactor.shared }

    /// For example 150018 for PostgreSQL 15.18.
    package var serverVersion: Int32 { link.serverVersion }

    /// False once the session has ended, by ``close()`` or by a failure.
    package var isOpen: Bool { link.isOpen }

    /// Whether the session can be given to somebody else: open, outside of a transaction, with nothing under way.
    var isReusable: Bool { link.isIdle && !cache.withLock { $0.isListening } }

    /// Ends the session at once; calls that are under way end as if the connection was lost.
    package func close() async { link.close() }

    /// Cuts the socket, as a failing network would. For tests.
    package func cut() { link.cut() }

    /// Runs `statement` and returns its rows.
    package nonisolated(nonsending) func query(_ statement: SQLStatement) async throws(SQLError) -> [SQLRow] {
        try await inTurn { () throws(SQLError) in try await run(statement) }.rows(of: statement)
    }

    /// Runs `statement` and returns how many rows it changed.
    @discardableResult
    package nonisolated(nonsending) func execute(_ statement: SQLStatement) async throws(SQLError) -> Int {
        try await inTurn { () throws(SQLError) in try await run(statement) }.affectedRows
    }

    /// Runs a text of several statements, as it stands in a file; the rows of queries are dropped.
    ///
    /// Without transaction commands in it, all of it is one transaction (PostgreSQL manual, "Multiple Statements in a
    /// Simple Query").
    package nonisolated(nonsending) func simple(_ script: String) async throws(SQLError) {
        try await inTurn { () throws(SQLError) in try await runScript(script) }
    }

    /// Runs `body` when it is this task's turn.
    nonisolated(nonsending) func inTurn<Result>(
        _ body: nonisolated(nonsending) () async throws(SQLError) -> Result
    ) async throws(SQLError) -> Result {
        try refuseInsideTransaction()
        try await turns.take()
        defer { turns.release() }
        return try await body()
    }

    /// A call on the connection from inside of its transaction would wait for its own end.
    func refuseInsideTransaction() throws(SQLError) {
        if Self.transactionOwners.contains(ObjectIdentifier(self)) {
            throw SQLError(
                kind: .defect, message: "inside a transaction, statements must go through the transaction")
        }
    }

    /// The connections whose transaction the current task is in.
    @TaskLocal static var transactionOwners: Set<ObjectIdentifier> = []

    func setListening() { cache.withLock { $0.isListening = true } }
}

// MARK: - What may only be called when it is the task's turn

extension PostgresConnection {
    /// Runs `statement` and returns the server's answer, which is not a failure.
    nonisolated(nonsending) func run(_ statement: SQLStatement) async throws(SQLError) -> ServerResult {
        let parameters: Parameters
        do throws(SQLError) {
            parameters = try Parameters(statement.parameters)
        } catch {
            throw error.naming(statement.name)
        }
        guard !statement.text.utf8.contains(0) else {
            throw SQLError(kind: .defect, message: "a statement cannot hold U+0000", statement: statement.name)
        }
        guard statement.isPrepared else { return try await runUnprepared(statement, parameters) }

        let isInTransaction = link.isInTransaction
        let found = cache.withLock { $0.statements.find(statement.text, types: parameters.types) }
        guard let found else {
            let name = try await prepare(statement, parameters)
            return try await runPrepared(name, statement, parameters).get(statement, isInTransaction, link)
        }
        let outcome = await runPrepared(found, statement, parameters)
        guard let error = outcome.serverError, error.wantsNewPlan else {
            return try outcome.get(statement, isInTransaction, link)
        }
        // The schema changed under the prepared statement, or a pooler between us and the server lost it. It failed
        // before it did anything, so outside of a transaction it may be made again; inside, all of it must be.
        cache.withLock { cache in
            cache.statements.remove(name: found, text: statement.text)
            cache.evicted.append(found)
        }
        if isInTransaction {
            throw SQLError(
                kind: .conflict, message: "the schema changed under a prepared statement", sqlState: error.sqlState,
                statement: statement.name)
        }
        let name = try await prepare(statement, parameters)
        return try await runPrepared(name, statement, parameters).get(statement, isInTransaction, link)
    }

    private nonisolated(nonsending) func runPrepared(
        _ name: String, _ statement: SQLStatement, _ parameters: Parameters
    ) async -> Exchange.Outcome {
        await link.exchange(.execute(name: name, parameters), isCancellable: true)
    }

    private nonisolated(nonsending) func runUnprepared(
        _ statement: SQLStatement, _ parameters: Parameters
    ) async throws(SQLError) -> ServerResult {
        let isInTransaction = link.isInTransaction
        let outcome = await link.exchange(.executeOnce(text: statement.text, parameters), isCancellable: true)
        return try outcome.get(statement, isInTransaction, link)
    }

    /// Has the server prepare `statement`; returns the name that it has there.
    private nonisolated(nonsending) func prepare(
        _ statement: SQLStatement, _ parameters: Parameters
    ) async throws(SQLError) -> String {
        await deallocateEvicted()
        let (name, types) = cache.withLock { $0.statements.plan(statement.text, types: parameters.types) }
        let outcome = await link.exchange(.prepare(name: name, text: statement.text, types: types), isCancellable: true)
        // Preparing writes nothing, so a lost link leaves no doubt.
        _ = try outcome.get(statement, true, link)
        cache.withLock { $0.evicted += $0.statements.insert(name: name, text: statement.text, types: types) }
        return name
    }

    /// Frees what the server keeps for statements that are no longer used. In a failed transaction it cannot.
    private nonisolated(nonsending) func deallocateEvicted() async {
        guard link.isIdle else { return }
        let names = cache.withLock { cache in
            defer { cache.evicted = [] }
            return cache.evicted
        }
        for name in names {
            // The only failure is that the server has it no longer.
            _ = await link.exchange(.deallocate(name: name), isCancellable: false)
        }
    }

    nonisolated(nonsending) func runScript(_ script: String) async throws(SQLError) {
        let statement = SQLStatement(uncheckedText: script, name: "script")
        guard !script.utf8.contains(0) else {
            throw SQLError(kind: .defect, message: "a script cannot hold U+0000", statement: statement.name)
        }
        let isInTransaction = link.isInTransaction
        let outcome = await link.exchange(.script(script), isCancellable: true)
        _ = try outcome.get(statement, isInTransaction, link)
    }
}

extension Exchange.Outcome {
    /// The error that the server answered with, if it did.
    var serverError: ServerError? {
        guard case .answered(let groups) = self else { return nil }
        return groups.joined().lazy.compactMap { $0.isFailure ? ServerError($0) : nil }.first
    }

    /// The last answer; throws what went wrong. `isInTransaction` says that losing the link cannot have written
    /// anything, since the commit was still to come.
    func get(_ statement: SQLStatement, _ isInTransaction: Bool, _ link: Link) throws(SQLError) -> ServerResult {
        switch self {
        case .answered(let groups):
            if let error = serverError { throw SQLError(error, statement: statement.name) }
            guard let result = groups.joined().last, !result.isFailure else {
                throw SQLError(
                    kind: .defect, message: "the database gave an answer that is not understood",
                    statement: statement.name)
            }
            if link.takeAbandonedSyncWait() && !isInTransaction { throw .standbyUnconfirmed(statement.name) }
            return result
        case .notSent:
            throw SQLError(
                kind: .unavailable, message: "the connection to the database was lost before the statement was sent",
                statement: statement.name)
        case .cancelledUnsent:
            throw SQLError(
                kind: .cancelled, message: "the call was cancelled before the statement was sent",
                statement: statement.name)
        case .lost(let groups, let isDone):
            let said = groups.joined().lazy.compactMap { $0.isFailure ? ServerError($0) : nil }.first
            guard isDone == .unknown, !isInTransaction else {
                throw SQLError(
                    kind: .unavailable,
                    message: "the connection to the database was lost" + (said.map { ": \($0.message)" } ?? ""),
                    sqlState: said?.sqlState, statement: statement.name)
            }
            throw SQLError(
                kind: .outcomeUnknown,
                message: "the connection to the database was lost; the statement may have been carried out",
                sqlState: said?.sqlState, statement: statement.name)
        }
    }
}

extension ServerResult {
    /// The decoded rows, any error naming `statement`.
    func rows(of statement: SQLStatement) throws(SQLError) -> [SQLRow] {
        do throws(SQLError) {
            return try rows()
        } catch {
            throw error.naming(statement.name)
        }
    }
}

extension SQLError {
    /// The same error, about the statement called `statement`.
    func naming(_ statement: String) -> SQLError {
        SQLError(kind: kind, message: message, sqlState: sqlState, statement: statement, constraint: constraint)
    }

    /// The commit is on this server, but no standby is known to have it.
    static func standbyUnconfirmed(_ statement: String) -> SQLError {
        SQLError(
            kind: .outcomeUnknown,
            message: "the database gave up waiting for its standby; the commit may be lost if the server is",
            statement: statement)
    }
}
