/// Where the files of this binary and the rows of the ledger disagree.
struct LedgerComparison: Sendable {
    let rows: [MigrationID: MigrationLedgerRow]
    /// Applied, and no longer what was applied.
    private(set) var edited: [MigrationFile] = []
    /// Applied by a release that this binary does not know.
    private(set) var newer: [MigrationLedgerRow] = []
    /// Not begun.
    private(set) var pending: [MigrationFile] = []
    /// Begun and not done: ``MigrationLedgerRow/State/running``, `failed` or `reverting`.
    private(set) var unfinished: [MigrationLedgerRow] = []
    private(set) var problems: [MigrationProblem] = []
    private(set) var warnings: [MigrationProblem] = []

    init(_ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow]) {
        rows = Dictionary(ledger.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for row in ledger.sorted(by: { $0.position < $1.position }) { take(row, catalog) }
        for file in catalog.files where rows[file.id] == nil { take(pending: file, ledger) }
    }

    private mutating func take(_ row: MigrationLedgerRow, _ catalog: MigrationCatalog) {
        if row.state != .applied { unfinished.append(row) }
        guard let newest = catalog.newestVersion(of: row.id.plugin) else {
            warnings.append(
                MigrationProblem(nil, "the database holds \(row.id), of a plugin that this binary does not have"))
            return
        }
        guard let file = catalog[row.id] else {
            newer.append(row)
            problems.append(
                MigrationProblem(
                    nil,
                    row.id.version > newest
                        ? "the database holds \(row.id) \"\(row.name)\", applied by release \(row.nodeVersion); "
                            + "this binary knows \(row.id.plugin) up to \(newest): install release "
                            + "\(row.nodeVersion) or later"
                        : "the database holds \(row.id) \"\(row.name)\", whose file is missing from this binary"))
            return
        }
        if row.state == .reverting {
            problems.append(
                MigrationProblem(
                    file.path, "taking it back was interrupted: finish with \"holdfast migrate repair\""))
        } else if row.checksum.statements != file.checksum.statements {
            take(edited: file, row)
        } else if row.checksum.file != file.checksum.file {
            warnings.append(
                MigrationProblem(
                    file.path, "comments or white space changed since it was applied; its statements did not"))
        }
        if row.name != file.name {
            warnings.append(MigrationProblem(file.path, "was named \"\(row.name)\" when it was applied"))
        }
    }

    /// A migration that never finished may be mended, as long as what it has done stays what it says.
    private mutating func take(edited file: MigrationFile, _ row: MigrationLedgerRow) {
        if row.state == .running || row.state == .failed {
            let done = row.doneStatements
            let kept = file.up.statements.prefix(done.count)
            if done.count == row.statementsDone, kept.count == done.count,
                zip(kept, done).allSatisfy({ $0.means($1) })
            {
                return
            }
        }
        edited.append(file)
        problems.append(
            MigrationProblem(
                file.path,
                "was edited after it was applied (\(row.appliedAt ?? "not finished") by release \(row.nodeVersion)): "
                    + "restore the file and put the change into a new migration, or, if the database is as the file "
                    + "says, record it with \"holdfast migrate repair\""))
    }

    private mutating func take(pending file: MigrationFile, _ ledger: [MigrationLedgerRow]) {
        pending.append(file)
        let applied = ledger.filter { $0.id.plugin == file.id.plugin }.map(\.id.version).max()
        guard let applied, applied > file.id.version else { return }
        problems.append(
            MigrationProblem(
                file.path,
                "came in behind \(file.id.plugin)@\(applied), which is applied already: "
                    + "give it a number above \(applied)"))
    }
}

extension MigrationLedgerRow {
    /// The statements of the stored text that are done, on the way up.
    var doneStatements: [MigrationStatement] {
        let file = try? MigrationFile.read(plugin: id.plugin, fileName: fileName, text: sql)
        return Array(file?.up.statements.prefix(statementsDone) ?? [])
    }

    /// The name under which its file was applied.
    var fileName: String {
        let digits = String(id.version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-\(name).sql"
    }
}
