import Foundation
import Glibc
import TestSupport
import Testing
import WorkflowKit

/// A node with a PostgreSQL of its own, from start to stop.
@Suite struct ServeTests {
    private let ping = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"#

    @Test func `a node serves from an empty directory and stops cleanly`() async throws {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder, "--node", "north"])
            let answers = try await node.ask(ping, #"{"jsonrpc":"2.0","id":2,"method":"system.info"}"#)
            #expect(answers.count == 2)
            #expect(answers.contains { $0.contains(#""id":1"#) && $0.contains(#""pong":true"#) })
            #expect(answers.contains { $0.contains(#""id":2"#) && $0.contains(#""node":"north""#) })

            let status = try await Command.run(["migrate", "status", "--data-dir", folder, "--json"])
            #expect(status.status == 0)
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(status.output.utf8)) }
            let doctor = try await Command.run(["doctor", "--data-dir", folder])
            #expect(doctor.status == 0)
            #expect(!doctor.output.contains("BROKEN"))

            #expect(await node.stop() == 0)
            #expect(Command.serverProcess(dataDirectory: folder) == nil)
            #expect(!FileManager.default.fileExists(atPath: folder + "/database.url"))
        }
    }

    @Test func `a second node joins through the URL file of the first`() async throws {
        try await Command.withFolder { folder in
            let first = try await ServedNode.start(["--data-dir", folder])
            let url = try String(contentsOfFile: folder + "/database.url", encoding: .utf8)
            let second = try await ServedNode.start([
                "--database", url.trimmingCharacters(in: .whitespacesAndNewlines),
            ])
            #expect(try await second.ask(ping).first?.contains(#""pong":true"#) == true)
            #expect(await second.stop() == 0)
            #expect(await first.stop() == 0)
        }
    }

    @Test func `a node starts its PostgreSQL again when somebody kills it`() async throws {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder])
            let server = try #require(Command.serverProcess(dataDirectory: folder))
            kill(server, SIGKILL)
            try await node.says("started PostgreSQL again")
            #expect(Command.serverProcess(dataDirectory: folder) != server)
            #expect(try await Command.run(["migrate", "status", "--data-dir", folder]).status == 0)
            #expect(try await node.ask(ping).first?.contains(#""pong":true"#) == true)
            #expect(await node.stop() == 0)
        }
    }

    @Test func `a node takes over what a killed one left running`() async throws {
        try await Command.withFolder { folder in
            let first = try await ServedNode.start(["--data-dir", folder])
            let server = try #require(Command.serverProcess(dataDirectory: folder))
            first.signal(SIGKILL)
            #expect(await first.ended() == -SIGKILL)

            let second = try await ServedNode.start(["--data-dir", folder])
            try await second.says("took over a running PostgreSQL")
            #expect(Command.serverProcess(dataDirectory: folder) == server)
            #expect(await second.stop() == 0)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a node that is told to stop while its start waits for somebody else stops at once`() async throws {
        // What another node holds while it migrates.
        let lock = SQLStatement("select pg_advisory_lock($1, $2)", .int4(0x686F_6C64), .int4(1))
        try await TestDatabase.empty { database in
            try await database.withSession(after: lock) {
                let node = try ServedNode.launch(["--database", database.url, "--migrate", "--grace", "1h"])
                try await node.says("waiting for another migration")
                #expect(await node.stop() == 0)
                try await node.says("told to stop before it served")
            }
        }
    }

    @Test func `every option can come from the environment and from a file`() async throws {
        try await Command.withFolder { folder in
            let file = folder + "/settings.json"
            try Data(#"{"node":"from-file","dataDir":"/nowhere/at/all"}"#.utf8).write(to: URL(filePath: file))
            let node = try await ServedNode.start(
                ["--config", file], environment: ["HOLDFAST_DATA_DIR": folder])
            let answer = try await node.ask(#"{"jsonrpc":"2.0","id":1,"method":"system.info"}"#)
            #expect(answer.first?.contains(#""node":"from-file""#) == true)
            #expect(await node.stop() == 0)
        }
    }
}
