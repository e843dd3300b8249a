import Testing

@testable import PostgresStore

/// Where statements end, and what hides a semicolon.
@Suite struct SQLScriptTests {
    static let scripts: [(script: String, statements: [String])] = [
        ("select 1; select 2", ["select 1", "select 2"]),
        (";;  ; select 1;;", ["select 1"]),
        ("-- only a comment;\n/* and ; another */", []),
        ("select ';' ; select 2", ["select ';'", "select 2"]),
        ("select 'it''s; one'; select 2", ["select 'it''s; one'", "select 2"]),
        (#"select 'back\'; select 2"#, [#"select 'back\'"#, "select 2"]),
        (#"select e'it\'s; one'; select 2"#, [#"select e'it\'s; one'"#, "select 2"]),
        (#"select "a;b""c;" from t; select 2"#, [#"select "a;b""c;" from t"#, "select 2"]),
        ("do $$ begin perform 1; end $$; select 2", ["do $$ begin perform 1; end $$", "select 2"]),
        ("do $a$ x; $b$ y; $$ z; $a$; select 2", ["do $a$ x; $b$ y; $$ z; $a$", "select 2"]),
        ("select $1; select $2", ["select $1", "select $2"]),
        ("select a$b$; select 2", ["select a$b$", "select 2"]),
        ("/* one /* two; */ three; */ select 1; select 2", ["select 1", "select 2"]),
        ("select 1 -- ; no\n + 2; select 3", ["select 1 -- ; no\n + 2", "select 3"]),
        (
            "create rule r as on insert to t do (select 1; select 2); select 3",
            ["create rule r as on insert to t do (select 1; select 2)", "select 3"]
        ),
        (
            "create function f() returns int begin atomic; select case when true then 1 end; select 2; end; select 3",
            [
                "create function f() returns int begin atomic; select case when true then 1 end; select 2; end",
                "select 3",
            ]
        ),
        (
            "create or replace procedure p() begin atomic select 1; end; select 3",
            ["create or replace procedure p() begin atomic select 1; end", "select 3"]
        ),
        (
            "select 5-/* ; */-3; select U&'d!0061;' uescape '!'",
            ["select 5-/* ; */-3", "select U&'d!0061;' uescape '!'"]
        ),
        ("select 'größe;', \"naïve;\", ünïcode; select 2", ["select 'größe;', \"naïve;\", ünïcode", "select 2"]),
    ]

    @Test(arguments: scripts)
    func `a semicolon ends a statement only where PostgreSQL says so`(
        _ example: (script: String, statements: [String])
    ) throws {
        #expect(try SQLScript.statements(of: example.script).map(\.text) == example.statements)
    }

    static let broken: [(script: String, line: Int, message: String)] = [
        ("select 1;\nselect 'open", 2, "unterminated string"),
        ("select \"open", 1, "unterminated quoted identifier"),
        ("\n\ndo $x$ begin; end $y$", 3, "unterminated dollar-quoted string"),
        ("/* /* */ select 1", 1, "unterminated comment"),
        ("select 1;\n\\copy t from 'f'", 2, #""\" is a command of psql, not SQL"#),
    ]

    @Test(arguments: broken)
    func `a text that is no SQL is told with its line`(_ example: (script: String, line: Int, message: String)) {
        #expect(throws: SQLTextProblem(line: example.line, message: example.message)) {
            try SQLScript.statements(of: example.script)
        }
    }

    @Test func `a statement knows its line and its words on one line`() throws {
        let statements = try SQLScript.statements(of: "-- first\nselect 1;\n\n-- second\ncreate   table\n  t (a int);")
        #expect(statements.map(\.line) == [2, 5])
        #expect(statements[1].summary() == "create table t (a int)")
        #expect(statements[1].summary(length: 8) == "create …")
    }

    @Test func `tokens are what the scanner of PostgreSQL makes of them`() throws {
        let tokens = try SQLTokenizer.tokens(of: #"SELECT "A""b", 1.5e-3, .5, $2, x'0f' FROM a.b WHERE c>=1--x"#)
        #expect(
            tokens.map(\.text) == [
                "select", #""A""b""#, ",", "1.5e-3", ",", ".5", ",", "$2", ",", "x'0f'", "from", "a", ".", "b", "where",
                "c", ">=", "1",
            ])
        #expect(tokens[1].identifier == #"A"b"#)
        #expect(tokens[0].identifier == "select")
        #expect(tokens[9].identifier == nil)
    }

    /// Random text of the characters that matter: the tokenizer must end, never trap, and tokens must lie in order.
    @Test func `no text makes the tokenizer trap or lose its place`() {
        let seed = Seed.value
        var random = SeededRandom(seed: seed)
        let alphabet = Array("'\"$aE-/*;\\\n ().1x&Uüß")
        for _ in 0..<3_000 {
            let text = String(
                (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
            guard let tokens = try? SQLTokenizer.tokens(of: text) else { continue }
            var end = 0
            for token in tokens {
                #expect(token.range.lowerBound >= end && !token.range.isEmpty, "seed \(seed): \(text)")
                end = token.range.upperBound
            }
            #expect(end <= text.utf8.count, "seed \(seed): \(text)")
        }
    }
}
