import Testing

@testable import PostgresStore

/// What a migration file may say, and what is told when it says something else.
@Suite struct MigrationFileTests {
    private func read(_ text: String, name: String = "0001-a.sql") throws -> MigrationFile {
        try MigrationFile.read(plugin: "p", fileName: name, text: text)
    }

    @Test func `the header says the phase, what comes first, and the way back`() throws {
        let file = try read(
            """
            -- Adds tracks.
            -- holdfast: phase contract
            -- holdfast: requires hp-university@2
            --holdfast:requires sell-through
            -- holdfast: allow drop-column nobody reads it since 1.4
            create table a (b int);
            alter table a drop column c;
            -- holdfast: down
            drop table a;
            """, name: "0012-add-tracks.sql")
        #expect(file.id == MigrationID(plugin: "p", version: 12))
        #expect(file.name == "add-tracks")
        #expect(file.phase == .contract)
        #expect(file.requires.map(\.description) == ["hp-university@2", "sell-through"])
        #expect(file.allowedRules == ["drop-column"])
        #expect(file.up.statements.count == 2)
        #expect(file.down?.statements.map(\.text) == ["drop table a"])
        #expect(file.down?.statements.first?.line == 9)
        #expect(file.up.isTransactional && file.down?.isTransactional == true)
    }

    @Test func `each direction says for itself that it cannot run in a transaction`() throws {
        let up = try read(
            "-- holdfast: no-transaction\ncreate index concurrently i on s.t (a);\n-- holdfast: down\ndrop table s.t")
        #expect(!up.up.isTransactional)
        #expect(up.down?.isTransactional == true)
        let down = try read("create index i on s.t (a);\n-- holdfast: down no-transaction\ndrop index concurrently s.i")
        #expect(down.up.isTransactional)
        #expect(down.down?.isTransactional == false)
    }

    @Test func `a directive inside a string is text`() throws {
        let file = try read("select '\n-- holdfast: down\n';\nselect 2;")
        #expect(file.down == nil)
        #expect(file.up.statements.count == 2)
    }

    @Test func `a byte order mark and Windows line ends do no harm`() throws {
        let file = try read("\u{FEFF}-- holdfast: phase backfill\r\nselect 1;\r\n-- holdfast: down\r\nselect 2;\r\n")
        #expect(file.phase == .backfill)
        #expect(file.down?.statements.map(\.text) == ["select 2"])
    }

    static let wrong: [(text: String, line: Int?, part: String)] = [
        ("", nil, "holds no statement"),
        ("-- holdfast: fase expand\nselect 1", 1, "is none of down, no-transaction, phase, requires, allow"),
        ("select 1;\n-- holdfast: phase later", 2, "none of expand, backfill, contract"),
        ("-- holdfast: requires Hp@x\nselect 1", 1, "write a plugin's name and version"),
        ("-- holdfast: allow everything\nselect 1", 1, "no rule has this name"),
        ("select 1;\n-- holdfast: down\nselect 2;\n-- holdfast: down\n", 4, "a second"),
        ("select 1;\nBEGIN;\nselect 2", 2, "does not open or end transactions itself"),
        ("select 1;\nset transaction isolation level serializable", 2, "does not open or end transactions"),
        ("select 1;\n-- holdfast: down\nrollback", 3, "does not open or end transactions itself"),
        ("copy t from stdin", 1, "from or to the client"),
        ("\ncreate index concurrently i on t (a)", 2, "cannot run in a transaction: add the line"),
        ("vacuum t", 1, "cannot run in a transaction"),
        ("-- holdfast: no-transaction\ncreate database d", 2, "cannot be taken up again after a crash"),
        ("-- holdfast: no-transaction\ncreate index concurrently on t (a)", 2, "without a name"),
        ("select 'a", 1, "unterminated string"),
    ]

    @Test(arguments: wrong)
    func `what is wrong is told with the file and the line`(_ example: (text: String, line: Int?, part: String)) {
        let problems = #expect(throws: MigrationProblems.self) { try read(example.text) }
        let problem = problems?.problems.first
        #expect(problem?.file == "p/0001-a.sql")
        #expect(problem?.line == example.line)
        #expect(problem?.message.contains(example.part) == true, "\(problem?.message ?? "nothing")")
    }

    @Test(arguments: ["1-a.sql", "0001.sql", "0000-a.sql", "0001-a.txt", "abcd-a.sql", "0001-"])
    func `a file without a number and a name is refused`(_ name: String) {
        let problems = #expect(throws: MigrationProblems.self) { try read("select 1", name: name) }
        #expect(problems?.description.contains("0001-create-runs.sql") == true)
    }

    // MARK: - Checksums

    private let base = "create table s.t (\n  a int default 1, -- why\n  b text\n);\nselect 'a  b';"

    @Test(arguments: [
        "create table s.t (a int default 1, b text); select 'a  b'",
        "CREATE TABLE s.t (\r\n\ta INT DEFAULT 1,\r\n\tb text);\r\n\r\nselect 'a  b';\r\n",
        "-- new\ncreate table s.t (a int /* reason */ default 1, b text);;\nselect 'a  b';",
        "create table s . t(a int default 1,b text);select 'a  b';\n-- holdfast: down\ndrop table s.t",
    ])
    func `comments, white space and the way back change only the sum of the file`(_ text: String) throws {
        let one = try read(base).checksum
        let other = try read(text).checksum
        #expect(one.statements == other.statements)
        #expect(one.file != other.file)
    }

    @Test(arguments: [
        "create table s.t (a int default 2, b text); select 'a  b'",
        "create table s.t (a int default 1, b text); select 'a b'",
        "create table s.t (a int default 1, b text) select 'a  b'",
        "create table s.t (a int default 1, \"b\" text); select 'a  b'",
        "create table s.t (a int default 1, b text)",
        "create table s.t (a int default 1, b text); select 'a  b'; select 1",
    ])
    func `every change of a statement changes the sum of the statements`(_ text: String) throws {
        #expect(try read(base).checksum.statements != read(text).checksum.statements)
    }

    // MARK: - Statements that stand alone

    @Test func `statements that no transaction may hold are known with what recovery needs`() throws {
        func lone(_ text: String) throws -> LoneStatement? { LoneStatement(try SQLScript.statements(of: text)[0]) }
        let i = QualifiedName(schema: "s", name: "i")
        let t = QualifiedName(schema: "s", name: "t")
        #expect(try lone("create index concurrently i on s.t (a)") == .createIndex(index: i, table: t))
        #expect(
            try lone("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t USING btree (a)")
                == .createIndex(index: i, table: t))
        #expect(
            try lone("drop index concurrently if exists s.i, j")
                == .dropIndex([i, QualifiedName(schema: nil, name: "j")]))
        #expect(
            try lone("alter table s.t detach partition s.i concurrently") == .detachPartition(parent: t, partition: i))
        #expect(try lone("reindex table concurrently s.t") == .reindex)
        #expect(try lone("reindex (concurrently) table s.t") == .reindex)
        #expect(try lone("vacuum (analyze) s.t") == .vacuum)
        #expect(try lone("create index i on s.t (a)") == nil)
        #expect(try lone("alter table s.t detach partition s.i") == nil)
        #expect(try lone("alter type s.e add value 'x'") == nil)
        #expect(try lone("alter system set a = 1") == .unrepeatable("alter system"))
    }
}
