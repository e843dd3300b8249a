/// What each command answers: one JSON document with `--json`, the same as text without.
package protocol MigrationReport: Codable, Sendable {
    /// For people; no line end at the end.
    func render() -> String
    /// The exit code of the command.
    var exitCode: Int32 { get }
}

/// What `up` would do.
package struct MigrationPlanReport: MigrationReport {
    package struct Effect: Codable, Sendable {
        package let table: String
        package let lock: String
        /// Whom the lock keeps out.
        package let blocks: String
        package let work: TableWork
        /// The rows of the table as PostgreSQL last counted them; nil for a table that is not there yet.
        package let rows: Int?
        package let bytes: Int?
    }

    package struct Statement: Codable, Sendable {
        package let line: Int
        package let sql: String
        package let effects: [Effect]
    }

    package struct Step: Codable, Sendable {
        package let migration: MigrationID
        package let file: String
        package let phase: MigrationPhase
        /// `pending`, `interrupted` or `failed`.
        package let cause: String
        package let isTransactional: Bool
        /// The statements that are still to be run.
        package let statements: [Statement]
    }

    package let database: String
    package let steps: [Step]
    package let findings: [MigrationFinding]
    package let warnings: [MigrationProblem]

    package var exitCode: Int32 { 0 }
}

/// Where the database stands.
package struct MigrationStatusReport: MigrationReport {
    package struct Entry: Codable, Sendable {
        package let migration: MigrationID
        package let name: String
        package let phase: MigrationPhase
        /// `applied`, `running`, `failed`, `reverting` or `pending`.
        package let state: String
        package let statementsDone: Int
        package let appliedAt: String?
        package let durationMilliseconds: Int?
        package let appliedBy: String?
        package let release: String?
        package let failure: MigrationLedgerRow.Failure?
    }

    package let database: String
    package let migrations: [Entry]
    /// Edited files, a newer ledger, numbers out of order.
    package let problems: [MigrationProblem]
    package let warnings: [MigrationProblem]
    /// Objects that are not as they were recorded after the last migration.
    package let drift: [SchemaDrift]
    /// Who is migrating now.
    package let migrator: MigrationBlocker?
    package let verdict: String

    /// 0 clean, 3 pending, 4 drift (of files or schema), 5 a failed or interrupted step.
    package var exitCode: Int32 {
        let states = Set(migrations.map(\.state))
        if !states.isDisjoint(with: ["failed", "reverting"]) { return 5 }
        // A running step without a migrator was interrupted.
        if states.contains("running") && migrator == nil { return 5 }
        if !problems.isEmpty || !drift.isEmpty { return 4 }
        return states.isDisjoint(with: ["pending", "running"]) ? 0 : 3
    }
}

/// Whether files and schema are what was applied.
package struct MigrationVerifyReport: MigrationReport {
    /// What the schema was compared with.
    package enum Basis: String, Codable, Sendable {
        /// A database that the same migrations have just built.
        case scratch
        /// What the last migration left in the ledger.
        case recorded
        /// Nothing: the role may not create databases, and what is recorded belongs to another state of the ledger.
        case none
    }

    package let database: String
    package let basis: Basis
    package let objects: Int
    package let problems: [MigrationProblem]
    package let warnings: [MigrationProblem]
    package let drift: [SchemaDrift]

    package var exitCode: Int32 { problems.isEmpty && drift.isEmpty ? 0 : 4 }
}

/// What `up` did.
package struct MigrationUpReport: MigrationReport {
    package struct Applied: Codable, Sendable {
        package let migration: MigrationID
        package let name: String
        package let milliseconds: Int
    }

    package struct Held: Codable, Sendable {
        package let migration: MigrationID
        package let reason: String
    }

    package let database: String
    package let applied: [Applied]
    /// The contract migration before which it stopped.
    package let held: Held?
    package let warnings: [MigrationProblem]

    /// 75, "try again", when a contract migration has to wait.
    package var exitCode: Int32 { held == nil ? 0 : 75 }
}

/// What `down` did.
package struct MigrationDownReport: MigrationReport {
    package let database: String
    /// In the order in which they were taken back.
    package let reverted: [MigrationID]
    /// Whether the ledger itself is gone too.
    package let isEmpty: Bool

    package var exitCode: Int32 { 0 }
}

/// What `repair` did.
package struct MigrationRepairReport: MigrationReport {
    package let database: String
    /// Files whose checksums and text the ledger now has.
    package let accepted: [MigrationID]
    /// Interrupted or failed migrations that are applied now.
    package let finished: [MigrationID]
    /// Interrupted ways down that are done now.
    package let reverted: [MigrationID]
    /// Recorded as done without running anything.
    package let markedDone: [MigrationID]

    package var exitCode: Int32 { 0 }
}
