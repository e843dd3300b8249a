/// One migration file, read and found to be in order.
///
///     -- What it does, for whoever reads the plan.
///     -- holdfast: phase expand
///     -- holdfast: requires hp-university@2
///     create table …;
///     -- holdfast: down
///     drop table …;
struct MigrationFile: Sendable {
    let id: MigrationID
    /// What stands between the number and `.sql`.
    let name: String
    /// How messages call the file, for example `hp-university/0002-add-track.sql`.
    let path: String
    let text: String
    let up: MigrationSection
    /// Nil when the file has no `-- holdfast: down`: the migration cannot be taken back.
    let down: MigrationSection?
    let phase: MigrationPhase
    let requires: [MigrationRequirement]
    /// Rules of ``MigrationLint`` that the author has looked at and accepted for this file.
    let allowedRules: Set<String>
    let checksum: MigrationChecksum
}

/// The statements of one direction of a migration.
struct MigrationSection: Sendable {
    let statements: [MigrationStatement]
    /// False when some statement cannot run inside a transaction: then each is committed by itself, with its progress.
    let isTransactional: Bool
}

extension MigrationFile {
    /// Reads the file `fileName` of `plugin`. Every problem is reported, not only the first.
    static func read(plugin: String, fileName: String, text: String) throws(MigrationProblems) -> MigrationFile {
        let path = "\(plugin)/\(fileName)"
        guard let (version, name) = numberAndName(of: fileName) else {
            throw MigrationProblems(
                path, "a migration's file is named like 0001-create-runs.sql: four digits, a hyphen, a name")
        }
        do {
            return try read(id: MigrationID(plugin: plugin, version: version), name: name, path: path, text: text)
        } catch let problem as SQLTextProblem {
            throw MigrationProblems(path, problem.message, line: problem.line)
        } catch let problems as MigrationProblems {
            throw problems
        } catch {
            preconditionFailure("reading a migration threw \(error)")
        }
    }

    private static func read(id: MigrationID, name: String, path: String, text: String) throws -> MigrationFile {
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        let header = try MigrationHeader.read(text, path: path)
        let up = MigrationSection(
            statements: try SQLScript.statements(of: header.upText), isTransactional: !header.upAlone)
        var down: MigrationSection?
        if let downText = header.downText {
            // Empty lines in front keep the line numbers those of the file.
            let offset = String(repeating: "\n", count: header.downLine - 1)
            down = MigrationSection(
                statements: try SQLScript.statements(of: offset + downText), isTransactional: !header.downAlone)
        }

        var problems = up.problems(path: path)
        if let down { problems.append(contentsOf: down.problems(path: path)) }
        if up.statements.isEmpty { problems.append(MigrationProblem(path, "holds no statement")) }
        guard problems.isEmpty else { throw MigrationProblems(problems: problems) }

        return MigrationFile(
            id: id, name: name, path: path, text: text, up: up, down: down, phase: header.phase,
            requires: header.requires, allowedRules: header.allowedRules,
            checksum: MigrationChecksum(of: up.statements, file: text))
    }

    /// `0002-add-track.sql` is version 2, named `add-track`.
    static func numberAndName(of fileName: String) -> (version: Int, name: String)? {
        guard fileName.hasSuffix(".sql") else { return nil }
        let stem = fileName.dropLast(4)
        let digits = stem.prefix(4)
        let rest = stem.dropFirst(4)
        guard digits.utf8.count == 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let version = Int(digits),
            version > 0, rest.first == "-" || rest.first == "_", rest.count > 1
        else { return nil }
        return (version, String(rest.dropFirst()))
    }
}

extension MigrationSection {
    /// What PostgreSQL would refuse half-way, told before anything is done.
    fileprivate func problems(path: String) -> [MigrationProblem] {
        statements.compactMap { statement in
            let first = statement.tokens.first?.text ?? ""
            if Self.transactionWords.contains(first) || (first == "set" && statement.hasWord(1, "transaction")) {
                return MigrationProblem(
                    path, "\"\(first)\": a migration does not open or end transactions itself", line: statement.line)
            }
            if first == "copy", statement.tokens.contains(where: { $0.text == "stdin" || $0.text == "stdout" }) {
                return MigrationProblem(path, "\"copy\" from or to the client cannot run here", line: statement.line)
            }
            switch LoneStatement(statement) {
            case nil:
                return nil
            case .unrepeatable(let what)?:
                return MigrationProblem(
                    path, "\"\(what)\" cannot be taken up again after a crash, so a migration may not hold it",
                    line: statement.line)
            case let lone?:
                guard isTransactional else { return nil }
                return MigrationProblem(
                    path, "\"\(lone.words)\" cannot run in a transaction: add the line \"-- holdfast: no-transaction\"",
                    line: statement.line)
            }
        }
    }

    private static let transactionWords: Set<String> = [
        "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release",
    ]
}

extension MigrationStatement {
    /// Whether the token at `index` is the key word `word`.
    func hasWord(_ index: Int, _ word: String) -> Bool {
        index < tokens.count && tokens[index].kind == .word && tokens[index].text == word
    }
}
