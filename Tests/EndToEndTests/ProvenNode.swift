import Foundation
import TestSupport
import Testing
import WireClient
import WorkflowKit

/// One node with the canary that all tests of the protocol share, and a token of each kind.
struct ProvenNode: Sendable {
    let node: ServedNode
    let port: Int
    let database: TestDatabase
    /// By kind; partner-2 is another partner.
    let tokens: [String: String]

    /// The node of the suite that is running.
    @TaskLocal static var current: ProvenNode?

    static func required() throws -> ProvenNode { try #require(current) }

    private static let callers: [(name: String, arguments: [String])] = [
        ("admin", ["--kind", "admin"]), ("admin-2", ["--kind", "admin", "--name", "second"]),
        ("partner", ["--kind", "partner", "--partner", "P-1001"]),
        ("partner-2", ["--kind", "partner", "--partner", "P-2002"]),
        ("reporter", ["--kind", "reporter", "--reporter", "R-1"]), ("university", ["--kind", "university"]),
        ("device", ["--kind", "device", "--serial", "5CD1234ABC"]),
        ("customer", ["--kind", "customer", "--customer", "C-1"]), ("support", ["--kind", "support"]),
    ]

    static func with(_ body: (ProvenNode) async throws -> Void) async throws {
        try await TestDatabase.empty { database in
            try await ServedNode.serving(["--database", database.url, "--migrate", "--canary"]) { node in
                var tokens: [String: String] = [:]
                for caller in callers {
                    tokens[caller.name] = try await token(caller.arguments, database)["token"]?.stringValue
                }
                try await body(
                    ProvenNode(node: node, port: try await node.port(), database: database, tokens: tokens))
            }
        }
    }

    /// Makes one more token; what the command prints.
    static func token(_ arguments: [String], _ database: TestDatabase) async throws -> JSON {
        let made = try await Command.run(
            ["token", "create", "--json", "--database", database.url] + arguments)
        try #require(made.status == 0, "\(made.errors)")
        return try JSON(parsing: made.output)
    }

    /// A connection with a session, unless `kind` is `nobody`.
    func connect(as kind: String, _ params: JSONObject = [:]) async throws -> TestClient {
        let client = try await TestClient(port: port)
        guard kind != "nobody" else { return client }
        var params = params
        params["token"] = .string(try #require(tokens[kind]))
        let answer = try await client.call("session.open", .object(params))
        try #require(answer["result"] != nil, "\(answer.text)")
        return client
    }
}

/// Starts the one node before the first test of a suite and stops it after the last.
struct ProvenNodeTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await ProvenNode.with { node in
            try await ProvenNode.$current.withValue(node) { try await function() }
        }
    }
}

extension Trait where Self == ProvenNodeTrait {
    static var provenNode: Self { Self() }
}

/// Everything that is tried on the one shared node.
@Suite(.provenNode, .serialized) struct ProtocolTests {}
