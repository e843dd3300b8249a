import Logging
import Postgres
import PostgresStore
import WorkflowKit

/// What the doctor looks at in a database that can be reached.
struct DatabaseExamination: Sendable {
    let configuration: PostgresConfiguration
    let logger: Logger

    func findings() async -> [Finding] {
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.connect(configuration, logger: logger)
        } catch {
            let refusal = Refusal(error)
            return [Finding(.broken, "database", refusal?.sentence ?? "\(error)", exit: refusal?.status ?? .failed)]
        }
        var findings = [
            Finding(
                .fine, "database",
                "\(configuration.redactedDescription) answers, PostgreSQL \(connection.serverVersion / 10_000)")
        ]
        for check in [version, standby, durability, rights, room] {
            do {
                findings.append(try await check(connection))
            } catch {
                findings.append(Finding(.broken, "database", "could not be examined: \(error)", exit: .unavailable))
            }
        }
        await connection.close()
        findings.append(await schema())
        return findings
    }

    private func version(_ connection: PostgresConnection) async throws -> Finding {
        let major = Int(connection.serverVersion) / 10_000
        guard major >= PostgresBinaries.oldestMajorVersion else {
            return Finding(
                .broken, "version",
                "the server is PostgreSQL \(major); at least \(PostgresBinaries.oldestMajorVersion) is needed",
                exit: .configuration)
        }
        return Finding(.fine, "version", "PostgreSQL \(major) is one that this release works with")
    }

    private func standby(_ connection: PostgresConnection) async throws -> Finding {
        let isStandby = try await connection.query(SQLStatement("select pg_is_in_recovery() as standby")).first?.bool(
            "standby")
        return isStandby == true
            ? Finding(
                .broken, "standby",
                "the server is a standby, which can only be read: name the primary, or add "
                    + "target_session_attrs=read-write to a URL with all hosts", exit: .unavailable)
            : Finding(.fine, "standby", "the server takes writes")
    }

    private func durability(_ connection: PostgresConnection) async throws -> Finding {
        let rows = try await connection.query(
            SQLStatement(
                "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')"
            ))
        let off = try rows.filter { try $0.text("setting") == "off" }.map { try $0.text("name") }.sorted()
        return off.isEmpty
            ? Finding(.fine, "durability", "what is committed is on disk")
            : Finding(
                .warning, "durability",
                "\(off.joined(separator: ", ")) is off: acknowledged work can be lost with the machine; turn it on")
    }

    private func rights(_ connection: PostgresConnection) async throws -> Finding {
        let row = try await connection.query(
            SQLStatement(
                """
                select has_database_privilege(current_database(), 'create') as may_create, current_user::text as role,
                       current_database()::text as database
                """)
        ).first
        guard let row else { return Finding(.broken, "rights", "the server does not tell this role's rights") }
        let role = try row.text("role")
        let database = try row.text("database")
        return try row.bool("may_create")
            ? Finding(.fine, "rights", "role \"\(role)\" may create schemas in \"\(database)\"")
            : Finding(
                .warning, "rights",
                "role \"\(role)\" may not create schemas, so it cannot migrate: run "
                    + "grant create on database \"\(database)\" to \"\(role)\"")
    }

    private func room(_ connection: PostgresConnection) async throws -> Finding {
        let row = try await connection.query(
            SQLStatement(
                """
                select current_setting('max_connections')::int as most, count(*)::int as used
                from pg_stat_activity
                where backend_type = 'client backend'
                """)
        ).first
        let most = try row?.int("most") ?? 0
        let used = try row?.int("used") ?? 0
        return used * 10 > most * 8
            ? Finding(
                .warning, "connections",
                "\(used) of \(most) connections are in use: raise max_connections, or end sessions that nobody needs")
            : Finding(.fine, "connections", "\(used) of \(most) connections are in use")
    }

    private func schema() async -> Finding {
        do throws(MigrationError) {
            let verdict = try await Migrations.runner(configuration, logger: logger).verdict()
            return Finding(verdict.isOK ? .fine : .broken, "schema", verdict.description, exit: .configuration)
        } catch {
            return Finding(.broken, "schema", error.message, exit: ExitStatus(rawValue: error.exitCode) ?? .failed)
        }
    }
}
