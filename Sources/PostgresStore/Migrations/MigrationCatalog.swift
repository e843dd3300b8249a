/// All migrations of this binary, read, checked and in the order in which an empty database takes them.
struct MigrationCatalog: Sendable {
    /// The engine's first, then each plugin's after those that it requires.
    let files: [MigrationFile]
    private let byID: [MigrationID: MigrationFile]
    private let requirements: [MigrationID: Set<MigrationID>]

    /// Reads every file of `sources`; throws all problems of all files.
    init(_ sources: [MigrationSource]) throws(MigrationProblems) {
        var problems: [MigrationProblem] = []
        var files: [MigrationFile] = []
        for source in Self.engineFirst(sources) {
            if !MigrationSource.isPluginName(source.plugin) {
                problems.append(MigrationProblem(nil, "\"\(source.plugin)\" is no plugin name: a-z, 0-9 and hyphens"))
            }
            for file in source.files.sorted(by: { $0.name < $1.name }) {
                do {
                    files.append(
                        try MigrationFile.read(plugin: source.plugin, fileName: file.name, text: file.text))
                } catch {
                    problems.append(contentsOf: error.problems)
                }
            }
        }
        problems.append(contentsOf: Self.doubles(files))
        guard problems.isEmpty else { throw MigrationProblems(problems: problems) }
        requirements = try Self.requirements(files, sources: sources)
        self.files = try Self.ordered(files, requirements)
        byID = Dictionary(uniqueKeysWithValues: files.map { ($0.id, $0) })
    }

    subscript(id: MigrationID) -> MigrationFile? { byID[id] }

    /// What must be applied directly before `id`.
    func requirements(of id: MigrationID) -> Set<MigrationID> { requirements[id, default: []] }

    func files(of plugin: String) -> [MigrationFile] { files.filter { $0.id.plugin == plugin } }

    /// The highest version of `plugin`; nil when this binary has no migration of it.
    func newestVersion(of plugin: String) -> Int? { files(of: plugin).map(\.id.version).max() }

    /// Every schema that some file creates, and the ledger's own: what this binary answers for.
    var schemas: Set<String> {
        var schemas: Set<String> = [LedgerTable.schema]
        for statement in files.flatMap(\.up.statements) {
            var cursor = StatementCursor(statement)
            guard cursor.accept("create", "schema") else { continue }
            _ = cursor.accept("if", "not", "exists")
            if let name = cursor.name(), name.name != "authorization" { schemas.insert(name.name) }
        }
        return schemas
    }

    private static func engineFirst(_ sources: [MigrationSource]) -> [MigrationSource] {
        sources.filter { $0.plugin == MigrationID.engine } + sources.filter { $0.plugin != MigrationID.engine }
    }

    private static func doubles(_ files: [MigrationFile]) -> [MigrationProblem] {
        Dictionary(grouping: files, by: \.id).values.filter { $0.count > 1 }.flatMap { same in
            same.dropFirst().map { MigrationProblem($0.path, "has the number of \(same[0].path)") }
        }
        .sorted { $0.description < $1.description }
    }

    /// Places, again and again, the first file whose requirements are all placed.
    private static func ordered(
        _ files: [MigrationFile], _ requirements: [MigrationID: Set<MigrationID>]
    ) throws(MigrationProblems) -> [MigrationFile] {
        var waiting = files
        var placed: Set<MigrationID> = []
        var ordered: [MigrationFile] = []
        while !waiting.isEmpty {
            guard
                let next = waiting.firstIndex(where: { requirements[$0.id, default: []].isSubset(of: placed) })
            else {
                let names = waiting.map(\.path).joined(separator: ", ")
                throw MigrationProblems(waiting[0].path, "these migrations require one another in a circle: \(names)")
            }
            placed.insert(waiting[next].id)
            ordered.append(waiting.remove(at: next))
        }
        return ordered
    }

    /// What must be placed before each file.
    private static func requirements(
        _ files: [MigrationFile], sources: [MigrationSource]
    ) throws(MigrationProblems) -> [MigrationID: Set<MigrationID>] {
        var problems: [MigrationProblem] = []
        var requirements: [MigrationID: Set<MigrationID>] = [:]
        let versions = Dictionary(grouping: files.map(\.id), by: \.plugin).mapValues { $0.map(\.version).sorted() }
        let engineNewest = versions[MigrationID.engine]?.last.map {
            MigrationID(plugin: MigrationID.engine, version: $0)
        }

        func resolve(_ requirement: MigrationRequirement, for file: String) -> MigrationID? {
            guard let known = versions[requirement.plugin], let newest = known.last else {
                // A plugin without migrations has nothing to wait for.
                if !sources.contains(where: { $0.plugin == requirement.plugin }) {
                    problems.append(MigrationProblem(file, "requires \(requirement), a plugin that is not here"))
                }
                return nil
            }
            let version = requirement.version ?? newest
            guard known.contains(version) else {
                problems.append(MigrationProblem(file, "requires \(requirement), which has versions up to \(newest)"))
                return nil
            }
            return MigrationID(plugin: requirement.plugin, version: version)
        }

        for (plugin, sorted) in versions {
            for (index, version) in sorted.enumerated() {
                let id = MigrationID(plugin: plugin, version: version)
                if index > 0 {
                    requirements[id, default: []].insert(MigrationID(plugin: plugin, version: sorted[index - 1]))
                } else if plugin != MigrationID.engine, let engineNewest {
                    requirements[id, default: []].insert(engineNewest)
                }
            }
        }
        for source in sources {
            guard let first = versions[source.plugin]?.first else { continue }
            let id = MigrationID(plugin: source.plugin, version: first)
            for text in source.requires where text != source.plugin {
                guard let requirement = MigrationRequirement(text) else {
                    problems.append(MigrationProblem(source.plugin, "requires \"\(text)\", which names no plugin"))
                    continue
                }
                if let required = resolve(requirement, for: source.plugin) {
                    requirements[id, default: []].insert(required)
                }
            }
        }
        for file in files {
            for requirement in file.requires {
                if let required = resolve(requirement, for: file.path) {
                    requirements[file.id, default: []].insert(required)
                }
            }
        }
        guard problems.isEmpty else { throw MigrationProblems(problems: problems) }
        return requirements
    }
}
