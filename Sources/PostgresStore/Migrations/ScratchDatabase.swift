import Postgres
import WorkflowKit

/// A database that exists for a moment, to see what migrations build.
///
/// Its name tells which session made it, so that one that a killed process left behind is known and taken away.
enum ScratchDatabase {
    private static let prefix = "holdfast_scratch_"

    /// What the catalog looks like after the statements that `ledger` says are done, on an empty database.
    ///
    /// - Throws: ``SQLError`` of kind `.notPermitted` when the role may not create databases.
    static func expectedCatalog(
        _ ledger: [MigrationLedgerRow], schemas: Set<String>, sessions: MigrationSessions
    ) async throws -> CatalogFingerprint {
        let owner = try await sessions.open("scratch")
        do {
            try await removeLeftovers(owner)
            let name = try await create(owner)
            do {
                let catalog = try await build(ledger, schemas: schemas, in: name, sessions: sessions)
                try await drop(name, owner)
                await owner.close()
                return catalog
            } catch {
                // The first error is the one worth telling; what stays is taken away by the next one.
                try? await drop(name, owner)
                throw error
            }
        } catch {
            await owner.close()
            throw error
        }
    }

    private static func build(
        _ ledger: [MigrationLedgerRow], schemas: Set<String>, in database: String, sessions: MigrationSessions
    ) async throws -> CatalogFingerprint {
        let session = try await sessions.open("scratch", database: database)
        do {
            try await session.simple(LedgerTable.creation)
            for row in ledger.sorted(by: { $0.position < $1.position }) {
                let file = try MigrationFile.read(plugin: row.id.plugin, fileName: row.fileName, text: row.sql)
                try await apply(file, statements: row.state == .applied ? nil : row.statementsDone, session)
                try await sessions.prepare(session)
            }
            let catalog = try await CatalogFingerprint.read(schemas: schemas, on: session)
            await session.close()
            return catalog
        } catch {
            await session.close()
            throw error
        }
    }

    /// Applies `file`, or the first `count` of its statements.
    private static func apply(_ file: MigrationFile, statements count: Int?, _ session: PostgresConnection) async throws
    {
        let statements = file.up.statements.prefix(count ?? file.up.statements.count).map {
            SQLStatement(uncheckedText: $0.text, name: "\(file.id)", isPrepared: false)
        }
        if file.up.isTransactional {
            try await session.transaction { transaction in
                for statement in statements { try await transaction.execute(statement) }
            }
        } else {
            for statement in statements { try await session.execute(statement) }
        }
    }

    private static func create(_ owner: PostgresConnection) async throws(SQLError) -> String {
        let rows = try await owner.queryOnce(
            """
            select 'holdfast_scratch_' || pid || '_' || (extract(epoch from backend_start) * 1000000)::bigint as name
            from pg_stat_activity where pid = pg_backend_pid()
            """)
        guard let name = try rows.first?.text("name") else {
            throw SQLError(kind: .defect, message: "the session does not see itself in pg_stat_activity")
        }
        try await owner.execute(
            SQLStatement(
                uncheckedText: "create database \(QualifiedName.quote(name)) template template0",
                name: "create scratch",
                isPrepared: false))
        return name
    }

    private static func drop(_ name: String, _ owner: PostgresConnection) async throws(SQLError) {
        try await owner.execute(
            SQLStatement(
                uncheckedText: "drop database if exists \(QualifiedName.quote(name)) with (force)",
                name: "drop scratch",
                isPrepared: false))
    }

    /// Drops the scratch databases whose session is gone.
    private static func removeLeftovers(_ owner: PostgresConnection) async throws(SQLError) {
        let rows = try await owner.queryOnce(
            """
            select datname from pg_database d
            where d.datname like 'holdfast\\_scratch\\_%'
              and pg_has_role(d.datdba, 'usage')
              and not exists (
                  select from pg_stat_activity a
                  where d.datname = 'holdfast_scratch_' || a.pid || '_'
                                    || (extract(epoch from a.backend_start) * 1000000)::bigint)
            """)
        for row in rows {
            // Two may be at it; whoever comes second finds nothing.
            try? await drop(try row.text("datname"), owner)
        }
    }
}
