package import WorkflowKit

extension PostgresConnection {
    /// Sends `rows` with a statement `copy … from stdin`; returns how many rows were copied.
    ///
    /// Each element is a piece of the format that the statement names, of any length. The next element is asked for
    /// when the kernel took the one before, so a slow server slows down the sequence.
    package nonisolated(nonsending) func copyIn(
        _ statement: SQLStatement, rows: some AsyncSequence<[UInt8], any Error>
    ) async throws(SQLError) -> Int {
        try await inTurn { () throws(SQLError) in try await runCopy(statement, rows: rows) }
    }

    nonisolated(nonsending) func runCopy(
        _ statement: SQLStatement, rows: some AsyncSequence<[UInt8], any Error>
    ) async throws(SQLError) -> Int {
        let isInTransaction = link.isInTransaction
        let start = await link.exchange(.script(statement.text), isCancellable: true)
        // Nothing is written before the end of the data.
        guard try start.get(statement, true, link).isCopyIn else {
            throw SQLError(
                kind: .defect, message: "the statement does not copy from the client", statement: statement.name)
        }
        var failure: SQLError?
        do {
            for try await piece in rows {
                if Task.isCancelled {
                    failure = SQLError(kind: .cancelled, message: "the copy was cancelled", statement: statement.name)
                    break
                }
                guard piece.count <= Parameters.bytesMax else {
                    failure = SQLError(
                        kind: .rejected, message: "a piece of a copy cannot be longer than 1 GiB",
                        statement: statement.name)
                    break
                }
                guard await link.copy(piece) else { break }
            }
        } catch {
            failure =
                (error as? SQLError)
                ?? SQLError(
                    kind: .rejected, message: "the rows to copy ended with an error of type \(type(of: error))",
                    statement: statement.name)
        }
        let end = await link.exchange(
            .copyEnd(failure: failure == nil ? nil : "stopped by the client"), isCancellable: failure == nil)
        if let failure {
            if case .cancelledUnsent = end { link.close() }
            throw failure
        }
        if case .cancelledUnsent = end {
            // The session still waits for data. Ending it is simpler than one more exchange.
            link.close()
        }
        return try end.get(statement, isInTransaction, link).affectedRows
    }
}
