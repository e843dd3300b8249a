import Testing

@testable import PostgresStore

/// A statement that PostgreSQL refuses: what is told, what stays, and the ways on.
@Suite struct MigrationFailureTests {
    private func source(_ second: String) -> [MigrationSource] {
        let first = "create table holdfast.a (b bigint);\n-- holdfast: down\ndrop table holdfast.a;"
        return [MigrationSource(plugin: "engine", files: [("0001-a.sql", first), ("0002-b.sql", second)])]
    }

    @Test func `a refused transaction leaves nothing but its name, and goes on once mended`() async throws {
        try await TestCluster.withDatabase { database in
            let broken = try database.runner(
                source("insert into holdfast.a values (1);\nalter table holdfast.nowhere add column c text;"))
            let failure = await #expect(throws: MigrationError.self) { try await broken.up() }
            let text = failure?.message ?? ""
            #expect(failure?.kind == .failedStep && failure?.exitCode == 1)
            #expect(text.hasPrefix("engine/0002-b.sql:2: statement 2 was refused:"), "\(text)")
            #expect(text.contains("[42P01]") && text.contains("alter table holdfast.nowhere add column c text"))
            #expect(text.contains("engine@2 was rolled back; nothing of it is in the database"))
            for way in [
                "\n1. mend the cause and run \"holdfast migrate up\"", "\n2. do the rest by hand", "\n3. go back",
            ] {
                #expect(text.contains(way), "\(text)")
            }
            #expect(try await database.number("select count(*) from holdfast.a") == 0)

            let status = try await broken.status()
            #expect(status.exitCode == 5)
            #expect(status.migrations.last?.state == "failed" && status.migrations.last?.failure?.statement == 2)
            #expect(status.migrations.last?.failure?.sqlState == "42P01")
            #expect(status.render().contains("failed at statement 2"))
            #expect(try await broken.verdict() == .failed(MigrationID(plugin: "engine", version: 2)))

            let mended = try database.runner(source("insert into holdfast.a values (1);"))
            #expect(try await mended.up().applied.map(\.migration.version) == [2])
            #expect(try await mended.status().exitCode == 0)
            #expect(try await database.number("select count(*) from holdfast.a") == 1)
        }
    }

    @Test func `what is refused at the commit is a failed step, too`() async throws {
        try await TestCluster.withDatabase { database in
            let broken = try database.runner(
                source(
                    """
                    create table holdfast.b (c bigint unique deferrable initially deferred);
                    insert into holdfast.b values (1), (1);
                    """))
            let failure = await #expect(throws: MigrationError.self) { try await broken.up() }
            #expect(failure?.kind == .failedStep)
            #expect(failure?.message.hasPrefix("engine/0002-b.sql:") == true, "\(failure?.message ?? "")")
            #expect(try await broken.status().exitCode == 5)
            #expect(try await database.number("select count(*) from pg_class where relname = 'b'") == 0)
        }
    }

    @Test func `an index that somebody else made is not taken for the migration's`() async throws {
        try await TestCluster.withDatabase { database in
            _ = try await database.runner(
                Array(
                    source("select 1;").map { source in
                        MigrationSource(plugin: source.plugin, files: [source.files[0]])
                    })
            ).up()
            try await database.run("create table holdfast.other (x bigint); create index a_b on holdfast.other (x)")
            let runner = try database.runner(
                source("-- holdfast: no-transaction\ncreate index concurrently a_b on holdfast.a (b);"))
            for _ in 0..<2 {
                let failure = await #expect(throws: MigrationError.self) { try await runner.up() }
                #expect(failure?.message.contains("[42P07]") == true, "\(failure?.message ?? "")")
            }
            #expect(try await runner.status().exitCode == 5)
        }
    }

    @Test func `what is done without a transaction stays done, and the rest follows`() async throws {
        try await TestCluster.withDatabase { database in
            func second(_ rest: String) -> [MigrationSource] {
                source("-- holdfast: no-transaction\ninsert into holdfast.a values (1), (1);\n\(rest)")
            }
            let unique = "create unique index concurrently a_b on holdfast.a (b);"
            let broken = try database.runner(second(unique))
            let failure = await #expect(throws: MigrationError.self) { try await broken.up() }
            #expect(
                failure?.message.contains("1 of 2 statements of engine@2 are done") == true, "\(failure?.message ?? "")"
            )
            #expect(failure?.message.contains("[23505]") == true)
            #expect(try await broken.status().migrations.last?.statementsDone == 1)
            // The invalid index that PostgreSQL left is taken away before the next try.
            try await database.run("delete from holdfast.a where ctid = '(0,2)'")
            #expect(try await broken.up().applied.count == 1)
            #expect(try await database.number("select count(*) from pg_index where not indisvalid") == 0)
            #expect(try await database.number("select count(*) from holdfast.a") == 1)
            // Rows that only this database had made it pass, so an empty one cannot be built to compare with.
            let verify = try await broken.verify()
            #expect(verify.exitCode == 0 && verify.basis == .recorded)
            #expect(verify.warnings.first?.message.hasPrefix("the migrations could not be built in an empty") == true)
        }
    }

    @Test func `an unusable index of the same name is not taken for the one that is wanted`() async throws {
        try await TestCluster.withDatabase { database in
            let sources = source(
                "-- holdfast: no-transaction\ncreate index concurrently if not exists a_b on holdfast.a (b);")
            _ = try await database.runner([MigrationSource(plugin: "engine", files: [sources[0].files[0]])]).up()
            try await database.run(
                """
                create index a_b on holdfast.a (b);
                update pg_index set indisvalid = false where indexrelid = 'holdfast.a_b'::regclass
                """)
            _ = try await database.runner(sources).up()
            #expect(try await database.number("select count(*) from pg_index where not indisvalid") == 0)
        }
    }

    @Test func `a migration that was finished by hand is marked as done`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(source("alter table holdfast.nowhere add column c text;"))
            await #expect(throws: MigrationError.self) { try await runner.up() }
            let report = try await runner.repair(markDone: true)
            #expect(report.markedDone.map(\.description) == ["engine@2"])
            #expect(try await runner.status().exitCode == 0)
            #expect(try await runner.up().applied.isEmpty)
        }
    }

    @Test func `a failed migration can be left behind by going down`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(source("select 1 / 0;\n-- holdfast: down\nselect 1;"))
            await #expect(throws: MigrationError.self) { try await runner.up() }
            #expect(try await runner.down(to: 1).reverted.map(\.version) == [2])
            #expect(try await runner.status().exitCode == 3)
        }
    }

    @Test func `a refused way down leaves the migration applied`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(source("select 1;\n-- holdfast: down\ndrop table holdfast.nowhere;"))
            _ = try await runner.up()
            let failure = await #expect(throws: MigrationError.self) { try await runner.down(to: 1) }
            #expect(failure?.message.contains("nothing of engine@2 was taken back") == true)
            #expect(try await runner.status().exitCode == 0)
        }
    }

    /// The first migration ends the session that holds the lock, as an administrator or a failing network might.
    @Test func `nothing more is done once the lock is lost`() async throws {
        try await TestCluster.withDatabase { database in
            let treason = """
                select pg_terminate_backend(pid) from pg_stat_activity
                where application_name like 'holdfast migrate (lock%' and datname = current_database()
                """
            let sources = [
                MigrationSource(plugin: "engine", files: [("0001-a.sql", treason), ("0002-b.sql", "select 2")])
            ]
            let failure = await #expect(throws: MigrationError.self) { try await database.runner(sources).up() }
            #expect(failure?.exitCode == 69, "\(failure?.message ?? "")")
            let ledger = try await database.ledger()
            #expect(ledger.map(\.id.version) == [1])
        }
    }
}
