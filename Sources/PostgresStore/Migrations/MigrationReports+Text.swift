extension MigrationPlanReport {
    package func render() -> String {
        guard !steps.isEmpty else {
            return (warnings.map { "warning: \($0)" } + ["\(database): nothing to apply"]).joined(separator: "\n")
        }
        var lines = warnings.map { "warning: \($0)" }
        lines.append("\(database): \(steps.count) \(steps.count == 1 ? "migration" : "migrations") to apply")
        for step in steps {
            var notes = [step.phase.rawValue]
            if step.cause != "pending" { notes.append("\(step.cause) before") }
            if !step.isTransactional { notes.append("without a transaction") }
            lines += ["", "-- \(step.file) (\(notes.joined(separator: ", ")))"]
            for statement in step.statements {
                lines.append(statement.sql + ";")
                lines += statement.effects.map { "--   \($0.text)" }
                lines += findings.filter { $0.file == step.file && $0.line == statement.line }.map {
                    "--   \($0.severity.rawValue): \($0.message) (\($0.rule))"
                }
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension MigrationPlanReport.Effect {
    fileprivate var text: String {
        let size = rows.map { ", about \($0) rows" } ?? ""
        let work =
            switch self.work {
            case .catalog: "changes the catalog only"
            case .scan: "reads every row"
            case .rewrite: "writes every row again"
            }
        return "\(table): \(lock) keeps out \(blocks), \(work)\(size)"
    }
}

extension MigrationStatusReport {
    package func render() -> String {
        let width = migrations.map { "\($0.migration) \($0.name)".count }.max() ?? 0
        var lines = migrations.map { entry in
            let title = "\(entry.migration) \(entry.name)"
            let gap = String(repeating: " ", count: width - title.count + 2)
            return title + gap + entry.text
        }
        lines += warnings.map { "warning: \($0)" }
        lines += problems.map { "problem: \($0)" }
        lines += drift.map { "drift: \($0)" }
        if let migrator { lines.append("a migration is under way: \(migrator)") }
        lines.append("\(database): \(verdict)")
        return lines.joined(separator: "\n")
    }
}

extension MigrationStatusReport.Entry {
    fileprivate var text: String {
        if let failure {
            let code = failure.sqlState.map { " [\($0)]" } ?? ""
            return "\(state) at statement \(failure.statement): \(failure.message)\(code)"
        }
        switch state {
        case "applied":
            let time = durationMilliseconds.map { " in \($0) ms" } ?? ""
            return "applied \(appliedAt ?? "")\(time) by \(appliedBy ?? ""), release \(release ?? "")"
        case "running", "reverting":
            return "\(state), \(statementsDone) statements done"
        default:
            return phase == .expand ? state : "\(state) (\(phase.rawValue))"
        }
    }
}

extension MigrationVerifyReport {
    package func render() -> String {
        var lines = warnings.map { "warning: \($0)" }
        lines += problems.map { "problem: \($0)" }
        lines += drift.map { "drift: \($0)" }
        let compared =
            switch basis {
            case .scratch: "compared \(objects) objects with what the migrations build"
            case .recorded: "compared \(objects) objects with what the last migration left"
            case .none: "could not compare the schema: the role may not create a database, and nothing is recorded"
            }
        let result = exitCode == 0 ? "no difference" : "\(problems.count + drift.count) differences"
        lines.append("\(database): \(compared): \(result)")
        return lines.joined(separator: "\n")
    }
}

extension MigrationUpReport {
    package func render() -> String {
        var lines = warnings.map { "warning: \($0)" }
        lines += applied.map { "applied \($0.migration) \($0.name) in \($0.milliseconds) ms" }
        if let held {
            lines.append("held back \(held.migration): \(held.reason); run \"holdfast migrate up\" again afterwards")
        }
        lines.append(
            applied.isEmpty && held == nil
                ? "\(database): nothing to apply" : "\(database): \(applied.count) applied")
        return lines.joined(separator: "\n")
    }
}

extension MigrationDownReport {
    package func render() -> String {
        var lines = reverted.map { "took back \($0)" }
        lines.append(
            isEmpty ? "\(database): nothing of holdfast is left" : "\(database): \(reverted.count) taken back")
        return lines.joined(separator: "\n")
    }
}

extension MigrationRepairReport {
    package func render() -> String {
        var lines = accepted.map { "recorded the file of \($0)" }
        lines += finished.map { "finished \($0)" }
        lines += reverted.map { "finished taking back \($0)" }
        lines += markedDone.map { "recorded \($0) as done" }
        lines.append(lines.isEmpty ? "\(database): nothing to repair" : "\(database): repaired")
        return lines.joined(separator: "\n")
    }
}
