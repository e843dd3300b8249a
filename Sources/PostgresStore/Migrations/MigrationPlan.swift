/// What `up` has to do: a pure function of the files of this binary and the rows of the ledger.
struct MigrationPlan: Sendable {
    struct Step: Sendable {
        enum Cause: String, Sendable, Codable {
            /// Never begun.
            case pending
            /// A migrator died while it ran statement by statement.
            case interrupted
            /// A statement was refused last time.
            case failed
        }

        let file: MigrationFile
        let cause: Cause
        /// How many statements are done already; only ever above 0 for a migration without a transaction.
        let statementsDone: Int
    }

    /// In the order in which they are to be applied.
    let steps: [Step]
    /// What the reader should know, and what keeps nothing from being applied.
    let warnings: [MigrationProblem]

    /// Compares `catalog` with `ledger`.
    ///
    /// - Throws: ``MigrationProblems`` naming each file that keeps the plan from being made.
    static func up(
        _ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow], to target: MigrationTarget = .newest
    ) throws(MigrationProblems) -> MigrationPlan {
        let comparison = LedgerComparison(catalog, ledger)
        guard comparison.problems.isEmpty else { throw MigrationProblems(problems: comparison.problems) }
        var steps: [Step] = []
        for file in catalog.files {
            guard let row = comparison.rows[file.id] else {
                steps.append(Step(file: file, cause: .pending, statementsDone: 0))
                continue
            }
            switch row.state {
            case .applied, .reverting: break
            case .running: steps.append(Step(file: file, cause: .interrupted, statementsDone: row.statementsDone))
            case .failed: steps.append(Step(file: file, cause: .failed, statementsDone: row.statementsDone))
            }
        }
        return MigrationPlan(steps: try target.cut(steps, catalog), warnings: comparison.warnings)
    }
}

/// How far `up` goes.
package enum MigrationTarget: Hashable, Sendable {
    /// Everything that this binary has.
    case newest
    /// One plugin up to a version (nil: its newest), and whatever stands before that in the common order because it is
    /// required.
    case plugin(String, version: Int?)

    fileprivate func cut(
        _ steps: [MigrationPlan.Step], _ catalog: MigrationCatalog
    ) throws(MigrationProblems) -> [MigrationPlan.Step] {
        guard case .plugin(let plugin, let version) = self else { return steps }
        guard let newest = catalog.newestVersion(of: plugin) else {
            throw MigrationProblems(nil, "this binary has no migrations of \"\(plugin)\"")
        }
        let last = version ?? newest
        guard catalog[MigrationID(plugin: plugin, version: last)] != nil else {
            throw MigrationProblems(nil, "\"\(plugin)\" has no migration \(last); its newest is \(newest)")
        }
        var wanted: Set<MigrationID> = []
        var open = [MigrationID(plugin: plugin, version: last)]
        while let id = open.popLast() {
            if wanted.insert(id).inserted { open.append(contentsOf: catalog.requirements(of: id)) }
        }
        return steps.filter { wanted.contains($0.file.id) }
    }
}
