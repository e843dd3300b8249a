package import WorkflowKit

/// How a transaction is to be run.
package struct TransactionOptions: Hashable, Sendable {
    package enum Isolation: String, Hashable, Sendable {
        case readCommitted = "read committed"
        case repeatableRead = "repeatable read"
        case serializable
    }

    package var isolation: Isolation
    /// The database refuses to write; and when the connection is lost, the outcome is never unknown.
    package var isReadOnly: Bool
    /// How often the whole body is run again when another transaction won. The body must then be free of effects
    /// outside of its transaction.
    package var conflictRetriesMax: Int

    package init(isolation: Isolation = .readCommitted, isReadOnly: Bool = false, conflictRetriesMax: Int = 0) {
        self.isolation = isolation
        self.isReadOnly = isReadOnly
        self.conflictRetriesMax = conflictRetriesMax
    }

    fileprivate var begin: String { "begin isolation level \(isolation.rawValue)" + (isReadOnly ? " read only" : "") }
}

/// A transaction that is open on a connection.
package final class PostgresTransaction: Transaction {
    private let connection: PostgresConnection
    private let state = Locked(State())

    private struct State {
        var hasEnded = false
        /// The error that made the server refuse everything until the rollback.
        var failure: SQLError?
    }

    fileprivate init(on connection: PostgresConnection) {
        self.connection = connection
    }

    package nonisolated(nonsending) func query(_ statement: SQLStatement) async throws(SQLError) -> [SQLRow] {
        try await guarded { () throws(SQLError) in try await connection.run(statement) }.rows(of: statement)
    }

    @discardableResult
    package nonisolated(nonsending) func execute(_ statement: SQLStatement) async throws(SQLError) -> Int {
        try await guarded { () throws(SQLError) in try await connection.run(statement) }.affectedRows
    }

    /// Runs a text of several statements, none of which begins or ends a transaction.
    package nonisolated(nonsending) func simple(_ script: String) async throws(SQLError) {
        try await guarded { () throws(SQLError) in try await connection.runScript(script) }
    }

    /// Copies `rows` into a table, as ``PostgresConnection/copyIn(_:rows:)`` does.
    package nonisolated(nonsending) func copyIn(
        _ statement: SQLStatement, rows: some AsyncSequence<[UInt8], any Error>
    ) async throws(SQLError) -> Int {
        try await guarded { () throws(SQLError) in try await connection.runCopy(statement, rows: rows) }
    }

    /// Statements of one transaction take turns too: its body may have child tasks.
    private let turns = Turns()

    private nonisolated(nonsending) func guarded<Result>(
        _ body: nonisolated(nonsending) () async throws(SQLError) -> Result
    ) async throws(SQLError) -> Result {
        try await turns.take()
        defer { turns.release() }
        if state.withLock({ $0.hasEnded }) {
            throw SQLError(kind: .defect, message: "a transaction was used after its end")
        }
        do throws(SQLError) {
            return try await body()
        } catch {
            state.withLock { if $0.failure == nil { $0.failure = error } }
            throw error
        }
    }

    /// No statement is accepted from here on; waits for one that is under way.
    fileprivate nonisolated(nonsending) func end() async -> SQLError? {
        // A cancelled task does not wait in line; it ends the transaction all the same.
        let isMyTurn = (try? await turns.take()) != nil
        defer { if isMyTurn { turns.release() } }
        return state.withLock { state in
            state.hasEnded = true
            return state.failure
        }
    }
}

extension PostgresConnection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// Throws `.outcomeUnknown` when the connection is lost after the commit was sent. A commit that was sent is not
    /// cancelled with the task.
    package nonisolated(nonsending) func transaction<Result: Sendable>(
        _ options: TransactionOptions = .init(),
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        try refuseInsideTransaction()
        try await turns.take()
        defer { turns.release() }
        var retriesLeft = options.conflictRetriesMax
        while true {
            do {
                return try await runTransaction(options, body)
            } catch let error as SQLError where error.kind == .conflict && retriesLeft > 0 && !Task.isCancelled {
                retriesLeft -= 1
            }
        }
    }

    private nonisolated(nonsending) func runTransaction<Result: Sendable>(
        _ options: TransactionOptions, _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        try await control(options.begin, isReadOnly: true)
        let transaction = PostgresTransaction(on: self)
        let result: Result
        do {
            result = try await Self.$transactionOwners.withValue(
                Self.transactionOwners.union([ObjectIdentifier(self)])
            ) {
                try await body(transaction)
            }
        } catch {
            _ = await transaction.end()
            await rollBack()
            throw error
        }
        if let failure = await transaction.end(), link.isFailedTransaction {
            // The body went on after a statement failed. Nothing can be committed, and it must not look as if it was.
            await rollBack()
            throw failure
        }
        do throws(SQLError) {
            let answer = try await control("commit", isReadOnly: options.isReadOnly)
            guard answer.commandTag == "COMMIT" else {
                throw SQLError(kind: .defect, message: "the body of a transaction ended it by itself")
            }
        } catch {
            await rollBack()
            throw error
        }
        return result
    }

    /// Sends a transaction command, which a cancelled task must not leave half done.
    @discardableResult
    private nonisolated(nonsending) func control(
        _ command: String, isReadOnly: Bool
    ) async throws(SQLError) -> ServerResult {
        let outcome = await link.exchange(.script(command), isCancellable: false)
        return try outcome.get(SQLStatement(uncheckedText: command, name: command), isReadOnly, link)
    }

    /// Ends the transaction if one is open; a connection where that fails is of no use to anybody.
    private nonisolated(nonsending) func rollBack() async {
        guard link.isInTransaction else { return }
        do throws(SQLError) {
            _ = try await control("rollback", isReadOnly: true)
        } catch {
            link.close()
        }
    }
}
