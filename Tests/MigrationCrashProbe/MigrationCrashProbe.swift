import Foundation
import Glibc
import Logging
import Postgres
import PostgresStore
import Synchronization

/// Runs `migrate up` or `down --to 0` in a process of its own and kills it, with SIGKILL, at the n-th event.
///
///     MigrationCrashProbe URL FOLDER up|down N
///
/// FOLDER holds one folder per plugin with its migration files. With N = 0 it runs to the end. Each event is a line on
/// standard output, so the reader knows where the process was; the runner's error goes to standard error, and its exit
/// code is the process's.
@main
enum MigrationCrashProbe {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 4, let fatal = Int(arguments[4]) else {
            FileHandle.standardError.write(Data("usage: MigrationCrashProbe URL FOLDER up|down N\n".utf8))
            exit(64)
        }
        do {
            let runner = MigrationRunner(
                configuration: try PostgresConfiguration(url: arguments[1]), sources: try sources(in: arguments[2]),
                settings: MigrationSettings(release: "1.0.0", host: "probe \(getpid())"),
                logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() },
                observer: killing(at: fatal))
            if arguments[3] == "up" { _ = try await runner.up() } else { _ = try await runner.down(to: 0) }
        } catch let error as MigrationError {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(error.exitCode)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(70)
        }
    }

    private static func killing(at fatal: Int) -> MigrationObserver {
        let events = Mutex(0)
        return { event in
            // Events of waiting come as often as the waiting lasts; the others are the same in every run.
            switch event {
            case .waitingForMigrator, .statementWaits, .statementAdvances, .lockTimedOut: return
            default: break
            }
            let number = events.withLock { count in
                count += 1
                return count
            }
            FileHandle.standardOutput.write(Data("\(number) \(event)\n".utf8))
            if number == fatal { kill(getpid(), SIGKILL) }
        }
    }

    private static func sources(in folder: String) throws -> [MigrationSource] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { plugin in
            let path = "\(folder)/\(plugin)"
            let files = try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { name in
                (name: name, text: try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8))
            }
            return MigrationSource(plugin: plugin, files: files)
        }
    }
}
