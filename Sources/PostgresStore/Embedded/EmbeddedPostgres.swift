package import Logging

/// A private PostgreSQL that one node creates, starts, watches and stops.
///
/// For one machine and for tests. It listens on a unix socket only and keeps PostgreSQL's default durability. The
/// server outlives a node that is killed, because other nodes may be using it; the next node that is started on the data
/// directory takes it over.
package actor EmbeddedPostgres {
    /// How to reach the database `holdfast` as its owner. Carries the password.
    package nonisolated let url: String
    package nonisolated let binaries: PostgresBinaries
    /// The data directory, absolute and without symbolic links.
    package nonisolated let dataDirectory: String
    /// Where the cluster's files lie: inside the data directory unless PostgreSQL's user could not get there.
    package nonisolated let clusterFolder: String

    private let home: ClusterHome
    private let socketFolder: String
    /// Gone once the server is stopped.
    private var lock: DirectoryLock?
    private let logger: Logger
    private var processID: Int32

    private init(
        home: ClusterHome, binaries: PostgresBinaries, socketFolder: String, password: String, lock: DirectoryLock,
        processID: Int32, logger: Logger
    ) {
        self.home = home
        self.binaries = binaries
        self.socketFolder = socketFolder
        self.lock = lock
        self.processID = processID
        self.logger = logger
        self.dataDirectory = home.dataDirectory
        self.clusterFolder = home.data
        self.url = Self.url(socketFolder: socketFolder, password: password)
    }

    /// Starts the cluster of `dataDirectory`, creating both if they are missing, or takes over the one that runs there.
    /// Returns once it accepts connections.
    ///
    /// - Parameters:
    ///   - dataDirectory: absolute or relative to the current directory.
    ///   - binaries: a folder with PostgreSQL's programs; nil looks for them (``PostgresBinaries/find``).
    package static func start(
        dataDirectory: String, binaries: String? = nil, logger: Logger
    ) async throws(EmbeddedPostgresError) -> EmbeddedPostgres {
        let directory = try ClusterHome.prepareDataDirectory(dataDirectory)
        let lock = try await DirectoryLock.take(path: directory + "/lock")
        let home = try await ClusterHome.open(dataDirectory: directory)
        let version = home.clusterVersion
        let found = try await PostgresBinaries.find(explicit: binaries, clusterVersion: version)
        if home.folder != directory + "/postgres" {
            logger.notice(
                "the cluster lies outside the data directory, because PostgreSQL's user cannot enter it",
                metadata: ["user": "\(home.account?.name ?? "")", "folder": "\(home.folder)"])
        }
        if version == nil {
            logger.notice("creating a PostgreSQL cluster", metadata: ["folder": "\(home.data)"])
            try await ClusterCreation(home: home, binaries: found).run()
        }
        guard let password = PrivateFiles.read(home.passwordFile), !password.isEmpty else {
            throw EmbeddedPostgresError(
                .misconfigured,
                "cannot read \"\(home.passwordFile)\", the password of the cluster beside it: put the file back from a backup"
            )
        }
        let postmaster = Postmaster(home: home, binaries: found)
        let running: PostmasterFile
        if let orphan = await postmaster.settled() {
            logger.notice("took over a running PostgreSQL", metadata: ["process": "\(orphan.processID)"])
            running = orphan
        } else {
            running = try await postmaster.start(socketFolder: try home.socketFolder())
            logger.info("started PostgreSQL", metadata: ["process": "\(running.processID)"])
        }
        let server = EmbeddedPostgres(
            home: home, binaries: found, socketFolder: running.socketDirectory, password: password, lock: lock,
            processID: running.processID, logger: logger)
        try PrivateFiles.write(server.url + "\n", to: home.urlFile)
        return server
    }

    /// The URL of the server that a live node runs on `dataDirectory`; nil when no node does.
    package static func urlOfRunningNode(dataDirectory: String) throws(EmbeddedPostgresError) -> String? {
        guard let directory = PrivateFiles.resolved(dataDirectory) else { return nil }
        do throws(EmbeddedPostgresError) {
            _ = try DirectoryLock(path: directory + "/lock")
            return nil
        } catch {
            guard error.kind == .inUse, let url = PrivateFiles.read(ClusterHome.urlFile(in: directory)) else {
                throw error
            }
            return String(url.prefix { !$0.isNewline })
        }
    }

    /// Returns when the server process is gone, whatever ended it, or when the calling task is cancelled.
    ///
    /// The process need not be this node's child (it may have been taken over), so it is looked at instead of waited
    /// for: one look at /proc every fifth of a second.
    package func exited() async {
        let processID = self.processID
        while Postmaster.isAlive(processID, in: home.data) {
            do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
        }
    }

    /// Starts the server again after it ``exited``; the URL stays the same.
    package func restart() async throws(EmbeddedPostgresError) {
        let postmaster = Postmaster(home: home, binaries: binaries)
        let running: PostmasterFile
        if let other = await postmaster.settled(), other.socketDirectory == socketFolder {
            running = other
        } else {
            running = try await postmaster.start(socketFolder: socketFolder)
        }
        processID = running.processID
        logger.notice("started PostgreSQL again", metadata: ["process": "\(running.processID)"])
    }

    /// Stops the server: sessions are ended and everything is written out; if that does not happen within 20 s, the
    /// server is stopped at once and will recover at its next start. The data directory is then free for another node.
    package func stop() async {
        PrivateFiles.remove(home.urlFile)
        await Postmaster(home: home, binaries: binaries).stop(logger: logger)
        lock = nil
    }

    static func url(socketFolder: String, password: String) -> String {
        var host = ""
        for byte in socketFolder.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                host.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                host += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return "postgresql://\(ClusterCreation.superuser):\(password)@/\(ClusterCreation.database)?host=\(host)"
    }
}

extension EmbeddedPostgres {
    /// Writes a text that only this user may read, in one step.
    package static func writeSecret(_ text: String, to path: String) throws(EmbeddedPostgresError) {
        try PrivateFiles.write(text, to: path)
    }
}
