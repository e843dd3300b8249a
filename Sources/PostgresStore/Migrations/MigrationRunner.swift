package import Logging
package import Postgres
import WorkflowKit

/// Brings a database to the schema of this binary, and says where it stands.
///
/// One instance per command. Every call opens its own sessions and closes them.
package struct MigrationRunner: Sendable {
    let sources: [MigrationSource]
    let sessions: MigrationSessions
    let gates: MigrationGates
    let observer: MigrationObserver

    package init(
        configuration: PostgresConfiguration, sources: [MigrationSource], settings: MigrationSettings, logger: Logger,
        gates: MigrationGates = MigrationGates(), observer: @escaping MigrationObserver = { _ in }
    ) {
        self.sources = sources
        self.gates = gates
        self.observer = observer
        sessions = MigrationSessions(configuration: configuration, settings: settings, logger: logger)
    }

    var database: String { sessions.configuration.redactedDescription }

    // MARK: - Looking

    /// What ``up(to:)`` would do, with what each statement does to the tables that are there. Changes nothing.
    package func plan(to target: MigrationTarget = .newest) async throws(MigrationError) -> MigrationPlanReport {
        try await doing("plan the migrations") {
            let catalog = try MigrationCatalog(sources)
            return try await withSession("plan") { session in
                let plan = try MigrationPlan.up(catalog, try await LedgerTable.rows(on: session), to: target)
                return try await MigrationPlanReport.make(plan, database: database, on: session)
            }
        }
    }

    /// Where the database stands. Changes nothing, and compares only with what the last migration recorded.
    package func status() async throws(MigrationError) -> MigrationStatusReport {
        try await doing("read the state of the migrations") {
            let catalog = try MigrationCatalog(sources)
            return try await withSession("status") { session in
                let ledger = try await LedgerTable.rows(on: session)
                let migrator = try await MigrationLock.holder(.migrator, seenBy: session)
                var drift: [SchemaDrift] = []
                if try await LedgerTable.exists(on: session), migrator == nil,
                    let recorded = try await RecordedCatalog.read(on: session),
                    recorded.head == RecordedCatalog.head(ledger)
                {
                    let found = try await CatalogFingerprint.read(schemas: catalog.schemas, on: session)
                    drift = recorded.fingerprint.differences(to: found)
                }
                return MigrationStatusReport.make(
                    catalog, ledger, database: database, drift: drift, migrator: migrator)
            }
        }
    }

    /// Whether a server of this binary may start on the database. Changes nothing.
    package func verdict() async throws(MigrationError) -> SchemaVerdict {
        try await doing("check the schema") {
            let catalog = try MigrationCatalog(sources)
            return try await withSession("check") { session in
                SchemaCheck.verdict(catalog, try await LedgerTable.rows(on: session))
            }
        }
    }

    /// Compares the files with what was applied, and the schema with what the same migrations build in a database made
    /// for the purpose; with a role that may not make one, with what was recorded.
    package func verify() async throws(MigrationError) -> MigrationVerifyReport {
        try await doing("verify the schema") {
            let catalog = try MigrationCatalog(sources)
            return try await withSession("verify") { session in
                let ledger = try await LedgerTable.rows(on: session)
                guard try await LedgerTable.exists(on: session) else {
                    return MigrationVerifyReport(
                        database: database, basis: .none, objects: 0, problems: [],
                        warnings: [MigrationProblem(nil, "no migration has been applied to this database")], drift: [])
                }
                let comparison = LedgerComparison(catalog, ledger)
                var warnings = comparison.warnings
                if let migrator = try await MigrationLock.holder(.migrator, seenBy: session) {
                    warnings.append(
                        MigrationProblem(nil, "a migration is under way, verify again after it: \(migrator)"))
                }
                let expected = try await expectedCatalog(catalog, ledger, session)
                if let warning = expected.warning { warnings.append(warning) }
                let found = try await CatalogFingerprint.read(schemas: catalog.schemas, on: session)
                return MigrationVerifyReport(
                    database: database, basis: expected.basis, objects: found.objects.count,
                    problems: comparison.problems, warnings: warnings,
                    drift: expected.catalog?.differences(to: found) ?? [])
            }
        }
    }

    /// What a comparison is made with, and what the reader should know about it.
    private struct Expectation {
        var basis: MigrationVerifyReport.Basis
        var catalog: CatalogFingerprint?
        var warning: MigrationProblem?
    }

    private func expectedCatalog(
        _ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow], _ session: PostgresConnection
    ) async throws -> Expectation {
        var warning: MigrationProblem?
        do {
            let built = try await ScratchDatabase.expectedCatalog(ledger, schemas: catalog.schemas, sessions: sessions)
            return Expectation(basis: .scratch, catalog: built)
        } catch let error as SQLError where error.kind == .rejected || error.kind == .defect {
            // A migration that needs the data of this database, for example.
            warning = MigrationProblem(nil, "the migrations could not be built in an empty database: \(error)")
        } catch let error as SQLError where error.kind == .notPermitted {
            warning = nil
        }
        guard let recorded = try await RecordedCatalog.read(on: session),
            recorded.head == RecordedCatalog.head(ledger)
        else { return Expectation(basis: .none, warning: warning) }
        return Expectation(basis: .recorded, catalog: recorded.fingerprint, warning: warning)
    }

    // MARK: - Sessions

    func withSession<Result: Sendable>(
        _ purpose: String, _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let session = try await sessions.open(purpose)
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            await session.close()
            throw error
        }
    }

    /// Runs `body`; whatever it throws becomes a ``MigrationError``.
    func doing<Result>(_ what: String, _ body: () async throws -> Result) async throws(MigrationError) -> Result {
        do {
            return try await body()
        } catch {
            throw MigrationError.wrap(error, doing: what)
        }
    }
}

/// What the rest of the system has to say before a schema loses something.
package struct MigrationGates: Sendable {
    /// Called before anything is taken back; returns why it may not be (a node serves, runs are open), or nil.
    package var mayGoDown: @Sendable (PostgresConnection) async throws -> String?
    /// Called before a contract migration; returns why it has to wait (which node still needs the old shape), or nil.
    package var mayContract: @Sendable (PostgresConnection, MigrationID) async throws -> String?

    package init(
        mayGoDown: @escaping @Sendable (PostgresConnection) async throws -> String? = { _ in nil },
        mayContract: @escaping @Sendable (PostgresConnection, MigrationID) async throws -> String? = { _, _ in nil }
    ) {
        self.mayGoDown = mayGoDown
        self.mayContract = mayContract
    }
}
