/// One rule of ``MigrationLint``: its name, how bad, and what it says.
struct LintRule: Hashable, Sendable {
    let name: String
    let severity: MigrationFinding.Severity
    let message: String

    private init(_ name: String, _ severity: MigrationFinding.Severity, _ message: String) {
        self.name = name
        self.severity = severity
        self.message = message
    }
}

extension LintRule {
    // MARK: - Locks and rewrites

    static let indexLocksWriters = LintRule(
        "index-locks-writers", .danger,
        "building an index keeps writers out until it is done: use \"create index concurrently\"")
    static let dropIndexLocksReaders = LintRule(
        "drop-index-locks-readers", .caution,
        "waits for every user of the table and keeps readers out meanwhile: use \"drop index concurrently\"")
    static let reindexLocksWriters = LintRule(
        "reindex-locks-writers", .danger, "keeps writers out until it is done: use \"reindex … concurrently\"")
    static let columnTypeChange = LintRule(
        "column-type-change", .danger,
        "another type may write the whole table again under the lock: add a column, fill it in batches, swap")
    static let volatileDefault = LintRule(
        "volatile-default", .danger,
        "a default that is not constant writes the whole table again: add the column bare, set the default, backfill")
    static let generatedColumn = LintRule(
        "generated-column", .danger,
        "a stored generated, serial or identity column writes the whole table again: add it plain and fill it in batches"
    )
    static let requiredColumn = LintRule(
        "required-column", .danger,
        "not null without a default fails as soon as the table has a row: give a default, or add it nullable first")
    static let setNotNull = LintRule(
        "set-not-null", .danger,
        "reads the whole table under the lock: add a check (… is not null) not valid, validate it in a later "
            + "migration, then set not null")
    static let foreignKeyChecksRows = LintRule(
        "foreign-key-checks-rows", .danger,
        "checks every row while writers of both tables wait: add it \"not valid\", validate in a later migration")
    static let checkReadsRows = LintRule(
        "check-reads-rows", .danger,
        "checks every row under the lock: add it \"not valid\", validate in a later migration")
    static let keyBuildsIndex = LintRule(
        "key-builds-index", .danger,
        "builds its index under the lock: create a unique index concurrently, then add the constraint \"using index\"")
    static let exclusionConstraint = LintRule(
        "exclusion-constraint", .danger, "builds its index under the lock, and there is no way round it: plan a pause")
    static let validateWithAdd = LintRule(
        "validate-with-add", .danger,
        "validating in the migration that adds the constraint holds the lock of the add while every row is read: "
            + "validate in a migration of its own")
    static let tableRewrite = LintRule(
        "table-rewrite", .danger, "writes the whole table again under the lock")
    static let vacuumFull = LintRule(
        "vacuum-full", .danger, "writes the whole table again under the lock: plain vacuum, or pg_repack")
    static let lockTable = LintRule("lock-table", .danger, "an explicit lock is held until the migration commits")
    static let truncate = LintRule("truncate", .danger, "empties the table, and keeps readers out meanwhile")
    static let refreshLocksReaders = LintRule(
        "refresh-locks-readers", .caution,
        "keeps readers out until it is done: use \"refresh materialized view concurrently\"")
    static let attachReadsRows = LintRule(
        "attach-reads-rows", .caution,
        "reads the new partition under the lock unless a check constraint already says what it holds")
    static let detachLocksReaders = LintRule(
        "detach-locks-readers", .caution,
        "keeps readers of the whole partitioned table out: use \"detach partition … concurrently\"")
    static let createPartition = LintRule(
        "create-partition", .caution,
        "\"partition of\" locks the parent against readers: create the table by itself, then attach it")
    static let triggerLocksWriters = LintRule(
        "trigger-locks-writers", .caution, "waits for every writer of the table and keeps new ones out meanwhile")
    static let bulkWrite = LintRule(
        "bulk-write", .danger,
        "changes every row in one transaction: rows stay locked and dead rows pile up until it commits; do it in batches"
    )

    static let severalTables = LintRule(
        "several-tables-locked", .caution,
        "the locks on the tables before are held until this one is had too: one table to a migration")

    static let domainCheckReadsRows = LintRule(
        "domain-check-reads-rows", .danger,
        "checks every row of every table that uses the domain: add it \"not valid\", validate in a later migration")

    // MARK: - Names

    static let nameWithoutSchema = LintRule(
        "name-without-schema", .danger,
        "the search path is pg_catalog alone, so this fails: write schema.table")
    static let longName = LintRule(
        "name-too-long", .danger, "PostgreSQL cuts names at 63 bytes, and then they are not what the file says")

    // MARK: - Nodes of the previous release

    static let dropColumn = LintRule(
        "drop-column", .danger, "breaks nodes of the previous release that read it: do it under \"phase contract\"")
    static let dropTable = LintRule(
        "drop-table", .danger, "breaks nodes of the previous release that use it: do it under \"phase contract\"")
    static let rename = LintRule(
        "rename", .danger,
        "breaks nodes of the previous release, which know the old name: add the new one beside it, contract later")
    static let dropCascade = LintRule(
        "drop-cascade", .danger, "\"cascade\" drops whatever depends on it, unnamed: name each thing")
    static let dropNotNull = LintRule(
        "drop-not-null", .caution, "nodes of the previous release may not expect a null here")
    static let changeEnumValue = LintRule(
        "rename-enum-value", .danger, "breaks nodes of the previous release, which write the old value")

    // MARK: - Security

    static let definerSearchPath = LintRule(
        "definer-search-path", .danger,
        "a \"security definer\" function without \"set search_path\" runs what its caller puts in the way")
    static let rowSecurityNotForced = LintRule(
        "row-security-not-forced", .danger,
        "row security that is not forced does not bind the table's owner: add \"force row level security\"")
    static let rowSecurityOff = LintRule(
        "row-security-off", .danger, "takes the rows' protection away from the table")
    static let grantToPublic = LintRule(
        "grant-to-public", .danger, "lets every role of the cluster in: name the role")

    // MARK: - Regretted later

    static let integerKey = LintRule(
        "integer-key", .advice, "a key of 32 bits runs out at 2,147,483,647: use bigint")
    static let serialColumn = LintRule(
        "serial-column", .advice, "use \"bigint generated always as identity\" instead of serial")
    static let plainTimestamp = LintRule(
        "timestamp-without-zone", .advice, "a timestamp without time zone is not a moment: use timestamptz")
    static let fixedText = LintRule(
        "limited-text", .advice, "a limit in the type costs a lock to change: use text with a check constraint")
    static let plainJSON = LintRule(
        "json-column", .advice, "json has no equality and is parsed at every use: use jsonb")
    static let concurrentWithoutIfExists = LintRule(
        "down-without-if-exists", .caution,
        "the way back of a half-applied migration meets things that are not there: drop … if exists")

    static let all: [LintRule] = [
        indexLocksWriters, dropIndexLocksReaders, reindexLocksWriters, columnTypeChange, volatileDefault,
        generatedColumn, requiredColumn, setNotNull, foreignKeyChecksRows, checkReadsRows, keyBuildsIndex,
        exclusionConstraint, validateWithAdd, tableRewrite, vacuumFull, lockTable, truncate, refreshLocksReaders,
        attachReadsRows, detachLocksReaders, createPartition, triggerLocksWriters, bulkWrite, severalTables,
        domainCheckReadsRows, nameWithoutSchema, longName, dropColumn,
        dropTable,
        rename, dropCascade, dropNotNull, changeEnumValue, definerSearchPath, rowSecurityNotForced, rowSecurityOff,
        grantToPublic, integerKey, serialColumn, plainTimestamp, fixedText, plainJSON, concurrentWithoutIfExists,
    ]
}
