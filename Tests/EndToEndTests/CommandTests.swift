import Foundation
import TestSupport
import Testing
import WireClient
import WorkflowKit

/// Commands that work beside a server which runs.
@Suite struct CommandTests {
    private func json(_ outcome: Command.Outcome) throws -> JSON {
        #expect(outcome.output.split(separator: "\n").count == 1)
        return try JSON(parsing: outcome.output.trimmingCharacters(in: .newlines))
    }

    @Test(arguments: [
        (["call", "system.ping", "--json", "--server", "127.0.0.1:1"], 69),
        (["token", "create", "--kind", "partner", "--json", "--data-dir", "/nowhere"], 64),
        (["doctor", "--json", "--config", "/nowhere.json"], 78),
    ])
    func `whoever asks for a document gets one, also when the command cannot be carried out`(
        arguments: [String], status: Int
    ) async throws {
        let outcome = try await Command.run(arguments)
        #expect(outcome.status == status)
        #expect(try json(outcome)["error"]?["exitCode"] == .int(status))
        #expect(outcome.errors.hasPrefix("holdfast: "))
    }

    @Test func `every change is in the audit log, and a link that was tampered with is named`() async throws {
        try await TestDatabase.empty { database in
            try await ServedNode.serving(["--database", database.url, "--migrate", "--canary"]) { node in
                let made = try await ProvenNode.token(["--kind", "admin"], database)
                let client = try await TestClient(port: try await node.port())
                _ = try await client.call("session.open", ["token": try #require(made["token"])])
                let start: JSON = ["workflow": "canary.sleep", "input": ["ms": 86_400_000], "key": "audited"]
                let run = try #require(try await client.call("run.start", start)["result"]?["runId"]?.stringValue)
                let changes: [(method: String, params: JSON, entity: String)] = [
                    ("run.pause", ["runId": .string(run)], "run:\(run)"),
                    ("run.resume", ["runId": .string(run)], "run:\(run)"),
                    ("run.signal", ["runId": .string(run), "name": "s"], "run:\(run)"),
                    ("run.signal", ["runId": .string(run), "name": "s", "idempotencyKey": "k"], "run:\(run)"),
                    ("run.cancel", ["runId": .string(run)], "run:\(run)"),
                    (
                        "schedule.put",
                        [
                            "name": "n", "workflow": "canary.steps", "input": ["steps": 1], "everyMs": 86_400_000,
                            "missed": "skip", "overlap": "allow",
                        ], "schedule:n"
                    ),
                    ("partner.create", ["partnerId": "P-1", "name": "One"], "partner:P-1"),
                ]
                for change in changes {
                    let answer = try await client.call(change.method, change.params)
                    #expect(answer["result"] != nil, "\(change.method): \(answer.text)")
                    let count = try await database.text(
                        """
                        select count(*)::text as dump from holdfast.audit_entry
                        where principal = 'admin:admin' and method = '\(change.method)'
                            and entity = '\(change.entity)' and request_id <> ''
                        """)
                    #expect(count != "0", "\(change.method)")
                }
                let many = try await client.call(
                    "run.startMany",
                    ["runs": .array(Array(repeating: ["workflow": "canary.steps", "input": ["steps": 0]], count: 20))])
                #expect(many["result"]?["items"]?.arrayValue?.count == 20)
                let counts = try await database.text(
                    """
                    select string_agg(method || ' ' || count, ',' order by method) as dump from (
                        select method, count(*) from holdfast.audit_entry
                        where method in ('run.start', 'run.startMany', 'token.create') group by method) as t
                    """)
                #expect(counts == "run.start 1,run.startMany 20,token.create 1")

                // A refused request changes nothing, and reading neither.
                let before = try await database.text("select count(*)::text as dump from holdfast.audit_entry")
                _ = try await client.call("run.cancel", ["runId": .string(run)])
                _ = try await client.call("run.list")
                #expect(before == (try await database.text("select count(*)::text as dump from holdfast.audit_entry")))

                let whole = try await Command.run(["audit", "verify", "--json", "--database", database.url])
                #expect(whole.status == 0, "\(whole.errors)")
                #expect(try json(whole)["whole"] == true)

                try await database.administer(
                    """
                    alter table holdfast.audit_log disable trigger audit_log_is_append_only;
                    update holdfast.audit_log set entries = replace(entries, 'run.startMany', 'run.start')
                    where entries like '%run.startMany%';
                    """)
                let broken = try await Command.run(["audit", "verify", "--json", "--database", database.url])
                #expect(broken.status == 1)
                #expect(broken.errors.contains("the audit log is not whole: entry "))
                #expect(try json(broken)["whole"] == false)
                try await client.close()
            }
        }
    }

    @Test func `watch prints events as JSON lines and goes on where it stopped`() async throws {
        try await TestDatabase.empty { database in
            try await ServedNode.serving(["--database", database.url, "--migrate", "--canary"]) { node in
                let port = try await node.port()
                let made = try await ProvenNode.token(["--kind", "admin"], database)
                let token = try #require(made["token"]?.stringValue)
                let client = try await TestClient(port: port)
                _ = try await client.call("session.open", ["token": .string(token)])
                func finish(_ key: String) async throws {
                    let started = try await client.call(
                        "run.start", ["workflow": "canary.steps", "input": ["steps": 0], "key": .string(key)])
                    let run = try #require(started["result"]?["runId"])
                    _ = try await client.call("run.wait", ["runId": run, "timeoutMs": 60_000])
                }
                func watch(_ arguments: String...) async throws -> [JSON] {
                    let outcome = try await Command.run(
                        ["watch", "run.ended", "--server", "127.0.0.1:\(port)"] + arguments,
                        environment: ["HOLDFAST_TOKEN": token])
                    #expect(outcome.status == 0, "\(outcome.errors)")
                    return try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
                }
                for key in ["one", "two", "three"] { try await finish(key) }
                let first = try await watch("--name", "w", "--after", "beginning", "--count", "2")
                #expect(first.map { $0["data"]?["key"] } == ["one", "two"])
                #expect(first.allSatisfy { $0["type"] == "run.ended" && $0["cursor"] != nil && $0["at"] != nil })
                let second = try await watch("--name", "w", "--count", "1")
                #expect(second.map { $0["data"]?["key"] } == ["three"])
                try await client.close()

                let refused = try await Command.run(
                    ["watch", "--server", "127.0.0.1:\(port)"],
                    environment: ["HOLDFAST_TOKEN": "hf_admin_" + String(repeating: "x", count: 32)])
                #expect(refused.status == 77)
            }
            let gone = try await Command.run(["watch", "--server", "127.0.0.1:1"])
            #expect(gone.status == 69)
        }
    }

    @Test func `bench prints one line for each level`() async throws {
        try await TestDatabase.empty { database in
            #expect(try await Command.run(["bench", "--database", database.url]).status == 78)
            #expect(try await Command.run(["migrate", "up", "--database", database.url]).status == 0)
            let outcome = try await Command.run([
                "bench", "--runs", "20", "--concurrency", "1,4", "--json", "--database", database.url,
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let lines = try json(outcome)["lines"]?.arrayValue ?? []
            #expect(lines.map { $0["concurrency"] } == [1, 4])
            #expect(lines.allSatisfy { ($0["runsPerSecond"]?.doubleValue ?? 0) > 0 })
        }
        #expect(try await Command.run(["bench", "--concurrency", "none"]).status == 64)
    }

    @Test func `shells get their completions`() async throws {
        for shell in ["bash", "zsh", "fish"] {
            let outcome = try await Command.run(["--generate-completion-script", shell])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("watch") && outcome.output.contains("tls-cert"))
        }
    }

    @Test func `a new plugin is written into a checkout only, and listed where plugins are listed`() async throws {
        let repository = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        try await Command.withFolder { folder in
            let nowhere = try await Command.run(["plugin", "new", "Invoices"], folder: folder)
            #expect(nowhere.status == 64)
            #expect(nowhere.errors.contains("checkout"))

            let lists = ["Package.swift", "Sources/holdfast/Plugins.swift", "Tests/RepositoryTests/ImportTests.swift"]
            for path in lists {
                let target = URL(filePath: folder).appending(path: path)
                try FileManager.default.createDirectory(
                    at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: repository.appending(path: path), to: target)
            }
            try FileManager.default.createDirectory(atPath: folder + "/Plugins", withIntermediateDirectories: true)
            #expect(try await Command.run(["plugin", "new", "no-module"], folder: folder).status == 64)
            let made = try await Command.run(["plugin", "new", "RepairParts", "--json"], folder: folder)
            #expect(made.status == 0, "\(made.errors)")
            #expect(try json(made)["files"]?.arrayValue?.count == 6)
            #expect(try await Command.run(["plugin", "new", "Apples"], folder: folder).status == 0)
            for path in lists {
                let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
                #expect(text.contains("RepairParts") && text.contains("Apples"), "\(path)")
            }
            let plugins = try String(contentsOfFile: "\(folder)/\(lists[1])", encoding: .utf8)
            let imports = plugins.split(separator: "\n").prefix { $0.hasPrefix("import ") }
            #expect(imports.contains("import Apples") && imports.contains("import RepairParts"))
            #expect(imports.elementsEqual(imports.sorted()))
            let workflow = try String(
                contentsOfFile: folder + "/Plugins/RepairParts/RepairPartsGreeting.swift", encoding: .utf8)
            #expect(workflow.contains(#"static let name = "repair-parts.greeting""#))
            #expect(try await Command.run(["plugin", "new", "RepairParts"], folder: folder).status == 1)
        }
    }
}
