import Foundation
import Glibc
import Logging
import Postgres
import Testing
import WorkflowKit

@testable import PostgresStore

/// Each test starts servers of its own; one after the other, because two cores start one as fast as two.
@Suite(.serialized, .createdCluster) struct EmbeddedPostgresTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A new folder under /tmp, removed afterwards together with a server that is still at work in it.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/holdfast-embedded-\(UUID().uuidString.prefix(8))"
        #expect(unsafe mkdir(folder, 0o755) == 0)
        defer {
            if let server = Self.processID(folder) { kill(server, SIGQUIT) }
            PrivateFiles.removeTree(folder)
        }
        try await body(folder)
    }

    /// The same with a cluster in it that was stopped cleanly. Copying one is much quicker than creating one.
    private func withCluster(_ body: (String) async throws -> Void) async throws {
        let original = try #require(CreatedCluster.folder)
        try await withFolder { folder in
            let copied = try await ServerProgram("/bin/cp", as: nil).run(["-a", original + "/.", folder])
            try #require(copied.succeeded)
            try await body(folder)
        }
    }

    private static func processID(_ directory: String) -> Int32? {
        PrivateFiles.read(directory + "/postgres/data/postmaster.pid").flatMap(PostmasterFile.init)?.processID
    }

    private func ask(_ url: String, _ statement: SQLStatement) async throws -> [SQLRow] {
        let connection = try await PostgresConnection.connect(try PostgresConfiguration(url: url), logger: logger)
        do {
            let rows = try await connection.query(statement)
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    @Test func `a new directory becomes a durable, checksummed, private cluster`() async throws {
        try await withFolder { folder in
            let server = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            let rows = try await ask(
                server.url,
                SQLStatement(
                    """
                    select current_setting('data_checksums') as checksums, current_setting('fsync') as fsync,
                           current_setting('synchronous_commit') as commit, current_setting('full_page_writes') as pages,
                           current_setting('listen_addresses') as addresses,
                           current_setting('server_encoding') as encoding, current_database()::text as database,
                           (select datcollate::text from pg_database where datname = current_database()) as collation,
                           (select string_agg(distinct auth_method, ',') from pg_hba_file_rules) as methods
                    """))
            let row = try #require(rows.first)
            #expect(try row.text("checksums") == "on")
            #expect(try row.text("fsync") == "on")
            #expect(try row.text("commit") == "on")
            #expect(try row.text("pages") == "on")
            #expect(try row.text("addresses") == "")
            #expect(try row.text("encoding") == "UTF8")
            #expect(try row.text("database") == "holdfast")
            #expect(try row.text("collation") == "C")
            #expect(try row.text("methods") == "scram-sha-256")

            var status = stat()
            #expect(unsafe stat(folder + "/database.url", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            await server.stop()
            #expect(!PrivateFiles.exists(folder + "/database.url"))
            #expect(!PrivateFiles.exists(folder + "/postgres/data/postmaster.pid"))
        }
    }

    @Test func `the server never runs as root`() async throws {
        try await withCluster { folder in
            let server = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            let process = try #require(Self.processID(folder))
            #expect(PrivateFiles.owner(of: "/proc/\(process)")?.userID != 0)
            await server.stop()
        }
    }

    @Test func `what was written is there after a stop and a start`() async throws {
        try await withCluster { folder in
            let first = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            _ = try await ask(first.url, SQLStatement("create table kept as select 42 as answer"))
            await first.stop()

            try await startAgain(folder) { server in
                let rows = try await ask(server.url, SQLStatement("select answer from kept"))
                #expect(try rows.first?.int("answer") == 42)
            }
        }
    }

    private func startAgain(_ folder: String, _ body: (EmbeddedPostgres) async throws -> Void) async throws {
        let server = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
        try await body(server)
        await server.stop()
    }

    @Test func `a second node on the directory is refused and told who is in the way`() async throws {
        try await withCluster { folder in
            let server = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            let error = try await #require(throws: EmbeddedPostgresError.self) {
                try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            }
            #expect(error.kind == .inUse)
            #expect(error.message.contains("process \(getpid())"))
            #expect(try EmbeddedPostgres.urlOfRunningNode(dataDirectory: folder) == server.url)
            await server.stop()
        }
    }

    @Test func `a server that a dead node left behind is taken over with its sessions`() async throws {
        try await withCluster { folder in
            // What a killed node leaves: a running server, a stale URL file and no lock.
            let url = try await abandonedServer(folder)
            let before = try #require(Self.processID(folder))
            let session = try await PostgresConnection.connect(try PostgresConfiguration(url: url), logger: logger)

            let next = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            #expect(Self.processID(folder) == before)
            #expect(next.url == url)
            #expect(try await session.query(SQLStatement("select 1 as one")).first?.int("one") == 1)
            await session.close()
            await next.stop()
        }
    }

    private func abandonedServer(_ folder: String) async throws -> String {
        try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger).url
    }

    @Test func `a server that was killed is seen and started again under the same URL`() async throws {
        try await withCluster { folder in
            let server = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            _ = try await ask(server.url, SQLStatement("create table kept as select 42 as answer"))
            let process = try #require(Self.processID(folder))
            kill(process, SIGKILL)

            await server.exited()
            try await server.restart()
            #expect(Self.processID(folder) != process)
            let rows = try await ask(server.url, SQLStatement("select answer from kept"))
            #expect(try rows.first?.int("answer") == 42)
            await server.stop()
        }
    }

    @Test func `a process number that somebody else has now does not keep a cluster from starting`() async throws {
        try await withCluster { folder in
            let data = folder + "/postgres/data"
            let owner = try #require(PrivateFiles.owner(of: data))
            let account = ServiceAccount(name: "owner", userID: owner.userID, groupID: owner.groupID)
            // A live process of the server's own user, which is not the server.
            let stranger = try await Stranger.start(as: account)
            defer { stranger.stop() }
            try PrivateFiles.write(
                "\(stranger.processID)\n\(data)\n1750000000\n5432\n\(folder)/postgres/socket\n\n",
                to: data + "/postmaster.pid",
                owner: geteuid() == 0 ? account : nil)

            try await startAgain(folder) { server in
                let rows = try await ask(server.url, SQLStatement("select 1 as one"))
                #expect(try rows.first?.int("one") == 1)
            }
        }
    }

    @Test func `a creation that was interrupted leaves nothing half done`() async throws {
        try await withFolder { folder in
            let draft = folder + "/postgres/data.draft"
            try PrivateFiles.makeFolders(draft, mode: 0o700)
            try PrivateFiles.write("15\n", to: draft + "/PG_VERSION")
            if let account = ServiceAccount.forThisProcess() {
                try PrivateFiles.makeFolder(folder + "/postgres", mode: 0o700, owner: account)
            }
            try await startAgain(folder) { _ in
                #expect(!PrivateFiles.exists(draft))
            }
        }
    }

    @Test func `a directory whose path is too long for a socket works all the same`() async throws {
        try await withFolder { folder in
            let deep = folder + "/" + String(repeating: "d", count: 100)
            try await startAgain(deep) { server in
                let rows = try await ask(server.url, SQLStatement("select 1 as one"))
                #expect(try rows.first?.int("one") == 1)
                #expect(server.url.contains("host=%2Ftmp%2Fholdfast-"))
            }
            let socketFolder = try #require(PrivateFiles.read(deep + "/postgres/socket.folder"))
            PrivateFiles.removeTree(socketFolder)
        }
    }

    @Test func `a cluster of another release is refused before anything is touched`() async throws {
        try await withFolder { folder in
            let data = folder + "/postgres/data"
            try PrivateFiles.makeFolders(data, mode: 0o700)
            try PrivateFiles.write("9\n", to: data + "/PG_VERSION")
            if let account = ServiceAccount.forThisProcess() {
                try PrivateFiles.makeFolder(folder + "/postgres", mode: 0o700, owner: account)
            }
            let error = try await #require(throws: EmbeddedPostgresError.self) {
                try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            }
            #expect(error.kind == .misconfigured)
            #expect(error.message.contains("belongs to PostgreSQL 9"))
            #expect(PrivateFiles.names(in: data) == [data + "/PG_VERSION"])
        }
    }

    @Test func `files that are no cluster are refused, not overwritten`() async throws {
        try await withFolder { folder in
            let data = folder + "/postgres/data"
            try PrivateFiles.makeFolders(data, mode: 0o700)
            try PrivateFiles.write("my thesis", to: data + "/thesis.txt")
            if let account = ServiceAccount.forThisProcess() {
                try PrivateFiles.makeFolder(folder + "/postgres", mode: 0o700, owner: account)
            }
            let error = try await #require(throws: EmbeddedPostgresError.self) {
                try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            }
            #expect(error.message.contains("is not a PostgreSQL cluster"))
            #expect(PrivateFiles.read(data + "/thesis.txt") == "my thesis")
        }
    }

    @Test func `a cluster itself is no data directory`() async throws {
        try await withFolder { folder in
            try PrivateFiles.write("15\n", to: folder + "/PG_VERSION")
            let error = try await #require(throws: EmbeddedPostgresError.self) {
                try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
            }
            #expect(error.message.contains("it is itself a PostgreSQL cluster"))
        }
    }

    @Test func `a file where the directory should be is refused`() async throws {
        let error = try await #require(throws: EmbeddedPostgresError.self) {
            try await EmbeddedPostgres.start(dataDirectory: "/dev/null", logger: logger)
        }
        #expect(error.message == "cannot use \"/dev/null\": it is not a folder")
    }
}

/// A harmless process of a given user.
private struct Stranger {
    let processID: Int32

    static func start(as account: ServiceAccount) async throws -> Stranger {
        let outcome = try await ServerProgram("/bin/sh", as: geteuid() == 0 ? account : nil).run([
            "-c", "sleep 60 >/dev/null 2>&1 & echo $!",
        ])
        return Stranger(processID: try #require(Int32(outcome.output)))
    }

    func stop() { kill(processID, SIGKILL) }
}
