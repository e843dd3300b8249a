import Postgres
import WorkflowKit

extension MigrationPlanReport {
    static func make(
        _ plan: MigrationPlan, database: String, on session: PostgresConnection
    ) async throws -> MigrationPlanReport {
        var history = StatementLint.History()
        var steps: [Step] = []
        for step in plan.steps {
            var statements: [Statement] = []
            for statement in step.file.up.statements.dropFirst(step.statementsDone) {
                var reader = StatementLint(history, phase: step.file.phase)
                reader.read(statement)
                history = reader.history
                var effects: [Effect] = []
                for effect in reader.effects { effects.append(try await size(effect, session)) }
                statements.append(Statement(line: statement.line, sql: statement.text, effects: effects))
            }
            steps.append(
                Step(
                    migration: step.file.id, file: step.file.path, phase: step.file.phase, cause: step.cause.rawValue,
                    isTransactional: step.file.up.isTransactional, statements: statements))
        }
        return MigrationPlanReport(
            database: database, steps: steps, findings: MigrationLint.findings(plan.steps.map(\.file)),
            warnings: plan.warnings)
    }

    /// Asks the catalog how large the table is.
    private static func size(_ effect: TableEffect, _ session: PostgresConnection) async throws -> Effect {
        let rows = try await session.query(
            SQLStatement(
                """
                select sum(greatest(c.reltuples, 0))::int8 as rows, sum(pg_table_size(c.oid))::int8 as bytes
                from pg_class c
                where c.oid = to_regclass($1) or c.oid in (select relid from pg_partition_tree(to_regclass($1)))
                having count(*) > 0
                """, name: "FindTableSize", .text(effect.table.quoted)))
        return Effect(
            table: effect.table.description, lock: effect.lock.description, blocks: effect.lock.blocks,
            work: effect.work, rows: try rows.first?.intOrNull("rows"), bytes: try rows.first?.intOrNull("bytes"))
    }
}

extension MigrationStatusReport {
    static func make(
        _ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow], database: String, drift: [SchemaDrift],
        migrator: MigrationBlocker?
    ) -> MigrationStatusReport {
        let comparison = LedgerComparison(catalog, ledger)
        let known = ledger.sorted { $0.position < $1.position }.map(Entry.init)
        return MigrationStatusReport(
            database: database, migrations: known + comparison.pending.map(Entry.init), problems: comparison.problems,
            warnings: comparison.warnings, drift: drift, migrator: migrator,
            verdict: SchemaCheck.verdict(catalog, ledger).description)
    }
}

extension MigrationStatusReport.Entry {
    fileprivate init(_ row: MigrationLedgerRow) {
        self.init(
            migration: row.id, name: row.name, phase: row.phase, state: row.state.rawValue,
            statementsDone: row.statementsDone, appliedAt: row.appliedAt,
            durationMilliseconds: row.durationMicroseconds.map { $0 / 1_000 }, appliedBy: row.appliedBy,
            release: row.nodeVersion, failure: row.failure)
    }

    fileprivate init(_ file: MigrationFile) {
        self.init(
            migration: file.id, name: file.name, phase: file.phase, state: "pending", statementsDone: 0,
            appliedAt: nil, durationMilliseconds: nil, appliedBy: nil, release: nil, failure: nil)
    }
}
