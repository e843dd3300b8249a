import Postgres
import WorkflowKit

/// The commands that change the database. Each holds the migration lock from its first look at the ledger to its last
/// write.
extension MigrationRunner {
    /// Applies what is missing, in order, and goes on with what was interrupted or refused.
    ///
    /// - Throws: ``MigrationError``. After `.failedStep` the ledger names the statement; after `.unavailable` or
    ///   `.busy` the same call goes on where this one stopped.
    package func up(to target: MigrationTarget = .newest) async throws(MigrationError) -> MigrationUpReport {
        try await doing("migrate") {
            let catalog = try MigrationCatalog(sources)
            return try await withLock { lock, executor in
                try await LedgerTable.createIfMissing(on: executor.worker)
                let plan = try MigrationPlan.up(catalog, try await LedgerTable.rows(on: executor.worker), to: target)
                observer(
                    .planned(
                        migrations: plan.steps.count,
                        statements: plan.steps.reduce(0) { $0 + $1.file.up.statements.count - $1.statementsDone }))
                var applied: [MigrationUpReport.Applied] = []
                var held: MigrationUpReport.Held?
                try await recordingCatalog(catalog, executor) {
                    for step in plan.steps {
                        try await lock.confirm()
                        if step.file.phase == .contract,
                            let reason = try await gates.mayContract(executor.watcher, step.file.id)
                        {
                            observer(.held(step.file.id, reason: reason))
                            held = MigrationUpReport.Held(migration: step.file.id, reason: reason)
                            return
                        }
                        let start = ContinuousClock().now
                        try await executor.apply(step)
                        applied.append(
                            MigrationUpReport.Applied(
                                migration: step.file.id, name: step.file.name,
                                milliseconds: Int((ContinuousClock().now - start).microseconds / 1_000)))
                    }
                }
                return MigrationUpReport(database: database, applied: applied, held: held, warnings: plan.warnings)
            }
        }
    }

    /// Takes back every migration of `plugin` above `version`; without a plugin, `version` 0 takes back everything.
    ///
    /// Nothing is done unless all of it can be: each has a way down, no other plugin requires it, and
    /// ``MigrationGates/mayGoDown`` has nothing against it.
    package func down(to version: Int, plugin: String? = nil) async throws(MigrationError) -> MigrationDownReport {
        try await doing("take migrations back") {
            let catalog = try MigrationCatalog(sources)
            return try await withLock { lock, executor in
                guard try await LedgerTable.exists(on: executor.worker) else {
                    return MigrationDownReport(database: database, reverted: [], isEmpty: true)
                }
                let ledger = try await LedgerTable.rows(on: executor.worker)
                let steps = try MigrationDownPlan.steps(catalog, ledger, to: version, plugin: plugin)
                if let reason = try await gates.mayGoDown(executor.watcher) {
                    throw MigrationError(.refused, "nothing was taken back: \(reason)")
                }
                observer(
                    .planned(
                        migrations: steps.count,
                        statements: steps.reduce(0) { $0 + ($1.file.down?.statements.count ?? 0) }))
                for step in steps {
                    try await lock.confirm()
                    try await executor.revert(step.file, step.row)
                }
                // The last way down may have taken the ledger's schema along.
                let isEmpty = steps.count == ledger.count && (plugin == nil || !ledger.isEmpty)
                if try await LedgerTable.exists(on: executor.worker) {
                    if isEmpty {
                        try await executor.worker.simple(LedgerTable.removal)
                    } else {
                        try await recordCatalog(catalog, executor)
                    }
                }
                return MigrationDownReport(database: database, reverted: steps.map(\.row.id), isEmpty: isEmpty)
            }
        }
    }

    /// Takes over the files of this binary where they differ from what was applied, and finishes what was interrupted.
    ///
    /// With `markDone`, what was interrupted or refused is recorded as done without running anything: for an
    /// administrator who did it by hand.
    package func repair(markDone: Bool = false) async throws(MigrationError) -> MigrationRepairReport {
        try await doing("repair the ledger") {
            let catalog = try MigrationCatalog(sources)
            return try await withLock { lock, executor in
                try await LedgerTable.createIfMissing(on: executor.worker)
                var ledger = try await LedgerTable.rows(on: executor.worker)
                let accepted = try await accept(catalog, ledger, executor.worker)
                ledger = try await LedgerTable.rows(on: executor.worker)
                var finished: [MigrationID] = []
                var reverted: [MigrationID] = []
                var marked: [MigrationID] = []
                for row in ledger where row.state != .applied {
                    try await lock.confirm()
                    let file =
                        try catalog[row.id]
                        ?? MigrationFile.read(plugin: row.id.plugin, fileName: row.fileName, text: row.sql)
                    if markDone {
                        try await executor.worker.execute(
                            row.state == .reverting
                                ? LedgerTable.remove(row.id)
                                : LedgerTable.record(
                                    file, state: .applied, done: file.up.statements.count, duration: nil,
                                    release: sessions.settings.release, client: sessions.settings.host))
                        marked.append(row.id)
                    } else if row.state == .reverting {
                        try await executor.revert(file, row)
                        reverted.append(row.id)
                    } else {
                        try await executor.apply(
                            MigrationPlan.Step(file: file, cause: .interrupted, statementsDone: row.statementsDone))
                        finished.append(row.id)
                    }
                }
                if !(accepted + finished + reverted + marked).isEmpty { try await recordCatalog(catalog, executor) }
                return MigrationRepairReport(
                    database: database, accepted: accepted, finished: finished, reverted: reverted, markedDone: marked)
            }
        }
    }

    /// Writes the files of this binary over what the ledger has of them, for applied migrations that differ.
    private func accept(
        _ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow], _ worker: PostgresConnection
    ) async throws -> [MigrationID] {
        let differing = ledger.filter { row in
            guard row.state == .applied, let file = catalog[row.id] else { return false }
            return row.checksum != file.checksum || row.name != file.name
        }
        try await worker.transaction { transaction in
            for row in differing {
                guard let file = catalog[row.id] else { continue }
                try await transaction.execute(LedgerTable.accept(file))
            }
        }
        return differing.map(\.id)
    }

    // MARK: - The lock and the record

    /// Opens the two sessions, takes both locks, and calls `body` when they are held.
    private func withLock<Result: Sendable>(
        _ body: (MigrationLock, MigrationExecutor) async throws -> Result
    ) async throws -> Result {
        try await withSession("lock") { watcher in
            try await refuseStandby(watcher)
            let limit = sessions.settings.migratorPatience
            let onWait: (MigrationBlocker?, Duration) -> Void = { holder, waited in
                observer(.waitingForMigrator(holder, waited: waited))
            }
            let lock = try await MigrationLock.take(.migrator, on: watcher, limit: limit, onWait: onWait)
            return try await withSession("work") { worker in
                _ = try await MigrationLock.take(.worker, on: worker, limit: limit, onWait: onWait)
                let executor = MigrationExecutor(
                    sessions: sessions, worker: worker, watcher: watcher, observer: observer)
                return try await body(lock, executor)
            }
        }
    }

    private func refuseStandby(_ session: PostgresConnection) async throws {
        let isStandby = try await session.queryOnce("select pg_is_in_recovery() as standby").first?.bool("standby")
        guard isStandby == false else {
            throw MigrationError(
                .unavailable, "\(database) is a standby, which can only be read: give the URL of the primary")
        }
    }

    /// Runs `body`, and records what the catalog is to look like from then on.
    private func recordingCatalog(
        _ catalog: MigrationCatalog, _ executor: MigrationExecutor, _ body: () async throws -> Void
    ) async throws {
        let ledger = try await LedgerTable.rows(on: executor.worker)
        let recorded = try await RecordedCatalog.read(on: executor.worker)
        // After a crash between a migration and its record, nothing tells what was there before.
        let isCurrent = recorded?.head == RecordedCatalog.head(ledger)
        let before = try await CatalogFingerprint.read(schemas: catalog.schemas, on: executor.worker)
        try await body()
        let head = RecordedCatalog.head(try await LedgerTable.rows(on: executor.worker))
        guard !isCurrent || head != recorded?.head else { return }
        let after = try await CatalogFingerprint.read(schemas: catalog.schemas, on: executor.worker)
        let expected = CatalogFingerprint.carried(
            recorded: isCurrent ? recorded?.fingerprint : nil, before: before, after: after)
        try await RecordedCatalog(fingerprint: expected, head: head).write(on: executor.worker)
    }

    private func recordCatalog(_ catalog: MigrationCatalog, _ executor: MigrationExecutor) async throws {
        let ledger = try await LedgerTable.rows(on: executor.worker)
        let found = try await CatalogFingerprint.read(schemas: catalog.schemas, on: executor.worker)
        try await RecordedCatalog(fingerprint: found, head: RecordedCatalog.head(ledger)).write(on: executor.worker)
    }
}
