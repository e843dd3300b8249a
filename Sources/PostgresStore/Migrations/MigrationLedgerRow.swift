/// What the database knows of one migration.
package struct MigrationLedgerRow: Hashable, Sendable {
    package enum State: String, Sendable, Codable {
        /// Done, to the last statement.
        case applied
        /// Under way statement by statement; found without a migrator, it was interrupted.
        case running
        /// A statement was refused; ``MigrationLedgerRow/failure`` says which.
        case failed
        /// Being taken back statement by statement.
        case reverting
    }

    /// The statement that was refused, and why.
    package struct Failure: Hashable, Sendable, Codable {
        /// Counts from 1, in the direction that was being run.
        package let statement: Int
        package let sqlState: String?
        package let message: String

        package init(statement: Int, sqlState: String?, message: String) {
            self.statement = statement
            self.sqlState = sqlState
            self.message = message
        }
    }

    package let id: MigrationID
    package var name: String
    package var checksum: MigrationChecksum
    package var phase: MigrationPhase
    package var state: State
    /// How many statements are done: of the way up, or, while ``State/reverting``, of the way down.
    package var statementsDone: Int
    package var failure: Failure?
    /// The whole file as it was applied.
    package var sql: String
    /// Counts up with every migration applied, over all plugins: the order in which they built the schema.
    package var position: Int
    /// RFC 3339, UTC; nil until applied.
    package var appliedAt: String?
    package var durationMicroseconds: Int?
    /// Role and client, for example `holdfast on host-a`.
    package var appliedBy: String
    /// The release that applied it.
    package var nodeVersion: String

    package init(
        id: MigrationID, name: String, checksum: MigrationChecksum, phase: MigrationPhase, state: State,
        statementsDone: Int, failure: Failure? = nil, sql: String, position: Int, appliedAt: String? = nil,
        durationMicroseconds: Int? = nil, appliedBy: String, nodeVersion: String
    ) {
        self.id = id
        self.name = name
        self.checksum = checksum
        self.phase = phase
        self.state = state
        self.statementsDone = statementsDone
        self.failure = failure
        self.sql = sql
        self.position = position
        self.appliedAt = appliedAt
        self.durationMicroseconds = durationMicroseconds
        self.appliedBy = appliedBy
        self.nodeVersion = nodeVersion
    }
}
