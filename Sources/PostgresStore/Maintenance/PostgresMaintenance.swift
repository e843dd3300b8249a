package import Postgres
import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

/// The partitions of `holdfast.journal` and `holdfast.run_closed`.
package struct PostgresMaintenance: MaintenanceStore {
    /// How long a statement waits for a table; everybody who wants it stands behind it meanwhile.
    private static let patience = "500ms"

    /// Small bites, so that vacuum keeps up and no lock is held for long.
    private static let forgottenRowsMax: Int64 = 5_000

    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func now() async throws(StoreError) -> Timestamp {
        try await told { () throws(SQLError) in
            try await pool.query(statement(EmbeddedSQL.databaseTime, "DatabaseTime"))[0].timestamp("now")
        }
    }

    package func makePartitions(from first: Int32, count: Int32) async throws(StoreError) -> Int {
        try await impatiently { transaction in
            try await transaction.query(
                statement(EmbeddedSQL.partitionsAhead, "PartitionsAhead", .date(first), .int4(count))
            )[0].int("made")
        }
    }

    package func journalDays() async throws(StoreError) -> [Int32] { try await days(of: "journal") }

    package func closedDays() async throws(StoreError) -> [Int32] { try await days(of: "run_closed") }

    private func days(of table: String) async throws(StoreError) -> [Int32] {
        try await told { () throws(SQLError) in
            let rows = try await pool.query(
                statement(EmbeddedSQL.partitionDays, "PartitionDays", .text(table)))
            var days: [Int32] = []
            for row in rows {
                guard case .date(let day) = try row.value("day") else { continue }
                days.append(day)
            }
            return days
        }
    }

    package func dropClosed(day: Int32) async throws(StoreError) {
        try await impatiently { transaction in
            // The day is a number of ours, so the name is no data put into SQL.
            _ = try await transaction.query(
                SQLStatement(
                    uncheckedText: "drop table holdfast.run_closed_\(CalendarDay(daysSince1970: day).digits)",
                    name: "DropClosed", isPrepared: false))
        }
    }

    package func retireJournal(day: Int32, carryMax: Int32) async throws(StoreError) -> Int? {
        try await impatiently { transaction in
            try await transaction.query(
                statement(
                    EmbeddedSQL.retireJournal, "RetireJournal", .date(day), .uuid(Self.lowestRun(of: day).uuid),
                    .uuid(Self.lowestRun(of: day + 1).uuid), .int4(carryMax))
            )[0].intOrNull("carried")
        }
    }

    /// An id no greater than that of any run created on or after `day`.
    private static func lowestRun(of day: Int32) -> RunID {
        RunID(at: Timestamp(microsecondsSince1970: Int64(day) * 86_400_000_000), random: (0, 0))
    }

    package func forgetCarried() async throws(StoreError) -> Int {
        try await told { () throws(SQLError) in
            try await pool.execute(statement(EmbeddedSQL.forgetCarried, "ForgetCarried"))
        }
    }

    package func forgetEvents(before time: Timestamp) async throws(StoreError) -> Int {
        try await told { () throws(SQLError) in
            try await pool.execute(
                statement(EmbeddedSQL.forgetEvents, "ForgetEvents", .timestamp(time), .int8(Self.forgottenRowsMax)))
        }
    }

    package func forgetAnswers(before time: Timestamp) async throws(StoreError) -> Int {
        try await told { () throws(SQLError) in
            try await pool.execute(
                statement(EmbeddedSQL.forgetAnswers, "ForgetAnswers", .timestamp(time), .int8(Self.forgottenRowsMax)))
        }
    }

    package func analyze() async throws(StoreError) {
        _ = try await told { () throws(SQLError) in
            try await pool.execute(
                SQLStatement("analyze holdfast.journal, holdfast.run_closed", name: "AnalyzePartitioned"))
        }
    }

    package func exclusively(_ body: @escaping @Sendable () async -> Void) async throws(StoreError) -> Bool {
        do {
            // The connection that has the lock does nothing else until it gives it back.
            return try await pool.withConnection { connection in
                let rows = try await connection.query(statement(EmbeddedSQL.becomeKeeper, "BecomeKeeper"))
                guard try rows[0].bool("is_free") else { return false }
                await body()
                _ = try await connection.query(statement(EmbeddedSQL.resignKeeper, "ResignKeeper"))
                return true
            }
        } catch let error as SQLError {
            throw StoreError(error)
        } catch {
            throw StoreError(.unavailable, "the partitions could not be seen to")
        }
    }

    // MARK: -

    private func statement(_ text: String, _ name: String, _ parameters: SQLValue...) -> SQLStatement {
        JournalStatements.statement(text, name, parameters: parameters)
    }

    /// A transaction that gives up soon when it does not get a lock.
    private func impatiently<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.transaction { transaction in
                _ = try await transaction.query(
                    statement(EmbeddedSQL.lockPatience, "LockPatience", .text(Self.patience)))
                return try await body(transaction)
            }
        } catch let error as SQLError {
            throw StoreError(error)
        } catch {
            throw StoreError(.unavailable, "the partitions could not be changed")
        }
    }

    private func told<Value>(_ body: () async throws(SQLError) -> Value) async throws(StoreError) -> Value {
        do {
            return try await body()
        } catch {
            throw StoreError(error)
        }
    }
}
