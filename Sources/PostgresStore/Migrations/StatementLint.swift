/// Applies the rules to one statement.
struct StatementLint {
    /// What the statements before have made of the schema.
    struct History: Sendable {
        /// Tables that the run has created: empty and unused.
        var freshTables: Set<QualifiedName> = []
        var freshIndexes: Set<String> = []
        /// Constraints that this migration has added without validating them.
        var unvalidated: Set<String> = []
        /// Tables of which this migration has validated a constraint.
        var validated: Set<QualifiedName> = []
    }

    private(set) var history: History
    private let phase: MigrationPhase
    private(set) var hits: [MigrationLint.Hit] = []
    private(set) var effects: [TableEffect] = []

    init(_ history: History, phase: MigrationPhase) {
        self.history = history
        self.phase = phase
    }

    mutating func read(_ statement: MigrationStatement) {
        if statement.tokens.contains(where: { ($0.identifier?.utf8.count ?? 0) > Self.nameBytesMax }) {
            hit(.longName, nil)
        }
        var cursor = StatementCursor(statement)
        let verb = cursor.acceptAny(
            "create", "alter", "drop", "reindex", "vacuum", "cluster", "lock", "truncate", "refresh", "update",
            "delete", "grant")
        switch verb {
        case "create": create(&cursor)
        case "alter": alter(&cursor)
        case "drop": drop(&cursor)
        case "reindex":
            if !cursor.contains("concurrently") { hit(.reindexLocksWriters, .share) }
        case "vacuum":
            if cursor.contains("full") { hit(.vacuumFull, .accessExclusive) }
        case "cluster": hit(.tableRewrite, .accessExclusive)
        case "lock": hit(.lockTable, nil)
        case "truncate": truncate(&cursor)
        case "refresh":
            if !cursor.contains("concurrently") { hit(.refreshLocksReaders, .accessExclusive) }
        case "update": bulkWrite(&cursor)
        case "delete":
            _ = cursor.accept("from")
            bulkWrite(&cursor)
        case "grant":
            if cursor.contains("to", "public") { hit(.grantToPublic, nil) }
        default: break
        }
    }

    mutating func hit(_ rule: LintRule, _ lock: TableLock?) {
        let hit = MigrationLint.Hit(rule: rule, lock: lock)
        if !hits.contains(hit) { hits.append(hit) }
    }

    /// PostgreSQL's NAMEDATALEN less one (PostgreSQL manual, 4.1.1).
    private static let nameBytesMax = 63

    /// Notes what happens to a table, unless the run itself created it. Returns whether it matters.
    mutating func touch(_ table: QualifiedName, _ lock: TableLock, _ work: TableWork = .catalog) -> Bool {
        if table.schema == nil { hit(.nameWithoutSchema, nil) }
        guard !history.freshTables.contains(table) else { return false }
        effects.append(TableEffect(table: table, lock: lock, work: work))
        return true
    }

    mutating func addUnvalidated(_ constraint: String) { history.unvalidated.insert(constraint) }
    mutating func addValidated(_ table: QualifiedName) { history.validated.insert(table) }

    /// Whether this migration takes away what only the previous release needs.
    var isContract: Bool { phase == .contract }

    // MARK: - Create

    private mutating func create(_ cursor: inout StatementCursor) {
        if cursor.accept("or", "replace") { return routine(cursor) }
        if cursor.accept("unique", "index") || cursor.accept("index") { return createIndex(&cursor) }
        if cursor.contains("function") || cursor.contains("procedure") { routine(cursor) }
        if cursor.accept("constraint", "trigger") || cursor.accept("trigger") { return createTrigger(&cursor) }
        let isTemporary = cursor.acceptAny("temporary", "temp") != nil
        _ = cursor.accept("unlogged")
        guard cursor.accept("table") else { return }
        _ = cursor.accept("if", "not", "exists")
        guard let table = cursor.name() else { return }
        if cursor.accept("partition", "of"), let parent = cursor.name() {
            if touch(parent, .accessExclusive) { hit(.createPartition, .accessExclusive) }
        }
        if table.schema == nil, !isTemporary { hit(.nameWithoutSchema, nil) }
        history.freshTables.insert(table)
        if let definitions = cursor.bracketed() {
            for definition in definitions.commaSeparated() { columnTypes(definition) }
        }
    }

    private mutating func createIndex(_ cursor: inout StatementCursor) {
        let concurrently = cursor.accept("concurrently")
        _ = cursor.accept("if", "not", "exists")
        var index: QualifiedName?
        if !cursor.accept("on") {
            index = cursor.name()
            _ = cursor.accept("on")
        }
        let only = cursor.accept("only")
        guard let table = cursor.name() else { return }
        if let index { history.freshIndexes.insert(index.name) }
        // "on only" a partitioned parent builds nothing.
        let work: TableWork = only ? .catalog : .scan
        if touch(table, concurrently ? .shareUpdateExclusive : .share, work), !concurrently, !only {
            hit(.indexLocksWriters, .share)
        }
    }

    private mutating func createTrigger(_ cursor: inout StatementCursor) {
        while !cursor.isAtEnd, !cursor.accept("on") { cursor.skip() }
        if let table = cursor.name(), touch(table, .shareRowExclusive) { hit(.triggerLocksWriters, .shareRowExclusive) }
    }

    private mutating func routine(_ cursor: StatementCursor) {
        if cursor.contains("security", "definer"), !cursor.contains("set", "search_path") {
            hit(.definerSearchPath, nil)
        }
    }

    // MARK: - Drop, truncate, write

    private mutating func drop(_ cursor: inout StatementCursor) {
        if cursor.contains("cascade") { hit(.dropCascade, nil) }
        if cursor.accept("index") {
            let concurrently = cursor.accept("concurrently")
            _ = cursor.accept("if", "exists")
            guard let index = cursor.name(), !history.freshIndexes.contains(index.name), !concurrently else { return }
            hit(.dropIndexLocksReaders, .accessExclusive)
        } else if let what = cursor.acceptAny("table", "view", "materialized", "schema", "type", "function") {
            if what == "materialized" { _ = cursor.accept("view") }
            _ = cursor.accept("if", "exists")
            for var part in cursor.commaSeparated() {
                guard let name = part.name() else { continue }
                if what == "table" {
                    if touch(name, .accessExclusive), !isContract { hit(.dropTable, .accessExclusive) }
                } else if what != "function", !history.freshTables.contains(name), !isContract {
                    hit(.dropTable, nil)
                }
            }
        }
    }

    private mutating func truncate(_ cursor: inout StatementCursor) {
        _ = cursor.accept("table")
        _ = cursor.accept("only")
        if let table = cursor.name(), touch(table, .accessExclusive) { hit(.truncate, .accessExclusive) }
    }

    private mutating func bulkWrite(_ cursor: inout StatementCursor) {
        _ = cursor.accept("only")
        guard let table = cursor.name() else { return }
        let limited = cursor.contains("where")
        if touch(table, .rowExclusive, limited ? .catalog : .scan), !limited { hit(.bulkWrite, .rowExclusive) }
    }

    // MARK: - Column types

    /// What a column's declared type brings, wherever the column is declared.
    mutating func columnTypes(_ definition: StatementCursor) {
        var cursor = definition
        guard cursor.name() != nil else { return }
        let isKey = cursor.contains("primary", "key") || cursor.contains("identity")
        switch cursor.acceptAny(
            "serial", "bigserial", "smallserial", "int", "integer", "int4", "timestamp", "varchar", "char", "character",
            "json")
        {
        case "serial"?, "bigserial"?, "smallserial"?: hit(.serialColumn, nil)
        case "int"?, "integer"?, "int4"?: if isKey { hit(.integerKey, nil) }
        case "timestamp"?: if !cursor.contains("with", "time", "zone") { hit(.plainTimestamp, nil) }
        case "json"?: hit(.plainJSON, nil)
        case "varchar"?: if cursor.accept("(") { hit(.fixedText, nil) }
        case "char"?, "character"?: if !cursor.accept("varying") || cursor.accept("(") { hit(.fixedText, nil) }
        default: break
        }
    }
}

extension StatementCursor {
    /// What stands inside the brackets that come next; nil when none do.
    func bracketed() -> StatementCursor? {
        guard tokens.first?.text == "(" else { return nil }
        var depth = 0
        for index in tokens.indices {
            if tokens[index].text == "(" { depth += 1 }
            if tokens[index].text == ")" {
                depth -= 1
                if depth == 0 { return StatementCursor(tokens[(tokens.startIndex + 1)..<index]) }
            }
        }
        return nil
    }
}
