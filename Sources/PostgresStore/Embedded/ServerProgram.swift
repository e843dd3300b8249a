internal import Subprocess
internal import SystemPackage

/// Runs one of PostgreSQL's programs to its end, as the user who owns the cluster.
///
/// `setpriv` changes the user, in a process of its own. swift-subprocess 1.0.2 could do it between fork and exec, but
/// calls `setgroups` there: glibc then waits for a thread of the parent that the child does not have if one was being
/// created at the time of the fork, for ever (`__nptl_setxid`; seen twice in 40 starts on a busy machine). Without
/// options that need a fork, swift-subprocess uses `posix_spawn`.
struct ServerProgram: Sendable {
    let path: String
    let account: ServiceAccount?

    struct Outcome: Sendable {
        let succeeded: Bool
        /// What the program wrote to standard output and standard error, without the last line break.
        let output: String

        /// The line that names the cause, for an error message: PostgreSQL's own FATAL or error line, else the last one.
        var telling: String {
            for mark in ["FATAL: ", "PANIC: ", "error: ", "ERROR: "] {
                for line in output.split(separator: "\n") {
                    if let range = line.firstRange(of: mark) {
                        return String(line[range.upperBound...].drop(while: \.isWhitespace))
                    }
                }
            }
            return lastLine
        }

        /// The last line that says something.
        var lastLine: String {
            output.split(separator: "\n").last(where: { !$0.allSatisfy(\.isWhitespace) }).map(String.init)
                ?? "it printed nothing"
        }
    }

    init(_ path: String, as account: ServiceAccount?) {
        self.path = path
        self.account = account
    }

    /// - Parameter input: what the program reads from standard input; nothing by default.
    func run(_ arguments: [String], input: String = "") async throws(EmbeddedPostgresError) -> Outcome {
        var options = PlatformOptions()
        // Ctrl-C at a terminal goes to the whole process group. PostgreSQL must not hear it: it is stopped last, after
        // the node has finished its work.
        options.createSession = true
        var program = path
        var arguments = arguments
        if let account {
            program = "/usr/bin/setpriv"
            arguments =
                ["--reuid", "\(account.userID)", "--regid", "\(account.groupID)", "--clear-groups", path] + arguments
        }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(program)),
                arguments: Arguments(arguments),
                // English messages, because the last line is quoted in ours. A PGDATA of the caller's must not win.
                environment: .inherit.updating(["LC_ALL": "C", "PGDATA": nil, "PGOPTIONS": nil, "PGPORT": nil]),
                // PostgreSQL's programs give up when their user cannot enter the current directory.
                workingDirectory: "/",
                platformOptions: options,
                input: .string(input),
                output: .string(limit: 1 << 20),
                error: .combinedWithOutput
            )
            var output = result.standardOutput
            while output.hasSuffix("\n") { output.removeLast() }
            return Outcome(succeeded: result.terminationStatus.isSuccess, output: output)
        } catch {
            throw EmbeddedPostgresError(.unavailable, "could not run \"\(path)\": \(error)")
        }
    }
}
