/// What the runner is doing, for whoever draws it.
package enum MigrationEvent: Sendable {
    /// Another migrator is at work; nothing is done until it ends.
    case waitingForMigrator(MigrationBlocker?, waited: Duration)
    /// How much there is to do.
    case planned(migrations: Int, statements: Int)
    case migrationBegins(MigrationID, name: String, statements: Int)
    /// `number` counts from 1.
    case statementBegins(MigrationID, number: Int, of: Int, summary: String)
    /// The statement has been waiting for a lock; `by` are the sessions in its way.
    case statementWaits(MigrationID, number: Int, by: [MigrationBlocker])
    /// A long statement tells how far it is: `phase` in PostgreSQL's words, `fraction` from 0 to 1 of that phase where
    /// it is known.
    case statementAdvances(MigrationID, number: Int, phase: String, fraction: Double?)
    /// Somebody kept a table busy for longer than the lock time-out, so everything was let go. Tried again after
    /// `pause`.
    case lockTimedOut(MigrationID, number: Int, attempt: Int, pause: Duration, by: [MigrationBlocker])
    case statementEnds(MigrationID, number: Int)
    /// A statement outside a transaction is done, and the ledger says so.
    case progressRecorded(MigrationID, number: Int)
    /// Everything is done inside the transaction, the ledger's row included; the commit follows.
    case committing(MigrationID)
    case migrationEnds(MigrationID, duration: Duration)
    /// A contract migration that a living node still needs the old shape of.
    case held(MigrationID, reason: String)
}

/// Called for every event, in order, one call at a time; must return soon.
package typealias MigrationObserver = @Sendable (MigrationEvent) -> Void
