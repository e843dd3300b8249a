import WorkflowKit

/// The statements of one transaction, encoded before anything is sent, so that a value that cannot be stored spoils
/// nothing.
struct PipelineBatch: Sendable {
    struct Item: Sendable {
        let statement: SQLStatement
        let parameters: Parameters
    }

    let items: [Item]

    init(_ statements: [SQLStatement]) throws(SQLError) {
        var items: [Item] = []
        items.reserveCapacity(statements.count)
        for (index, statement) in statements.enumerated() {
            do throws(SQLError) {
                try Self.check(statement.text)
                items.append(Item(statement: statement, parameters: try Parameters(statement.parameters)))
            } catch {
                throw error.naming(statement.name, at: index, of: statements.count)
            }
        }
        self.items = items
    }

    /// The server cannot switch to COPY in the middle of a pipeline (PostgreSQL manual, "Pipeline Mode").
    private static func check(_ text: String) throws(SQLError) {
        guard !text.utf8.contains(0) else { throw SQLError(kind: .defect, message: "a statement cannot hold U+0000") }
        let firstWord = text.utf8.drop { $0 <= UInt8(ascii: " ") }.prefix { $0 > UInt8(ascii: " ") }
        if firstWord.count == 4, String(Substring(firstWord)).lowercased() == "copy" {
            throw SQLError(kind: .defect, message: "copy is not possible in a pipeline")
        }
    }
}

extension PipelineBatch {
    /// Decodes the answers to a batch that is committed.
    func answers(from results: [ServerResult]) throws(SQLError) -> [PipelineAnswer] {
        var answers: [PipelineAnswer] = []
        answers.reserveCapacity(results.count)
        for (item, result) in zip(items, results) {
            answers.append(PipelineAnswer(rows: try result.rows(of: item.statement), affectedRows: result.affectedRows))
        }
        return answers
    }
}

extension SQLError {
    /// The same error, about the statement at `index` of a batch.
    func naming(_ statement: String, at index: Int, of count: Int) -> SQLError {
        SQLError(
            kind: kind, message: count == 1 ? message : "statement \(index + 1) of \(count): \(message)",
            sqlState: sqlState, statement: statement, constraint: constraint)
    }
}

/// What came back for a batch: the outcome, and which group of answers belongs to which statement.
struct PipelineOutcome {
    let outcome: Exchange.Outcome
    /// The index of the statement that each group belongs to; nil for what the session does for itself.
    let owners: [Int?]
    /// Where the answer to each statement's execution is.
    let executions: [Int]
    let reliedOnPreparedStatements: Bool
    let isUnconfirmedByStandby: Bool

    /// Whether the batch may have been carried out, and may yet be.
    var isUnknown: Bool { if case .lost(_, .unknown) = outcome { true } else { false } }

    /// Whether a statement that was prepared earlier no longer fits, so that another try would succeed.
    var wantsNewPlan: Bool { reliedOnPreparedStatements && outcome.serverError?.wantsNewPlan == true }

    /// The answer to each statement; throws what kept the batch from being committed, or known to be.
    func results(of batch: PipelineBatch) throws(SQLError) -> [ServerResult] {
        switch outcome {
        case .answered(let groups):
            if let error = failure(in: groups, batch) { throw error }
            guard groups.count >= owners.count, executions.allSatisfy({ !groups[$0].isEmpty }) else {
                throw SQLError(kind: .defect, message: "the database gave fewer answers than there were statements")
            }
            if isUnconfirmedByStandby { throw .standbyUnconfirmed("batch") }
            return executions.map { groups[$0][groups[$0].count - 1] }
        case .notSent, .cancelledUnsent:
            throw SQLError(
                kind: .unavailable, message: "the connection to the database was lost before the batch was sent")
        case .lost(let groups, let isDone):
            // What the server said before it went may name the statement that it could not finish.
            let said = failure(in: groups, batch)
            switch isDone {
            case .no:
                throw SQLError(
                    kind: .unavailable,
                    message: "the connection to the database was lost" + (said.map { ": \($0.message)" } ?? ""),
                    sqlState: said?.sqlState)
            case .unknown:
                throw SQLError(
                    kind: .outcomeUnknown,
                    message: "the connection to the database was lost; the batch may have been carried out",
                    sqlState: said?.sqlState)
            }
        }
    }

    private func failure(in groups: [[ServerResult]], _ batch: PipelineBatch) -> SQLError? {
        for (group, results) in groups.enumerated() {
            guard let error = results.lazy.compactMap({ $0.isFailure ? ServerError($0) : nil }).first else { continue }
            guard owners.indices.contains(group), let index = owners[group] else {
                return SQLError(error, statement: nil)
            }
            let name = batch.items[index].statement.name
            return SQLError(error, statement: name).naming(name, at: index, of: batch.items.count)
        }
        return nil
    }
}
