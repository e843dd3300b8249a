import Logging
import Postgres
import Synchronization
import WorkflowKit

/// Carries out migrations, one at a time, and writes the ledger as it goes.
///
/// A migration in a transaction is committed with its ledger row or not at all. One without goes statement by statement:
/// a statement that a transaction can hold is committed with the progress that the ledger keeps of it, and one that it
/// cannot (``LoneStatement``) is looked for before it is run again.
struct MigrationExecutor: Sendable {
    let sessions: MigrationSessions
    let worker: PostgresConnection
    /// Looks at what keeps the worker waiting. It holds the migration lock.
    let watcher: PostgresConnection
    let observer: MigrationObserver

    private var settings: MigrationSettings { sessions.settings }

    /// One direction of one migration, from the statement where it stands.
    private struct Run {
        let file: MigrationFile
        let section: MigrationSection
        let state: MigrationLedgerRow.State
        let done: Int
        /// Whether the next statement may have been run before.
        let isResumed: Bool
        /// Whether nobody knows how that ended.
        let wasInterrupted: Bool
    }

    /// Brings the database from before `step` to after it.
    ///
    /// - Throws: ``MigrationError`` of kind `.failedStep`, after the ledger has it, when a statement is refused.
    func apply(_ step: MigrationPlan.Step) async throws {
        let file = step.file
        let start = ContinuousClock().now
        observer(.migrationBegins(file.id, name: file.name, statements: file.up.statements.count))
        try await sessions.prepare(worker)
        func applied(_ done: Int) -> SQLStatement {
            LedgerTable.record(
                file, state: .applied, done: done, duration: ContinuousClock().now - start, release: settings.release,
                client: settings.host)
        }

        let run = Run(
            file: file, section: file.up, state: .running, done: step.statementsDone, isResumed: step.cause != .pending,
            wasInterrupted: step.cause == .interrupted)
        do {
            if file.up.isTransactional {
                try await inOneTransaction(run) { applied(file.up.statements.count) }
            } else {
                // The row comes first, so that whoever finds it knows that something may have been done.
                try await worker.execute(
                    LedgerTable.record(
                        file, state: .running, done: run.done, duration: nil, release: settings.release,
                        client: settings.host))
                observer(.progressRecorded(file.id, number: run.done))
                try await statementByStatement(run)
                try await worker.execute(applied(file.up.statements.count))
            }
        } catch let refusal as StatementRefusal {
            throw try await noteFailure(refusal, run)
        }
        observer(.migrationEnds(file.id, duration: ContinuousClock().now - start))
    }

    /// Takes `file` back with the statements of its way down; `row` is what the ledger holds of it.
    func revert(_ file: MigrationFile, _ row: MigrationLedgerRow) async throws {
        let start = ContinuousClock().now
        guard let down = file.down else {
            throw MigrationError(.refused, "\(file.path): has no \"-- holdfast: down\", so it cannot be taken back")
        }
        observer(.migrationBegins(file.id, name: file.name, statements: down.statements.count))
        try await sessions.prepare(worker)
        let isResumed = row.state == .reverting
        let run = Run(
            file: file, section: down, state: .reverting, done: isResumed ? row.statementsDone : 0,
            isResumed: isResumed, wasInterrupted: isResumed)
        do {
            if row.state == .failed && file.up.isTransactional {
                // It was rolled back: there is nothing to take back but the row.
                try await worker.execute(LedgerTable.remove(file.id))
            } else if down.isTransactional {
                try await inOneTransaction(run) { nil }
            } else {
                try await worker.execute(LedgerTable.progress(file.id, state: .reverting, done: run.done))
                observer(.progressRecorded(file.id, number: run.done))
                try await statementByStatement(run)
                try await worker.execute(LedgerTable.remove(file.id))
            }
        } catch let refusal as StatementRefusal {
            throw try await noteFailure(refusal, run)
        }
        observer(.migrationEnds(file.id, duration: ContinuousClock().now - start))
    }

    // MARK: - The two ways

    /// `ledgerRow` gives what is written with the statements; nil removes the row instead.
    private func inOneTransaction(_ run: Run, ledgerRow: () -> SQLStatement?) async throws {
        let statements = run.section.statements
        try await untilNoLockTimesOut(run) { attempt in
            do {
                try await transact(run, attempt, ledgerRow)
            } catch let error as SQLError where error.kind != .unavailable && error.kind != .outcomeUnknown {
                // What is checked at the commit, such as a deferred constraint, fails the migration like a statement.
                throw StatementRefusal(index: max(0, statements.count - 1), error: error, blockers: [])
            }
        }
    }

    private func transact(_ run: Run, _ attempt: Attempt, _ ledgerRow: () -> SQLStatement?) async throws {
        let statements = run.section.statements
        try await worker.transaction { transaction in
            // First, because a way down may take the ledger's schema along.
            if ledgerRow() == nil { try await transaction.execute(LedgerTable.remove(run.file.id)) }
            for (index, statement) in statements.enumerated() {
                begins(run, index)
                try await watched(run, index, attempt) {
                    try await transaction.execute(sql(statement, run, index))
                }
                observer(.statementEnds(run.file.id, number: index + 1))
            }
            if let row = ledgerRow() { try await transaction.execute(row) }
            observer(.committing(run.file.id))
        }
    }

    private func statementByStatement(_ run: Run) async throws {
        for (index, statement) in run.section.statements.enumerated().dropFirst(run.done) {
            begins(run, index)
            let mayHaveRun = run.isResumed && index == run.done
            let progress = LedgerTable.progress(run.file.id, state: run.state, done: index + 1)
            if let lone = LoneStatement(statement) {
                try await untilNoLockTimesOut(run) { attempt in
                    try await watched(run, index, attempt) {
                        try await alone(
                            lone, sql(statement, run, index), mayHaveRun: mayHaveRun || attempt.number > 1,
                            mayBeDone: mayHaveRun && run.wasInterrupted)
                    }
                }
                observer(.statementEnds(run.file.id, number: index + 1))
                try await worker.execute(progress)
            } else {
                try await untilNoLockTimesOut(run) { attempt in
                    try await worker.transaction { transaction in
                        try await watched(run, index, attempt) {
                            try await transaction.execute(sql(statement, run, index))
                        }
                        observer(.statementEnds(run.file.id, number: index + 1))
                        try await transaction.execute(progress)
                    }
                }
            }
            observer(.progressRecorded(run.file.id, number: index + 1))
        }
    }

    /// Runs a statement outside of a transaction, after what an earlier try of it left is out of the way.
    private func alone(_ lone: LoneStatement, _ statement: SQLStatement, mayHaveRun: Bool, mayBeDone: Bool)
        async throws(SQLError)
    {
        try await sessions.prepare(worker)
        // All but the detaching take a lock that readers and writers of the table do not mind, so nobody queues behind
        // them; given up half-way, an index would have to be built from the start.
        if case .detachPartition = lone {} else { try await sessions.waitForLocks(worker) }
        // "if not exists" takes an unusable index, left by anybody, for one that exists.
        let mayPassOver = statement.text.lowercased().contains("if not exists")
        let verdict =
            mayHaveRun || mayPassOver
            ? try await LoneStatementRecovery.verdict(lone, mayBeDone: mayBeDone || mayPassOver, on: worker) : .run
        switch verdict {
        case .done: break
        case .run: try await worker.execute(statement)
        case .runInstead(let text):
            try await worker.execute(SQLStatement(uncheckedText: text, name: statement.name, isPrepared: false))
        }
        try await sessions.prepare(worker)
    }

    private func begins(_ run: Run, _ index: Int) {
        observer(
            .statementBegins(
                run.file.id, number: index + 1, of: run.section.statements.count,
                summary: run.section.statements[index].summary()))
    }

    private func sql(_ statement: MigrationStatement, _ run: Run, _ index: Int) -> SQLStatement {
        SQLStatement(
            uncheckedText: statement.text, name: "\(run.file.id) statement \(index + 1)", isPrepared: false)
    }

    // MARK: - Locks

    /// One try among several, and who was seen in its way.
    private final class Attempt: Sendable {
        let number: Int
        let blockers = Mutex<[MigrationBlocker]>([])

        init(number: Int) { self.number = number }
    }

    /// Runs `body` again, after a growing pause, as long as it fails because a table is in use.
    private func untilNoLockTimesOut(_ run: Run, _ body: (Attempt) async throws -> Void) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        var number = 1
        while true {
            let attempt = Attempt(number: number)
            do {
                return try await body(attempt)
            } catch let refusal as StatementRefusal where refusal.error.kind == .conflict {
                guard clock.now - start < settings.lockPatience else { throw refusal }
                // Half to all of 0.1 s, 0.2 s, … 5 s: two migrators, or a migrator and a regular job, drift apart.
                let longest = min(5_000, 100 << min(number - 1, 6))
                let pause = Duration.milliseconds(Int.random(in: longest / 2...longest))
                observer(
                    .lockTimedOut(
                        run.file.id, number: refusal.index + 1, attempt: number, pause: pause, by: refusal.blockers))
                try await Task.sleep(for: pause)
                number += 1
            }
        }
    }

    /// Runs `body`, and after half the lock time-out looks at who is in its way and how far it is.
    private func watched(
        _ run: Run, _ index: Int, _ attempt: Attempt, _ body: () async throws -> Void
    ) async throws {
        let watching = Task { [watcher, worker, observer, settings] in
            var pause = settings.lockTimeout / 2
            while (try? await Task.sleep(for: pause)) != nil {
                pause = .seconds(1)
                // In a task of its own: to cancel this one must not cancel a query of the session that holds the lock.
                let query = Task {
                    let blockers = try await MigrationLock.blockers(of: worker.processID, seenBy: watcher)
                    return (blockers, try await StatementProgress.read(of: worker.processID, seenBy: watcher))
                }
                guard let (found, progress) = try? await query.value else { continue }
                if !found.isEmpty {
                    attempt.blockers.withLock { $0 = found }
                    observer(.statementWaits(run.file.id, number: index + 1, by: found))
                } else if let progress {
                    observer(
                        .statementAdvances(
                            run.file.id, number: index + 1, phase: progress.phase, fraction: progress.fraction))
                }
            }
        }
        do {
            try await body()
        } catch {
            watching.cancel()
            await watching.value
            guard let error = error as? SQLError else { throw error }
            throw StatementRefusal(index: index, error: error, blockers: attempt.blockers.withLock { $0 })
        }
        watching.cancel()
        await watching.value
    }

    // MARK: - Failure

    /// Writes the failure into the ledger and says it, with the ways on.
    private func noteFailure(_ refusal: StatementRefusal, _ run: Run) async throws -> any Error {
        let error = refusal.error
        guard error.kind != .unavailable, error.kind != .outcomeUnknown, !Task.isCancelled else {
            return MigrationError(error, doing: "apply \(run.file.path)")
        }
        let failure = MigrationLedgerRow.Failure(
            statement: refusal.index + 1, sqlState: error.sqlState, message: error.message)
        if run.state == .running && run.section.isTransactional {
            try await worker.execute(
                LedgerTable.record(
                    run.file, state: .failed, done: 0, duration: nil, release: settings.release, client: settings.host))
        }
        // A way down in one transaction leaves the migration as applied as it was.
        let state: MigrationLedgerRow.State =
            run.state == .running ? .failed : run.section.isTransactional ? .applied : .reverting
        if state != .applied { try await worker.execute(LedgerTable.failure(run.file.id, state: state, failure)) }
        return MigrationError(
            .failedStep,
            FailedStepText.text(
                run.file, statement: run.section.statements[refusal.index], failure, state: state,
                blockers: refusal.blockers))
    }
}

/// That a statement of a migration was refused.
private struct StatementRefusal: Error {
    /// Counts from 0.
    let index: Int
    let error: SQLError
    let blockers: [MigrationBlocker]
}
