internal import Glibc

/// Where the files of one embedded cluster lie, and who owns them.
///
///     DIR/lock                the live node's lock
///     DIR/database.password   the superuser's password, 0600
///     DIR/database.url        how psql and further nodes get in, 0600, while the server runs
///     DIR/postgres/           owned by the user who runs PostgreSQL (may be a symbolic link, see `open`)
///         data/               the cluster
///         socket/             the unix socket, where its path is short enough
///         start.log           what PostgreSQL said before its own log was open
struct ClusterHome: Sendable {
    let dataDirectory: String
    /// The folder that PostgreSQL's user owns, without symbolic links.
    let folder: String
    let account: ServiceAccount?

    var data: String { folder + "/data" }
    var startLog: String { folder + "/start.log" }
    var passwordFile: String { dataDirectory + "/database.password" }
    var urlFile: String { dataDirectory + "/database.url" }
    static func urlFile(in dataDirectory: String) -> String { dataDirectory + "/database.url" }

    /// The release in `data/PG_VERSION`; nil when there is no cluster yet.
    var clusterVersion: Int? {
        PrivateFiles.read(data + "/PG_VERSION").flatMap { Int($0.prefix(while: \.isNumber)) }
    }

    /// Makes `path` absolute and creates the data directory if it is missing.
    static func prepareDataDirectory(_ path: String) throws(EmbeddedPostgresError) -> String {
        var absolute = path
        if !path.hasPrefix("/") {
            guard let current = PrivateFiles.resolved(".") else { throw .fromErrno("read", ".") }
            absolute = current + "/" + path
        }
        if !PrivateFiles.isFolder(absolute) {
            try PrivateFiles.makeFolders(absolute, mode: geteuid() == 0 ? 0o711 : 0o700)
        }
        guard let resolved = PrivateFiles.resolved(absolute) else { throw .fromErrno("read", absolute) }
        if PrivateFiles.exists(resolved + "/PG_VERSION") {
            throw EmbeddedPostgresError(
                .misconfigured,
                "cannot use \"\(resolved)\" as data directory: it is itself a PostgreSQL cluster; name a folder of its own "
                    + "for the node, or start that cluster and use --database")
        }
        guard PrivateFiles.isWritableFolder(resolved) else { throw .fromErrno("write into", resolved) }
        return resolved
    }

    /// Opens or creates the cluster's folder. The caller holds the data directory's lock.
    ///
    /// A node that runs as root hands the folder to PostgreSQL's user. That user must be able to walk to it, and under
    /// a private folder such as `/root` it cannot. Opening somebody's home directory, or giving PostgreSQL a capability
    /// that lets it read every file, would both be worse than what is done: the cluster then lives under
    /// `/var/lib/holdfast`, and `DIR/postgres` is a symbolic link to it.
    static func open(dataDirectory: String) async throws(EmbeddedPostgresError) -> ClusterHome {
        let entry = dataDirectory + "/postgres"
        var account = ServiceAccount.forThisProcess()
        if geteuid() == 0 && account == nil {
            throw EmbeddedPostgresError(
                .misconfigured,
                "PostgreSQL refuses to run as root, and this machine has neither a user \"postgres\" nor \"nobody\": start "
                    + "the node as an ordinary user")
        }
        if account != nil, let owner = PrivateFiles.owner(of: entry + "/data"), owner.userID != 0 {
            // An ordinary user created it. The files stay that user's.
            account = ServiceAccount(name: "user \(owner.userID)", userID: owner.userID, groupID: owner.groupID)
        }
        if PrivateFiles.isSymbolicLink(entry), PrivateFiles.resolved(entry) == nil {
            throw EmbeddedPostgresError(
                .misconfigured,
                "cannot find the cluster of \"\(dataDirectory)\": \"\(entry)\" is a symbolic link to a folder that is gone"
            )
        }
        if !PrivateFiles.exists(entry) {
            try PrivateFiles.makeFolder(entry, mode: 0o700, owner: account)
            if let account, await !canEnter(entry, account) {
                // The data directory itself is ours to open for passing through; its parents are not.
                PrivateFiles.changeMode(of: dataDirectory, to: 0o711)
                if await !canEnter(entry, account) { try await relocate(entry, account) }
            }
        }
        guard let folder = PrivateFiles.resolved(entry) else { throw .fromErrno("read", entry) }
        let home = ClusterHome(dataDirectory: dataDirectory, folder: folder, account: account)
        if let account, await !canEnter(folder, account) {
            throw EmbeddedPostgresError(
                .notPermitted,
                "\"\(account.name)\", who runs PostgreSQL, cannot enter \"\(folder)\": move the data directory to where that "
                    + "user may go, or start the node as an ordinary user")
        }
        try home.refuseForeignData()
        return home
    }

    private func refuseForeignData() throws(EmbeddedPostgresError) {
        guard PrivateFiles.exists(data), clusterVersion == nil else { return }
        throw EmbeddedPostgresError(
            .misconfigured,
            "\"\(data)\" is not a PostgreSQL cluster (it has no readable PG_VERSION): move it away, or choose another "
                + "--data-dir")
    }

    /// Asked of the system itself, as the user in question: modes, access lists and mounts all have a say.
    private static func canEnter(_ folder: String, _ account: ServiceAccount) async -> Bool {
        let outcome = try? await ServerProgram("/usr/bin/test", as: account).run(["-x", folder])
        return outcome?.succeeded ?? false
    }

    private static func relocate(_ entry: String, _ account: ServiceAccount) async throws(EmbeddedPostgresError) {
        let shelf = "/var/lib/holdfast"
        try PrivateFiles.makeFolders(shelf, mode: 0o711)
        // Named at random: the name must not lead a new data directory to the cluster of a deleted one.
        let folder = shelf + "/" + Secret.random(characters: 12)
        try PrivateFiles.makeFolder(folder, mode: 0o700, owner: account)
        PrivateFiles.removeTree(entry)
        try PrivateFiles.link(entry, to: folder)
    }

    /// Where the unix socket goes. A socket's path holds 107 bytes (`sun_path` in unix(7)), so deep data directories
    /// get a short private folder under /tmp instead, the same one each time for as long as it lasts.
    func socketFolder() throws(EmbeddedPostgresError) -> String {
        let beside = folder + "/socket"
        if (beside + "/.s.PGSQL.5432").utf8.count <= 100 {
            try PrivateFiles.makeFolder(beside, mode: 0o700, owner: account)
            return beside
        }
        let note = folder + "/socket.folder"
        if let earlier = PrivateFiles.read(note), PrivateFiles.isFolder(earlier), !PrivateFiles.isSymbolicLink(earlier),
            PrivateFiles.owner(of: earlier)?.userID == account?.userID ?? geteuid()
        {
            return earlier
        }
        var template = Array("/tmp/holdfast-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let path = unsafe mkdtemp(buffer.baseAddress!) else { return nil }
            return unsafe String(cString: path)
        }
        guard let made else { throw .fromErrno("create a folder in", "/tmp") }
        if let account { try PrivateFiles.makeFolder(made, mode: 0o700, owner: account) }
        try PrivateFiles.write(made, to: note, owner: account)
        return made
    }
}

/// Text that nobody can guess.
enum Secret {
    /// Lower-case letters and digits from the system's random number generator: 5 bits a character.
    static func random(characters: Int) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<characters).map { _ in alphabet.randomElement(using: &generator)! })
    }
}
