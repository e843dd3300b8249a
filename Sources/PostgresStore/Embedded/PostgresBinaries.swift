internal import FoundationEssentials

/// One installation of PostgreSQL's server programs.
package struct PostgresBinaries: Sendable, Hashable {
    /// The folder of `initdb`, `pg_ctl` and `postgres`.
    package let folder: String
    /// The release they belong to, for example 15.
    package let majorVersion: Int

    /// The oldest release that the node is tested with.
    package static let oldestMajorVersion = 15

    func program(_ name: String, as account: ServiceAccount?) -> ServerProgram {
        ServerProgram(folder + "/" + name, as: account)
    }

    /// The installation to use, in this order: `explicit`, the environment's `HOLDFAST_POSTGRES_BIN`, what
    /// `pg_config --bindir` names, the folders of Debian and of PostgreSQL's own packages.
    ///
    /// - Parameter clusterVersion: the release an existing cluster was created with; only that one can run it. Without
    ///   it the first two win as given, and among the rest the newest.
    package static func find(
        explicit: String? = nil, clusterVersion: Int? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(EmbeddedPostgresError) -> PostgresBinaries {
        for (folder, origin) in [
            (explicit, "--postgres-bin"), (environment["HOLDFAST_POSTGRES_BIN"], "HOLDFAST_POSTGRES_BIN"),
        ] {
            guard let folder, !folder.isEmpty else { continue }
            guard let named = await at(folder) else {
                throw EmbeddedPostgresError(
                    .misconfigured,
                    "\(origin) names \"\(folder)\", which has no runnable initdb, pg_ctl and postgres")
            }
            if let clusterVersion, named.majorVersion != clusterVersion { throw mismatch(clusterVersion, [named]) }
            return named
        }

        var found: [PostgresBinaries] = []
        for folder in await candidateFolders(path: environment["PATH"] ?? "") {
            if let installation = await at(folder), !found.contains(installation) { found.append(installation) }
        }
        return try choose(from: found, clusterVersion: clusterVersion)
    }

    /// The rule of choice among installations that were found and not named.
    static func choose(
        from found: [PostgresBinaries], clusterVersion: Int?
    ) throws(EmbeddedPostgresError) -> PostgresBinaries {
        if let clusterVersion {
            guard let match = found.first(where: { $0.majorVersion == clusterVersion }) else {
                throw mismatch(clusterVersion, found)
            }
            return match
        }
        guard let newest = found.max(by: { $0.majorVersion < $1.majorVersion }) else {
            throw EmbeddedPostgresError(
                .misconfigured,
                "cannot find PostgreSQL's server programs: install them (on Debian \"apt-get install postgresql\"), name "
                    + "their folder with --postgres-bin, or use a server of your own with --database")
        }
        guard newest.majorVersion >= oldestMajorVersion else {
            throw EmbeddedPostgresError(
                .misconfigured,
                "the newest PostgreSQL found is \(newest.majorVersion) (\(newest.folder)), but at least "
                    + "\(oldestMajorVersion) is needed")
        }
        return newest
    }

    private static func mismatch(_ clusterVersion: Int, _ found: [PostgresBinaries]) -> EmbeddedPostgresError {
        let versions = found.map { "\($0.majorVersion) (\($0.folder))" }.joined(separator: ", ")
        return EmbeddedPostgresError(
            .misconfigured,
            "the data directory belongs to PostgreSQL \(clusterVersion), but the programs found are of "
                + "\(versions.isEmpty ? "no release" : versions): install PostgreSQL \(clusterVersion) (on Debian "
                + "\"apt-get install postgresql-\(clusterVersion)\"), or move the data with pg_dump into a new directory"
        )
    }

    /// The installation in `folder`; nil when a program is missing or does not tell its version.
    private static func at(_ folder: String) async -> PostgresBinaries? {
        for name in ["initdb", "pg_ctl", "postgres"] where !PrivateFiles.isExecutable(folder + "/" + name) {
            return nil
        }
        guard let outcome = try? await ServerProgram(folder + "/postgres", as: nil).run(["--version"]),
            outcome.succeeded, let version = majorVersion(in: outcome.output)
        else { return nil }
        return PostgresBinaries(folder: folder, majorVersion: version)
    }

    /// The 15 of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    static func majorVersion(in text: String) -> Int? {
        guard let marker = text.firstRange(of: "(PostgreSQL) ") else { return nil }
        return Int(text[marker.upperBound...].prefix(while: \.isNumber))
    }

    private static func candidateFolders(path: String) async -> [String] {
        var folders: [String] = []
        for folder in path.split(separator: ":") where PrivateFiles.isExecutable(folder + "/pg_config") {
            if let outcome = try? await ServerProgram(folder + "/pg_config", as: nil).run(["--bindir"]),
                outcome.succeeded
            {
                folders.append(outcome.output)
            }
            break
        }
        let files = FileManager.default
        for parent in ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/postgresql"] {
            for version in (try? files.contentsOfDirectory(atPath: parent)) ?? [] {
                folders.append("\(parent)/\(version)/bin")
            }
        }
        for version in (try? files.contentsOfDirectory(atPath: "/usr")) ?? [] where version.hasPrefix("pgsql-") {
            folders.append("/usr/\(version)/bin")
        }
        return folders + ["/usr/local/pgsql/bin"]
    }
}
