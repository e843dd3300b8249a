import Postgres
import WorkflowKit

/// Finds out how far a statement outside a transaction came when its migrator died, and clears what it left.
enum LoneStatementRecovery {
    enum Verdict: Equatable {
        /// Run it (again).
        case run
        /// It was done; only the ledger does not say so.
        case done
        /// Run this instead, to finish what it began.
        case runInstead(String)
    }

    /// To be asked only for a statement that may have run before.
    ///
    /// - Parameter mayBeDone: False when the last try was refused: what is there then was made by somebody else.
    static func verdict(_ lone: LoneStatement, mayBeDone: Bool, on session: PostgresConnection) async throws(SQLError)
        -> Verdict
    {
        switch lone {
        case .createIndex(let index, let table):
            let rows = try await session.query(
                SQLStatement(
                    """
                    select indisvalid and indisready as usable
                    from pg_index where indexrelid = to_regclass($1) and indrelid = to_regclass($2)
                    """, name: "FindIndex", .text(index.quoted), .text(table.quoted)))
            guard let row = rows.first else { return .run }
            if try row.bool("usable") { return mayBeDone ? .done : .run }
            try await drop(index.quoted, on: session)
            return .run

        case .dropIndex(let names):
            for name in names {
                let rows = try await session.query(
                    SQLStatement(
                        "select to_regclass($1) is not null as there", name: "FindRelation", .text(name.quoted)))
                if try rows.first?.bool("there") == true { return .run }
            }
            return .done

        case .reindex:
            // What an interrupted one leaves is named after its index, with this ending (PostgreSQL manual, REINDEX).
            let rows = try await session.queryOnce(
                """
                select format('%I.%I', n.nspname, c.relname) as name
                from pg_index i
                join pg_class c on c.oid = i.indexrelid
                join pg_namespace n on n.oid = c.relnamespace
                where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' and n.nspname not like 'pg\\_%'
                """)
            for row in rows { try await drop(try row.text("name"), on: session) }
            return .run

        case .detachPartition(let parent, let partition):
            let rows = try await session.query(
                SQLStatement(
                    """
                    select inhdetachpending as pending from pg_inherits
                    where inhparent = to_regclass($1) and inhrelid = to_regclass($2)
                    """, name: "FindPartition", .text(parent.quoted), .text(partition.quoted)))
            guard let row = rows.first else { return mayBeDone ? .done : .run }
            guard try row.bool("pending") else { return .run }
            return .runInstead("alter table \(parent.quoted) detach partition \(partition.quoted) finalize")

        case .vacuum, .unrepeatable:
            return .run
        }
    }

    private static func drop(_ index: String, on session: PostgresConnection) async throws(SQLError) {
        try await session.execute(
            SQLStatement(
                uncheckedText: "drop index concurrently if exists \(index)", name: "drop unfinished index",
                isPrepared: false))
    }
}
