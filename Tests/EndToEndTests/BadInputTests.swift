import Foundation
import Glibc
import TestSupport
import Testing

/// What goes wrong on the way to a serving node: one sentence, the right exit code, nothing half done.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let arguments: [String]
        var environment: [String: String] = [:]
        let status: Int32
        let sentence: String
    }

    static let cases: [Case] = [
        Case(
            testDescription: "an option that does not exist", arguments: ["serve", "--lisen", "x"], status: 64,
            sentence: "Did you mean '--listen'?"),
        Case(
            testDescription: "a database URL that is none", arguments: ["serve", "--database", "nonsense://"],
            status: 64, sentence: "--database: cannot read the database URL: it must look like postgres://"),
        Case(
            testDescription: "the same in the environment", arguments: ["serve"],
            environment: ["HOLDFAST_DATABASE": "nonsense://"], status: 78, sentence: "HOLDFAST_DATABASE: cannot read"),
        Case(
            testDescription: "both a server and an own one",
            arguments: ["serve", "--database", "postgres://h/d", "--data-dir", "x"], status: 64,
            sentence: "exclude each other"),
        Case(
            testDescription: "a database that is not there",
            arguments: ["serve", "--listen", "127.0.0.1:0", "--database", "postgres://u@127.0.0.1:1/d"], status: 69,
            sentence: "could not reach database \"d\" on 127.0.0.1:1"),
        Case(
            testDescription: "an address that is none", arguments: ["serve", "--listen", "7420"], status: 64,
            sentence: "it must look like 127.0.0.1:7420"),
        Case(
            testDescription: "an address of another machine", arguments: ["serve", "--listen", "192.0.2.1:7420"],
            status: 78, sentence: "cannot listen on 192.0.2.1:7420"),
        Case(
            testDescription: "a certificate without its key", arguments: ["serve", "--tls-cert", "x.pem"], status: 64,
            sentence: "--tls-cert and --tls-key come together"),
        Case(
            testDescription: "a certificate that is not there",
            arguments: ["serve", "--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.pem"], status: 78,
            sentence: "cannot read \"/nowhere.pem\""),
        Case(
            testDescription: "a configuration file that is not there",
            arguments: ["serve", "--config", "/nowhere.json"], status: 78,
            sentence: "cannot read the configuration file \"/nowhere.json\""),
        Case(
            testDescription: "a log level that is none", arguments: ["serve", "--log-level", "loud"], status: 64,
            sentence: "there is no log level \"loud\""),
        Case(
            testDescription: "a grace period that is none", arguments: ["serve"],
            environment: ["HOLDFAST_GRACE": "soon"], status: 78, sentence: "as in 30 or 2m, not \"soon\""),
        Case(
            testDescription: "a flag that is neither on nor off", arguments: ["serve"],
            environment: ["HOLDFAST_CANARY": "on"], status: 78,
            sentence: "the setting \"canary\" is true or false, not \"on\""),
        Case(
            testDescription: "a data directory that is a file", arguments: ["serve", "--data-dir", "/dev/null"],
            status: 78, sentence: "cannot use \"/dev/null\": it is not a folder"),
        Case(
            testDescription: "a data directory where nobody may write",
            arguments: ["serve", "--data-dir", "/sys/holdfast"], status: 77,
            sentence: "cannot create \"/sys/holdfast\""),
        Case(
            testDescription: "PostgreSQL's programs where there are none",
            arguments: ["serve", "--postgres-bin", "/usr/share", "--data-dir", "FOLDER"], status: 78,
            sentence: "--postgres-bin names \"/usr/share\""),
    ]

    @Test(arguments: Self.cases)
    func `a wrong start ends with its sentence and exit code`(given: Case) async throws {
        var arguments = given.arguments
        if arguments[0] == "serve", !arguments.contains("--listen") { arguments += ["--listen", "127.0.0.1:0"] }
        let outcome = try await Command.withFolder { folder in
            try await Command.run(
                arguments.map { $0 == "FOLDER" ? folder : $0 }, environment: given.environment)
        }

        #expect(outcome.status == given.status)
        #expect(outcome.errors.contains(given.sentence), "\(outcome.errors)")
        #expect(outcome.output == "")
        // One sentence on one line; the argument parser adds its usage.
        if given.status != 64 { #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)") }
    }

    @Test func `a port in use is told before a database is created for it`() async throws {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder])
            let port = try await node.port()
            let outcome = try await Command.run([
                "serve", "--listen", "127.0.0.1:\(port)", "--data-dir", folder + "/second",
            ])
            #expect(outcome.status == 75)
            #expect(outcome.errors.contains("cannot listen on 127.0.0.1:\(port): the port is in use"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/second"))
            #expect(await node.stop() == 0)
        }
    }

    @Test func `a data directory in use is told with the process that uses it`() async throws {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder])
            let outcome = try await Command.run(["serve", "--listen", "127.0.0.1:0", "--data-dir", folder])
            #expect(outcome.status == 75)
            #expect(outcome.errors.contains("is in use by another node (process \(node.processID))"))
            #expect(await node.stop() == 0)
        }
    }

    @Test func `a standby is told from a primary`() async throws {
        try await Command.withFolder { folder in
            #expect(try await Command.run(["migrate", "up", "--data-dir", folder]).status == 0)
            try Data().write(to: URL(filePath: folder + "/postgres/data/standby.signal"))
            let outcome = try await Command.run(["migrate", "up", "--data-dir", folder])
            #expect(outcome.status == 69)
            #expect(outcome.errors.contains("is a standby, which can only be read: give the URL of the primary"))
        }
    }

    // MARK: - A server of somebody else's

    /// `postgresql://ROLE:secret@…` for a role that was made for the test.
    private func withRole(
        _ options: String, in database: TestDatabase, _ body: (String) async throws -> Void
    ) async throws {
        let role = "visitor_\(UUID().uuidString.prefix(8).lowercased())"
        try await database.administer("create role \(role) login password 'secret' \(options)")
        var parts = try #require(URLComponents(string: database.url))
        parts.user = role
        parts.password = "secret"
        let url = try #require(parts.string)
        do {
            try await body(url)
            try await database.administer("drop role \(role)")
        } catch {
            try? await database.administer("drop role \(role)")
            throw error
        }
    }

    @Test func `an empty database is refused with the command that fills it`() async throws {
        try await TestDatabase.empty { database in
            let outcome = try await Command.run(["serve", "--listen", "127.0.0.1:0", "--database", database.url])
            #expect(outcome.status == 78)
            #expect(outcome.errors.contains("holdfast migrate up"))
            #expect(!outcome.errors.contains(database.url))
        }
    }

    @Test func `a database that does not exist is a wrong configuration`() async throws {
        try await TestDatabase.empty { database in
            let wrong = database.url.replacing(database.name, with: "no_such_database")
            let outcome = try await Command.run(["serve", "--listen", "127.0.0.1:0", "--database", wrong])
            #expect(outcome.status == 78)
            #expect(outcome.errors.contains("no_such_database"))
        }
    }

    @Test func `a wrong password is not permitted and not repeated`() async throws {
        try await TestDatabase.empty { database in
            try await withRole("", in: database) { url in
                let wrong = url.replacing(":secret@", with: ":mistyped@")
                let outcome = try await Command.run(["migrate", "status", "--database", wrong])
                #expect(outcome.status == 77)
                #expect(!outcome.errors.contains("mistyped"))
            }
        }
    }

    @Test func `a role without the right to create cannot migrate`() async throws {
        try await TestDatabase.empty { database in
            try await withRole("", in: database) { url in
                let outcome = try await Command.run(["migrate", "up", "--database", url])
                #expect(outcome.status == 77)
                #expect(outcome.errors.contains("permission denied") || outcome.errors.contains("may not"))
            }
        }
    }

    @Test func `a server without a connection to spare asks to try again`() async throws {
        try await TestDatabase.empty { database in
            try await withRole("connection limit 0", in: database) { url in
                let outcome = try await Command.run(["migrate", "status", "--database", url])
                #expect(outcome.status == 75)
            }
        }
    }
}
