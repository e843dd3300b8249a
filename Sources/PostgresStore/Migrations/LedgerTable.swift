package import Postgres
package import WorkflowKit

/// The ledger: one row per migration of the engine and of every plugin.
///
/// The runner creates it itself, before the engine's first migration. It is read by name, so a later release may add
/// columns without this one noticing.
package enum LedgerTable {
    static let schema = "holdfast"

    static let creation = """
        create schema if not exists holdfast;

        create table if not exists holdfast.migration (
            plugin           text        not null,
            version          integer     not null,
            name             text        not null,
            -- SHA-256 over the tokens of the statements, and over the bytes of the file.
            checksum         text        not null,
            file_checksum    text        not null,
            phase            text        not null,
            state            text        not null,
            -- How far a migration without a transaction came: statements that are committed.
            statements_done  integer     not null,
            failed_statement integer,
            failed_sqlstate  text,
            failed_message   text,
            sql              text        not null,
            -- The order in which migrations built the schema, over all plugins.
            position         integer     not null,
            started_at       timestamptz not null default now(),
            applied_at       timestamptz,
            duration_us      bigint,
            applied_by       text        not null,
            node_version     text        not null,

            constraint migration_pkey primary key (plugin, version),
            constraint migration_position_key unique (position),
            constraint migration_state_known check (state in ('applied', 'running', 'failed', 'reverting')),
            constraint migration_phase_known check (phase in ('expand', 'backfill', 'contract'))
        );

        -- What the catalog looked like when the last migration was done: one row per object. For checking a schema with
        -- a role that may not create a database to compare with.
        create table if not exists holdfast.migration_catalog (
            object     text not null,
            definition text not null,

            constraint migration_catalog_pkey primary key (object)
        );
        """

    /// Takes the ledger away, and its schema if nothing else is in it.
    static let removal = """
        drop table holdfast.migration, holdfast.migration_catalog;
        do $$ begin drop schema holdfast; exception when dependent_objects_still_exist then null; end $$;
        """

    static func exists(on connection: PostgresConnection) async throws(SQLError) -> Bool {
        let rows = try await connection.queryOnce("select to_regclass('holdfast.migration') is not null as there")
        return try rows.first?.bool("there") ?? false
    }

    /// Looks before it creates: "if not exists" asks for the right to create even where there is nothing to do.
    static func createIfMissing(on connection: PostgresConnection) async throws(SQLError) {
        if try await !exists(on: connection) { try await connection.simple(creation) }
    }

    /// The rows in the order in which they were applied; none when there is no ledger yet.
    package static func rows(on connection: PostgresConnection) async throws(SQLError) -> [MigrationLedgerRow] {
        guard try await exists(on: connection) else { return [] }
        let rows = try await connection.queryOnce(
            """
            select plugin, version, name, checksum, file_checksum, phase, state, statements_done, failed_statement,
                   failed_sqlstate, failed_message, sql, position, duration_us, applied_by, node_version,
                   to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as applied_at
            from holdfast.migration
            order by position
            """)
        var result: [MigrationLedgerRow] = []
        for row in rows { result.append(try MigrationLedgerRow(row)) }
        return result
    }

    // MARK: - Writing

    /// Notes a migration in `state` with `done` statements; an older row of it, of an earlier attempt, is replaced.
    static func record(
        _ file: MigrationFile, state: MigrationLedgerRow.State, done: Int, duration: Duration?, release: String,
        client: String
    ) -> SQLStatement {
        SQLStatement(
            """
            insert into holdfast.migration
                (plugin, version, name, checksum, file_checksum, phase, state, statements_done, sql, position,
                 applied_at, duration_us, applied_by, node_version)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                    (select coalesce(max(position), 0) + 1 from holdfast.migration),
                    case when $7 = 'applied' then clock_timestamp() end, $10, session_user || ' on ' || $11, $12)
            on conflict (plugin, version) do update
            set name = excluded.name, checksum = excluded.checksum, file_checksum = excluded.file_checksum,
                phase = excluded.phase, state = excluded.state, statements_done = excluded.statements_done,
                failed_statement = null, failed_sqlstate = null, failed_message = null, sql = excluded.sql,
                position = excluded.position, applied_at = excluded.applied_at, duration_us = excluded.duration_us,
                applied_by = excluded.applied_by, node_version = excluded.node_version
            """, name: "RecordMigration", .text(file.id.plugin), .int4(Int32(file.id.version)), .text(file.name),
            .text(file.checksum.statements), .text(file.checksum.file), .text(file.phase.rawValue),
            .text(state.rawValue), .int4(Int32(done)), .text(file.text), .int8(orNull: duration?.microseconds),
            .text(client), .text(release))
    }

    /// Notes that `done` statements are committed, in the direction that `state` says.
    static func progress(_ id: MigrationID, state: MigrationLedgerRow.State, done: Int) -> SQLStatement {
        SQLStatement(
            """
            update holdfast.migration
            set state = $3, statements_done = $4, failed_statement = null, failed_sqlstate = null,
                failed_message = null
            where plugin = $1 and version = $2
            """, name: "RecordMigrationProgress", .text(id.plugin), .int4(Int32(id.version)), .text(state.rawValue),
            .int4(Int32(done)))
    }

    /// Notes which statement was refused; the row is there already.
    static func failure(
        _ id: MigrationID, state: MigrationLedgerRow.State, _ failure: MigrationLedgerRow.Failure
    ) -> SQLStatement {
        SQLStatement(
            """
            update holdfast.migration
            set state = $3, failed_statement = $4, failed_sqlstate = $5, failed_message = $6
            where plugin = $1 and version = $2
            """, name: "RecordMigrationFailure", .text(id.plugin), .int4(Int32(id.version)), .text(state.rawValue),
            .int4(Int32(failure.statement)), .text(orNull: failure.sqlState), .text(failure.message))
    }

    /// Takes over name, checksums and text of the file in this binary.
    static func accept(_ file: MigrationFile) -> SQLStatement {
        SQLStatement(
            """
            update holdfast.migration
            set name = $3, checksum = $4, file_checksum = $5, phase = $6, sql = $7
            where plugin = $1 and version = $2
            """, name: "AcceptMigrationFile", .text(file.id.plugin), .int4(Int32(file.id.version)), .text(file.name),
            .text(file.checksum.statements), .text(file.checksum.file), .text(file.phase.rawValue), .text(file.text))
    }

    static func remove(_ id: MigrationID) -> SQLStatement {
        SQLStatement(
            "delete from holdfast.migration where plugin = $1 and version = $2", name: "RemoveMigration",
            .text(id.plugin), .int4(Int32(id.version)))
    }
}

extension MigrationLedgerRow {
    fileprivate init(_ row: SQLRow) throws(SQLError) {
        let failedStatement = try row.intOrNull("failed_statement")
        let failedState = try row.textOrNull("failed_sqlstate")
        let failedMessage = try row.textOrNull("failed_message") ?? ""
        guard let state = State(rawValue: try row.text("state")),
            let phase = MigrationPhase(rawValue: try row.text("phase"))
        else { throw SQLError(kind: .defect, message: "the ledger of migrations holds a state that is not known") }
        self.init(
            id: MigrationID(plugin: try row.text("plugin"), version: try row.int("version")),
            name: try row.text("name"),
            checksum: MigrationChecksum(statements: try row.text("checksum"), file: try row.text("file_checksum")),
            phase: phase, state: state, statementsDone: try row.int("statements_done"),
            failure: failedStatement.map { Failure(statement: $0, sqlState: failedState, message: failedMessage) },
            sql: try row.text("sql"), position: try row.int("position"), appliedAt: try row.textOrNull("applied_at"),
            durationMicroseconds: try row.intOrNull("duration_us"), appliedBy: try row.text("applied_by"),
            nodeVersion: try row.text("node_version"))
    }
}

extension PostgresConnection {
    /// A query of the runner's own that runs once, so preparing it would not pay.
    nonisolated(nonsending) func queryOnce(_ text: StaticString) async throws(SQLError) -> [SQLRow] {
        try await query(SQLStatement(uncheckedText: text.description, name: "migrate", isPrepared: false))
    }
}
