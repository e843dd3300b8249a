/// What `down` has to take back: a pure function of the files and the ledger.
enum MigrationDownPlan {
    struct Step: Sendable {
        let file: MigrationFile
        let row: MigrationLedgerRow
    }

    /// The migrations above `version`, newest first; without a plugin, those of all (and then `version` must be 0, or
    /// the engine must be the only one).
    static func steps(
        _ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow], to version: Int, plugin: String?
    ) throws -> [Step] {
        let plugins = Set(ledger.map(\.id.plugin))
        guard version >= 0 else { throw MigrationError(.usage, "\"--to\" counts from 0, which is nothing at all") }
        if plugin == nil, version > 0, plugins.count > 1 {
            throw MigrationError(
                .usage,
                "\"--to \(version)\" of which? say \"--plugin\" with one of \(plugins.sorted().joined(separator: ", "))"
            )
        }
        if let plugin, !plugins.contains(plugin) {
            guard catalog.newestVersion(of: plugin) != nil else {
                throw MigrationError(.usage, "neither the database nor this binary has migrations of \"\(plugin)\"")
            }
            return []
        }

        let going = ledger.filter { row in
            (plugin == nil || row.id.plugin == plugin) && row.id.version > version
        }
        .sorted { $0.position > $1.position }
        let staying = ledger.filter { row in !going.contains { $0.id == row.id } }
        var problems = requirements(of: staying, on: Set(going.map(\.id)), catalog)
        var steps: [Step] = []
        for row in going {
            let file =
                try catalog[row.id] ?? MigrationFile.read(plugin: row.id.plugin, fileName: row.fileName, text: row.sql)
            if file.down == nil {
                problems.append(MigrationProblem(file.path, "has no \"-- holdfast: down\": it cannot be taken back"))
            }
            steps.append(Step(file: file, row: row))
        }
        guard problems.isEmpty else {
            throw MigrationError(.refused, MigrationProblems(problems: problems).description)
        }
        return steps
    }

    private static func requirements(
        of staying: [MigrationLedgerRow], on going: Set<MigrationID>, _ catalog: MigrationCatalog
    ) -> [MigrationProblem] {
        staying.compactMap { row in
            guard let file = catalog[row.id] else { return nil }
            guard let needed = catalog.requirements(of: row.id).intersection(going).min() else { return nil }
            return MigrationProblem(
                file.path, "is applied and requires \(needed): take \"\(row.id.plugin)\" back first")
        }
    }
}
