import ArgumentParser
import Logging
import Postgres
import PostgresStore
import WorkflowKit

/// `holdfast audit`: the log of every change, and whether it is whole.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Checks the log of every change.",
        discussion: """
            Each change is written with who made it, by which method, to what and in which request, in the transaction \
            of the change. Entries form chains, each with the hash of the one before. To look for a change, read the \
            view holdfast.audit_entry with psql.
            """,
        subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recomputes all chains; exit code 1 and the first broken link if one is not whole.")

        @OptionGroup var database: DatabaseOptions
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let logger = Logger(label: "holdfast.audit")
            let verdict = try await database.resolved().withDatabase(logger: logger) { configuration in
                let pool = PostgresPool(configuration: configuration, size: 1, logger: logger)
                do {
                    let verdict = try await PostgresAudit(pool: pool).verify()
                    await pool.close()
                    return verdict
                } catch {
                    await pool.close()
                    throw error
                }
            }
            if json {
                let document: JSON = [
                    "whole": .bool(verdict.firstDefect == nil), "entries": .int(verdict.entries),
                    "chains": .int(verdict.chains), "firstDefect": .string(orNull: verdict.firstDefect),
                ]
                print(document.text)
            } else if verdict.firstDefect == nil {
                print("\(verdict.entries) entries in \(verdict.chains) chains, all whole")
            }
            if let defect = verdict.firstDefect {
                throw Refusal(.failed, "the audit log is not whole: \(defect)", isPrinted: true)
            }
        }
    }
}
