internal import Glibc
internal import Logging

/// Starts, finds and stops the server process of one cluster.
///
/// The process is started by `pg_ctl`, which detaches it, and is known by its `postmaster.pid`. A server that this node
/// started and one that an earlier, killed node left behind are then the same thing, and there is one way to watch and
/// to stop them. The alternative, keeping it as a child, needs both ways.
struct Postmaster: Sendable {
    let home: ClusterHome
    let binaries: PostgresBinaries

    private var file: String { home.data + "/postmaster.pid" }

    /// Whether `processID` is the server of the cluster in `folder`, and not some later process with the same number: a
    /// server's current directory is its cluster.
    static func isAlive(_ processID: Int32, in folder: String) -> Bool {
        guard let status = PrivateFiles.read("/proc/\(processID)/stat"), let name = status.lastIndex(of: ")") else {
            return false
        }
        // Dead, but nobody has collected its exit status: in a container the first process often does not.
        if status[name...].dropFirst(2).first == "Z" { return false }
        return PrivateFiles.resolved("/proc/\(processID)/cwd") == PrivateFiles.resolved(folder) ?? folder
    }

    /// The server that runs now; nil if there is none. A server on its way up or down is waited for.
    func settled() async -> PostmasterFile? {
        let deadline = ContinuousClock.now + .seconds(60)
        var pause = Duration.milliseconds(20)
        while ContinuousClock.now < deadline {
            guard let current = PrivateFiles.read(file).flatMap(PostmasterFile.init),
                Self.isAlive(current.processID, in: home.data)
            else { return nil }
            // A standby takes no writes, which whoever connects is told; for waiting any longer there is no reason.
            if ["ready", "standby"].contains(current.status) { return current }
            do { try await Task.sleep(for: pause) } catch { return nil }
            pause = min(pause * 2, .milliseconds(500))
        }
        return nil
    }

    /// Starts the server and waits until it accepts connections. After a crash that may take as long as replaying its
    /// log takes, and the remains of the old server may have to vanish first.
    func start(socketFolder: String) async throws(EmbeddedPostgresError) -> PostmasterFile {
        try PrivateFiles.write(
            settings(socketFolder: socketFolder), to: home.data + "/holdfast.conf", owner: home.account)
        let deadline = ContinuousClock.now + .seconds(60)
        var pause = Duration.milliseconds(100)
        while true {
            disarmStaleNumbers(socketFolder: socketFolder)
            PrivateFiles.remove(home.startLog)
            let outcome = try await binaries.program("pg_ctl", as: home.account).run([
                "start", "--pgdata", home.data, "--log", home.startLog, "--wait", "--timeout", "600", "--silent",
            ])
            if outcome.succeeded, let running = await settled() { return running }
            let words = ServerProgram.Outcome(
                succeeded: false,
                output: (PrivateFiles.read(home.startLog) ?? outcome.output) + "\n" + wordsOfLastStart())
            guard ContinuousClock.now < deadline, Self.mayVanish(words.output) else {
                throw EmbeddedPostgresError(
                    .unavailable, "could not start PostgreSQL on \"\(home.data)\": \(words.telling)")
            }
            do { try await Task.sleep(for: pause) } catch {
                throw EmbeddedPostgresError(.unavailable, "the start of PostgreSQL was cancelled")
            }
            pause = min(pause * 2, .seconds(2))
        }
    }

    /// Whether a refusal to start goes away by itself: the processes of a killed server still hold its shared memory
    /// for a moment.
    static func mayVanish(_ log: String) -> Bool {
        log.contains("pre-existing shared memory block")
    }

    /// What the server has put into its own log since it last started.
    private func wordsOfLastStart() -> String {
        let folder = home.data + "/log"
        let newest = PrivateFiles.names(in: folder).max { PrivateFiles.changed($0) < PrivateFiles.changed($1) }
        guard let text = newest.flatMap(PrivateFiles.read) else { return "" }
        let lines = text.split(separator: "\n")
        let start = lines.lastIndex { $0.contains("starting PostgreSQL") } ?? lines.startIndex
        return lines[start...].joined(separator: "\n")
    }

    func stop(logger: Logger) async {
        for (mode, seconds) in [("fast", "20"), ("immediate", "10")] {
            let outcome = try? await binaries.program("pg_ctl", as: home.account).run([
                "stop", "--pgdata", home.data, "--mode", mode, "--wait", "--timeout", seconds, "--silent",
            ])
            if outcome?.succeeded == true || !isRunning { return }
            logger.warning(
                "PostgreSQL did not stop", metadata: ["mode": "\(mode)", "reason": "\(outcome?.lastLine ?? "")"])
        }
    }

    private var isRunning: Bool {
        guard let current = PrivateFiles.read(file).flatMap(PostmasterFile.init) else { return false }
        return Self.isAlive(current.processID, in: home.data)
    }

    /// After a crash of the machine or a container's restart, the process number in a stale `postmaster.pid` may belong
    /// to another program of the same user, and PostgreSQL would refuse to start for ever. The number is replaced by one
    /// that no process can have. The file itself stays: its other lines let PostgreSQL find out whether processes of the
    /// old server are still at work.
    ///
    /// A killed server that nobody has collected the exit status of has the same effect, for as long as that takes.
    private func disarmStaleNumbers(socketFolder: String) {
        for file in [self.file, socketFolder + "/.s.PGSQL.5432.lock"] {
            guard let text = PrivateFiles.read(file), let stale = PostmasterFile(text),
                !Self.isAlive(stale.processID, in: home.data), kill(stale.processID, 0) == 0,
                let end = text.firstIndex(of: "\n")
            else { continue }
            try? PrivateFiles.write("\(Int32.max)" + text[end...], to: file, owner: home.account)
        }
    }

    /// What differs from PostgreSQL's own defaults. Nothing here touches durability.
    private func settings(socketFolder: String) -> String {
        """
        # Written at each start. Your own settings: ALTER SYSTEM, which wins.
        listen_addresses = ''
        port = 5432
        unix_socket_directories = '\(socketFolder.replacing("'", with: "''"))'
        unix_socket_permissions = 0700
        password_encryption = 'scram-sha-256'
        cluster_name = 'holdfast'
        timezone = 'UTC'
        max_connections = 200
        shared_buffers = '256MB'
        max_wal_size = '2GB'
        wal_compression = on
        # One file a weekday, overwritten a week later: the log cannot fill the disk.
        logging_collector = on
        log_directory = 'log'
        log_filename = 'postgresql-%a.log'
        log_rotation_age = '1d'
        log_rotation_size = 0
        log_truncate_on_rotation = on
        log_timezone = 'UTC'
        # Rows and parameters are customers' data and stay out of the log.
        log_error_verbosity = 'terse'
        log_min_error_statement = 'panic'

        """
    }
}
