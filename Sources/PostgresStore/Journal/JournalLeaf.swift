import Postgres
import WorkflowKit

/// The partition of one day's journals.
enum JournalLeaf {
    /// Journals of runs that outlived the partition of their day.
    private static let carried = "holdfast.journal_carried"
    /// "relation does not exist" (PostgreSQL manual, appendix A).
    private static let undefinedTable = "42P01"

    /// Its name in full. The day is a number of ours, so the name is no data put into SQL.
    private static func name(ofDay day: Int32) -> String {
        "holdfast.journal_\(CalendarDay(daysSince1970: day).digits)"
    }

    /// Reads the journals of runs created on `day`: from its partition or, once that was dropped, from what was carried
    /// over.
    ///
    /// The partition is named, because a prepared statement on the whole table locks each of its partitions. That it is
    /// gone is found out by asking for it; days as old as that are few.
    /// - Parameter text: The statement, given the table's name.
    static func query(
        _ pool: PostgresPool, _ name: String, ofDay day: Int32, _ parameters: [SQLValue], _ text: (String) -> String
    ) async throws(SQLError) -> [SQLRow] {
        func statement(_ table: String) -> SQLStatement {
            SQLStatement(uncheckedText: text(table), name: name, parameters: parameters)
        }
        do {
            return try await pool.query(statement(Self.name(ofDay: day)))
        } catch {
            guard error.sqlState == undefinedTable else { throw error }
            return try await pool.query(statement(carried))
        }
    }
}
