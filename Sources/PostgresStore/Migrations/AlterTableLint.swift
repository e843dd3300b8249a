/// The rules for `alter`, which has most of the traps.
extension StatementLint {
    mutating func alter(_ cursor: inout StatementCursor) {
        if cursor.accept("domain") {
            if cursor.contains("add"), !cursor.contains("not", "valid") { hit(.domainCheckReadsRows, .share) }
            return
        }
        if cursor.accept("type") {
            if cursor.contains("rename", "value") { hit(.changeEnumValue, nil) }
            return
        }
        if cursor.accept("index") || cursor.accept("view") || cursor.accept("schema") {
            if cursor.contains("rename"), !isContract { hit(.rename, nil) }
            return
        }
        guard cursor.accept("table") else { return }
        _ = cursor.accept("if", "exists")
        _ = cursor.accept("only")
        guard let table = cursor.name() else { return }
        for var action in cursor.commaSeparated() { self.action(&action, on: table) }
    }

    private mutating func action(_ action: inout StatementCursor, on table: QualifiedName) {
        switch action.acceptAny(
            "add", "alter", "drop", "rename", "set", "validate", "attach", "detach", "disable", "no", "replica",
            "enable", "force")
        {
        case "add": add(&action, on: table)
        case "alter": alterColumn(&action, on: table)
        case "drop": drop(&action, on: table)
        case "rename":
            if touch(table, .accessExclusive), !isContract, !action.accept("constraint") {
                hit(.rename, .accessExclusive)
            }
        case "set": set(&action, on: table)
        case "validate":
            _ = action.accept("constraint")
            if touch(table, .shareUpdateExclusive, .scan), let name = action.name(),
                history.unvalidated.contains(name.name)
            {
                hit(.validateWithAdd, .accessExclusive)
            }
            addValidated(table)
        case "attach":
            _ = action.accept("partition")
            guard let partition = action.name() else { return }
            _ = touch(table, .shareUpdateExclusive)
            if touch(partition, .accessExclusive, .scan) { hit(.attachReadsRows, .accessExclusive) }
        case "detach":
            if touch(table, action.contains("concurrently") ? .shareUpdateExclusive : .accessExclusive),
                !action.contains("concurrently"), !action.contains("finalize")
            {
                hit(.detachLocksReaders, .accessExclusive)
            }
        case "disable":
            if action.accept("row", "level", "security") { hit(.rowSecurityOff, .accessExclusive) }
            _ = touch(table, .shareRowExclusive)
        case "no":
            if action.accept("force", "row", "level", "security") { hit(.rowSecurityOff, .accessExclusive) }
        default:
            _ = touch(table, .accessExclusive)
        }
    }

    // MARK: - Add

    private mutating func add(_ action: inout StatementCursor, on table: QualifiedName) {
        if action.accept("constraint") {
            guard let name = action.name() else { return }
            constraint(&action, named: name.name, on: table)
        } else if action.startsConstraint {
            constraint(&action, named: nil, on: table)
        } else {
            _ = action.accept("column")
            _ = action.accept("if", "not", "exists")
            column(action, on: table)
        }
    }

    private mutating func constraint(_ action: inout StatementCursor, named name: String?, on table: QualifiedName) {
        let isUnvalidated = action.contains("not", "valid")
        switch action.acceptAny("foreign", "check", "unique", "primary", "exclude") {
        case "foreign":
            if touch(table, .shareRowExclusive, isUnvalidated ? .catalog : .scan), !isUnvalidated {
                hit(.foreignKeyChecksRows, .shareRowExclusive)
            }
        case "check":
            if touch(table, .accessExclusive, isUnvalidated ? .catalog : .scan), !isUnvalidated {
                hit(.checkReadsRows, .accessExclusive)
            }
        case "unique", "primary":
            let usesIndex = action.contains("using", "index")
            if touch(table, .accessExclusive, usesIndex ? .catalog : .scan), !usesIndex {
                hit(.keyBuildsIndex, .accessExclusive)
            }
        case "exclude":
            if touch(table, .accessExclusive, .scan) { hit(.exclusionConstraint, .accessExclusive) }
        default: break
        }
        if isUnvalidated, let name { addUnvalidated(name) }
    }

    private mutating func column(_ definition: StatementCursor, on table: QualifiedName) {
        columnTypes(definition)
        var afterName = definition
        _ = afterName.name()
        let isSerial = ["serial", "bigserial", "smallserial"].contains(afterName.tokens.first?.text)
        let isGenerated = definition.contains("generated") || isSerial
        let volatile = definition.defaultMayBeVolatile
        guard touch(table, .accessExclusive, isGenerated || volatile ? .rewrite : .catalog) else { return }
        if isGenerated { hit(.generatedColumn, .accessExclusive) }
        if volatile { hit(.volatileDefault, .accessExclusive) }
        if definition.contains("not", "null"), !definition.contains("default"), !isGenerated {
            hit(.requiredColumn, .accessExclusive)
        }
        if definition.contains("primary", "key") || definition.contains("unique") {
            hit(.keyBuildsIndex, .accessExclusive)
        }
        // A reference whose column is new and null has no rows to check; with a default it has all of them.
        if definition.contains("references"), definition.contains("default") {
            hit(.foreignKeyChecksRows, .shareRowExclusive)
        }
        if definition.contains("check") { hit(.checkReadsRows, .accessExclusive) }
    }

    // MARK: - Alter, drop, set

    private mutating func alterColumn(_ action: inout StatementCursor, on table: QualifiedName) {
        if action.accept("constraint") { return }
        _ = action.accept("column")
        guard action.name() != nil else { return }
        if action.accept("type") || action.accept("set", "data", "type") {
            if touch(table, .accessExclusive, .rewrite) { hit(.columnTypeChange, .accessExclusive) }
        } else if action.accept("set", "not", "null") {
            // With a validated check that says the same, PostgreSQL (12 and later) does not read the table.
            let isProven = history.validated.contains(table)
            if touch(table, .accessExclusive, isProven ? .catalog : .scan), !isProven {
                hit(.setNotNull, .accessExclusive)
            }
        } else if action.accept("drop", "not", "null") {
            if touch(table, .accessExclusive) { hit(.dropNotNull, .accessExclusive) }
        } else if action.accept("set", "statistics") {
            _ = touch(table, .shareUpdateExclusive)
        } else {
            _ = touch(table, .accessExclusive)
        }
    }

    private mutating func drop(_ action: inout StatementCursor, on table: QualifiedName) {
        if action.contains("cascade") { hit(.dropCascade, nil) }
        let isConstraint = action.accept("constraint")
        if touch(table, .accessExclusive), !isConstraint, !isContract { hit(.dropColumn, .accessExclusive) }
    }

    private mutating func set(_ action: inout StatementCursor, on table: QualifiedName) {
        if action.acceptAny("logged", "unlogged", "tablespace") != nil || action.accept("access", "method") {
            if touch(table, .accessExclusive, .rewrite) { hit(.tableRewrite, .accessExclusive) }
        } else if action.accept("schema") {
            if touch(table, .accessExclusive), !isContract { hit(.rename, .accessExclusive) }
        } else {
            _ = touch(table, .shareUpdateExclusive)
        }
    }
}

extension StatementCursor {
    /// Whether a table constraint without a name comes next; a quoted column may be called anything.
    fileprivate var startsConstraint: Bool {
        guard let first = tokens.first, first.kind == .word else { return false }
        return ["foreign", "check", "unique", "primary", "exclude"].contains(first.text)
    }

    /// Whether the default calls something that may give each row another value.
    ///
    /// Functions that PostgreSQL's manual lists as giving one value for the whole statement or transaction are known;
    /// whatever else is called counts as volatile, because nothing here can look it up.
    fileprivate var defaultMayBeVolatile: Bool {
        guard let start = tokens.firstIndex(where: { $0.kind == .word && $0.text == "default" }) else { return false }
        let expression = tokens[(start + 1)...]
        return expression.indices.contains { index in
            let next = index + 1
            guard expression[index].kind == .word || expression[index].kind == .quotedIdentifier,
                next < expression.endIndex, expression[next].text == "("
            else { return false }
            return !Self.stableCalls.contains(expression[index].text)
        }
    }

    private static let stableCalls: Set<String> = [
        "now", "transaction_timestamp", "statement_timestamp", "current_setting", "make_interval", "make_date",
        "to_timestamp", "coalesce", "nullif", "check", "cast", "lower", "upper", "numeric", "varchar", "char",
        "decimal",
        "timestamp", "timestamptz", "time", "interval", "in", "and", "or", "references", "jsonb_build_object",
        "jsonb_build_array", "decode", "encode", "current_schema", "current_user",
    ]
}
