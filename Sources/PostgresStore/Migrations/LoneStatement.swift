/// A statement that PostgreSQL refuses inside a transaction, so that its effect and the ledger's row cannot be
/// committed together.
///
/// A crash may fall between the two. Each case therefore carries what is needed to find out, before it is run again,
/// how far it came: ``LoneStatementRecovery`` has the rule for each.
enum LoneStatement: Hashable, Sendable {
    /// `index` is in the table's schema, whatever else the search path holds.
    case createIndex(index: QualifiedName, table: QualifiedName)
    case dropIndex([QualifiedName])
    case reindex
    case detachPartition(parent: QualifiedName, partition: QualifiedName)
    case vacuum
    /// Nothing tells afterwards whether it ran.
    case unrepeatable(String)

    /// Nil for a statement that a transaction may hold.
    init?(_ statement: MigrationStatement) {
        var cursor = StatementCursor(statement)
        switch cursor.acceptAny("create", "drop", "reindex", "alter", "vacuum", "cluster") {
        case "create": self.init(create: &cursor)
        case "drop": self.init(drop: &cursor)
        case "alter": self.init(alter: &cursor)
        case "vacuum": self = .vacuum
        case "reindex":
            if cursor.contains("concurrently") {
                self = .reindex
            } else if cursor.contains("database") || cursor.contains("system") || cursor.contains("schema") {
                self = .unrepeatable("reindex of more than a table")
            } else {
                return nil
            }
        case "cluster" where cursor.isAtEnd: self = .unrepeatable("cluster of every table")
        default: return nil
        }
    }

    private init?(create cursor: inout StatementCursor) {
        if let what = cursor.acceptAny("database", "tablespace") {
            self = .unrepeatable("create \(what)")
            return
        }
        _ = cursor.accept("unique")
        guard cursor.accept("index", "concurrently") else { return nil }
        _ = cursor.accept("if", "not", "exists")
        guard !cursor.accept("on"), let index = cursor.name(), cursor.accept("on") else {
            // Without a name nobody can say which index a crash left behind.
            self = .unrepeatable("create index concurrently without a name")
            return
        }
        _ = cursor.accept("only")
        guard let table = cursor.name() else { return nil }
        self = .createIndex(index: QualifiedName(schema: table.schema, name: index.name), table: table)
    }

    private init?(drop cursor: inout StatementCursor) {
        if let what = cursor.acceptAny("database", "tablespace") {
            self = .unrepeatable("drop \(what)")
            return
        }
        guard cursor.accept("index", "concurrently") else { return nil }
        _ = cursor.accept("if", "exists")
        var names: [QualifiedName] = []
        repeat {
            guard let name = cursor.name() else { return nil }
            names.append(name)
        } while cursor.accept(",")
        self = .dropIndex(names)
    }

    private init?(alter cursor: inout StatementCursor) {
        if let what = cursor.acceptAny("system", "database") {
            guard what == "system" || cursor.contains("tablespace") else { return nil }
            self = .unrepeatable("alter \(what)")
            return
        }
        guard cursor.accept("table") else { return nil }
        _ = cursor.accept("if", "exists")
        guard let parent = cursor.name(), cursor.accept("detach", "partition"), let partition = cursor.name(),
            cursor.accept("concurrently")
        else { return nil }
        self = .detachPartition(parent: parent, partition: partition)
    }

    /// The words by which messages name it.
    var words: String {
        switch self {
        case .createIndex: "create index concurrently"
        case .dropIndex: "drop index concurrently"
        case .reindex: "reindex concurrently"
        case .detachPartition: "detach partition concurrently"
        case .vacuum: "vacuum"
        case .unrepeatable(let words): words
        }
    }
}
