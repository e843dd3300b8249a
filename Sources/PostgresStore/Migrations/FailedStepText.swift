/// What an administrator reads when a migration failed: what happened, where things stand, and the ways on.
enum FailedStepText {
    static func text(
        _ file: MigrationFile, statement: MigrationStatement, _ failure: MigrationLedgerRow.Failure,
        state: MigrationLedgerRow.State, blockers: [MigrationBlocker]
    ) -> String {
        let code = failure.sqlState.map { " [\($0)]" } ?? ""
        var lines = [
            "\(file.path):\(statement.line): statement \(failure.statement) was refused: \(failure.message)\(code)",
            "    \(statement.summary(length: 100))",
        ]
        lines += blockers.map { "in the way: \($0)" }
        switch state {
        case .reverting:
            lines += [
                "taking \(file.id) back stopped there; what was done before it is recorded",
                "1. mend the cause and run \"holdfast migrate repair\": it goes on with statement \(failure.statement)",
                "2. do the rest by hand and run \"holdfast migrate repair --mark-done\": its row is taken away",
                "3. mend the way down in the file of this binary, then as 1",
            ]
        case .applied:
            lines += [
                "nothing of \(file.id) was taken back",
                "1. mend the cause and run \"holdfast migrate down\" again",
                "2. mend the way down in the file of this binary, then as 1",
                "3. leave it: the schema is as it was before",
            ]
        case .running, .failed:
            let back = "holdfast migrate down --to \(file.id.version - 1) --plugin \(file.id.plugin)"
            lines += [
                file.up.isTransactional
                    ? "\(file.id) was rolled back; nothing of it is in the database"
                    : "\(failure.statement - 1) of \(file.up.statements.count) statements of \(file.id) are done",
                "1. mend the cause and run \"holdfast migrate up\": it goes on with "
                    + (file.up.isTransactional ? "this migration" : "statement \(failure.statement)"),
                "2. do the rest by hand and run \"holdfast migrate repair --mark-done\": it is recorded as applied",
                "3. go back: \"\(back)\"",
            ]
        }
        return lines.joined(separator: "\n")
    }
}
