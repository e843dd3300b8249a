/// Reads migrations for what would hurt a live system.
///
/// It knows the grammar of the statements that matter and nothing of the database: a table that an earlier statement of
/// the same run created is empty and unused, so nothing done to it hurts; any other may be large and in use.
struct MigrationLint {
    static let rules = Set(LintRule.all.map(\.name))

    /// One finding, before it is known in which file.
    struct Hit: Hashable, Sendable {
        let rule: LintRule
        let lock: TableLock?
    }

    private var history = StatementLint.History()

    /// The findings of `files`, which are applied in this order, in one run.
    static func findings(_ files: [MigrationFile]) -> [MigrationFinding] {
        var lint = MigrationLint()
        return files.flatMap { lint.findings($0) }
    }

    private mutating func findings(_ file: MigrationFile) -> [MigrationFinding] {
        var findings: [MigrationFinding] = []
        func add(_ hits: [Hit], _ statement: MigrationStatement) {
            for hit in hits where !file.allowedRules.contains(hit.rule.name) {
                findings.append(
                    MigrationFinding(
                        rule: hit.rule.name, severity: hit.rule.severity, file: file.path, line: statement.line,
                        lock: hit.lock?.description, message: hit.rule.message))
            }
        }

        history.unvalidated = []
        history.validated = []
        var lockedTables: Set<QualifiedName> = []
        for statement in file.up.statements {
            var reader = StatementLint(history, phase: file.phase)
            reader.read(statement)
            add(reader.hits, statement)
            if file.up.isTransactional {
                let locked = Set(reader.effects.filter { $0.lock == .accessExclusive }.map(\.table))
                if !lockedTables.isEmpty, !locked.isSubset(of: lockedTables) {
                    add([Hit(rule: .severalTables, lock: .accessExclusive)], statement)
                }
                lockedTables.formUnion(locked)
            }
            history = reader.history
            // Committed by itself, the add has let go of its lock before the validation.
            if !file.up.isTransactional { history.unvalidated = [] }
        }
        for (statement, hit) in rowSecurityHits(file) { add([hit], statement) }
        if let down = file.down, !file.up.isTransactional {
            for statement in down.statements where statement.hasWord(0, "drop") {
                let cursor = StatementCursor(statement)
                if !cursor.contains("if", "exists") {
                    add([Hit(rule: .concurrentWithoutIfExists, lock: nil)], statement)
                }
            }
        }
        return findings.sorted { $0.line < $1.line }
    }

    /// Enabling and forcing are two statements; only both together bind the owner.
    private func rowSecurityHits(_ file: MigrationFile) -> [(MigrationStatement, Hit)] {
        var enabled: [QualifiedName: MigrationStatement] = [:]
        for statement in file.up.statements {
            var cursor = StatementCursor(statement)
            guard cursor.accept("alter", "table") else { continue }
            _ = cursor.accept("if", "exists")
            _ = cursor.accept("only")
            guard let table = cursor.name() else { continue }
            if cursor.contains("enable", "row", "level", "security") { enabled[table] = statement }
            if cursor.contains("force", "row", "level", "security"), !cursor.contains("no", "force") {
                enabled[table] = nil
            }
        }
        return enabled.values.sorted { $0.line < $1.line }.map { ($0, Hit(rule: .rowSecurityNotForced, lock: nil)) }
    }
}
