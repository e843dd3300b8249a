import Foundation
import Glibc
package import Logging
import Postgres
import PostgresStore
internal import Subprocess
internal import SystemPackage

/// The one PostgreSQL that all tests of this machine share, or the one that `HOLDFAST_TEST_DATABASE` names.
///
/// Each test process holds a shared lock on one file for as long as it lives. The process that finds no cluster starts
/// one, and beside it a shell that waits for the exclusive lock: it gets it when the last test process is gone, however
/// that ended, and removes the cluster. Nobody has to tidy up, and nobody polls.
package enum TestCluster {
    /// Swallows everything: what a test provokes on purpose is no news.
    package static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A URL of a role that may create databases.
    package static func url() async throws -> String { try await started.value }

    private static let started = Task { () throws -> String in
        if let given = ProcessInfo.processInfo.environment["HOLDFAST_TEST_DATABASE"], !given.isEmpty { return given }
        return try await join()
    }

    private static func join() async throws -> String {
        let folder = "/tmp/holdfast-tests-\(getuid())"
        let users = folder + ".users"
        // Kept open, and with it the lock, until the process ends.
        _ = try lockedFile(users, LOCK_SH)
        let setup = try lockedFile(folder + ".setup", LOCK_EX)
        defer { close(setup) }
        if let url = try? String(contentsOfFile: folder + "/database.url", encoding: .utf8), await answers(url) {
            return url.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let server = try await EmbeddedPostgres.start(dataDirectory: folder, logger: logger)
        try await watch(folder: folder, users: users, cluster: server.clusterFolder)
        return server.url
    }

    private static func answers(_ url: String) async -> Bool {
        guard let configuration = try? PostgresConfiguration(url: url),
            let connection = try? await PostgresConnection.connect(configuration, logger: logger)
        else { return false }
        await connection.close()
        return true
    }

    /// Opens the file and waits for its lock, which ends with the descriptor and is not inherited by child processes.
    private static func lockedFile(_ path: String, _ mode: Int32) throws -> Int32 {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0, flock(descriptor, mode) == 0 else {
            throw CocoaError(.fileLocking, userInfo: [NSFilePathErrorKey: path])
        }
        return descriptor
    }

    private static func watch(folder: String, users: String, cluster: String) async throws {
        let script = """
            server=$(head -n 1 "$1/postmaster.pid") && kill -QUIT "$server"
            for turn in $(seq 100); do
                [ -e "$1/postmaster.pid" ] || break
                sleep 0.1
            done
            rm -rf "$2"
            """
        // Not Foundation's Process: it does not collect a child whose own children live on, and the thread on which
        // swift-subprocess waits for children never sleeps as long as there is one that nobody has collected.
        _ = try await Subprocess.run(
            .path("/usr/bin/setsid"),
            arguments: [
                "--fork", "flock", "--exclusive", users, "/bin/sh", "-c", script, "sh", cluster, folder,
            ],
            output: .discarded, error: .discarded)
    }
}
