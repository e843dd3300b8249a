import Foundation
import TestSupport
import Testing
import WireClient
import WorkflowKit

/// What belongs to somebody else is answered as what does not exist, by every method that discovery lists; and the
/// database alone would show nothing of it either.
@Suite struct IsolationTests {
    /// Callers to whom nothing of the story belongs.
    private static let strangers: [(kind: String, arguments: [String])] = [
        ("partner", ["--kind", "partner", "--partner", "P-STRANGER"]),
        ("customer", ["--kind", "customer", "--customer", "C-STRANGER"]),
        ("device", ["--kind", "device", "--serial", "5CD0000STR"]),
        ("reporter", ["--kind", "reporter", "--reporter", "R-STRANGER"]),
    ]

    /// Where the story left identifiers, by the parameter that takes them.
    private static let identifiers: [(parameter: String, query: String)] = [
        ("customerId", "select customer_id::text as dump from holding.customer order by 1 limit 1"),
        ("partnerId", "select partner_id as dump from holding.partner order by 1 limit 1"),
        ("serial", "select serial as dump from holding.device order by 1 limit 1"),
        ("alertId", "select alert_id::text as dump from support_cases.alert order by 1 limit 1"),
        ("caseId", "select case_id::text as dump from support_cases.repair_case order by 1 limit 1"),
        ("requestId", "select request_id::text as dump from support_cases.request order by 1 limit 1"),
        ("reportId", "select report_id::text as dump from sell_through.report order by 1 limit 1"),
        ("uploadId", "select upload_id::text as dump from holding.upload order by 1 limit 1"),
        ("transferId", "select transfer_id::text as dump from holding.transfer order by 1 limit 1"),
        ("runId", "select run_id::text as dump from holdfast.run_closed order by 1 limit 1"),
    ]

    /// A PC that was reported for another partner is told as under review, and one that nobody reported as such: it is
    /// what a partner whose PCs are missing asks for.
    private static let tellsOfOthers: Set<String> = ["device.trace", "support.open", "support.reply"]

    /// An identifier of the same shape that nobody has.
    private static func nobodys(_ identifier: String) -> String {
        UUID(uuidString: identifier) == nil
            ? String(identifier.map { $0.isNumber ? "9" : $0 }) : UUID().uuidString.lowercased()
    }

    @Test func `no method tells somebody else's entity from none`() async throws {
        try await Self.afterTheStory { node, database in
            var known: [String: String] = [:]
            for (parameter, query) in Self.identifiers {
                let found = try await database.text(query)
                #expect(!found.isEmpty, "the story has no \(parameter)")
                known[parameter] = found
            }
            var compared = 0
            for (kind, arguments) in Self.strangers {
                let token = try #require(try await ProvenNode.token(arguments, database)["token"])
                let client = try await TestClient(port: try await node.port())
                _ = try await client.call("session.open", ["token": token, "maxLineBytes": 16_777_216])
                let document = try await client.call("rpc.discover")
                for method in document["result"]?["methods"]?.arrayValue ?? [] {
                    let name = try #require(method["name"]?.stringValue)
                    let params = method["params"]?.arrayValue ?? []
                    for param in params where !Self.tellsOfOthers.contains(name) || param["name"] != "serials" {
                        guard let parameter = param["name"]?.stringValue,
                            let foreign = known[parameter == "serials" ? "serial" : parameter]
                        else { continue }
                        let request = Self.request(params, known)
                        let theirs = try await Self.answer(client, name, request, parameter, foreign)
                        let nothing = try await Self.answer(client, name, request, parameter, Self.nobodys(foreign))
                        #expect(theirs == nothing, "\(kind): \(name) \(parameter)")
                        compared += 1
                    }
                }
                try await client.close()
            }
            #expect(compared > 60)
        }
    }

    /// Required parameters with values that their schemas admit; identifiers are those that nobody has.
    private static func request(_ params: [JSON], _ known: [String: String]) -> JSONObject {
        var request: JSONObject = [:]
        for param in params where param["required"] == true {
            guard let name = param["name"]?.stringValue, let schema = param["schema"] else { continue }
            request[name] = known[name].map { .string(nobodys($0)) } ?? example(schema)
        }
        return request
    }

    private static func example(_ schema: JSON) -> JSON {
        if let word = schema["enum"]?.arrayValue?.first { return word }
        if let first = schema["anyOf"]?.arrayValue?.first { return example(first) }
        switch schema["type"]?.stringValue {
        case "boolean": return true
        case "integer": return .int(max(schema["minimum"]?.intValue ?? 1, 1))
        case "array": return schema["items"].map { .array([example($0)]) } ?? []
        case "object":
            var object: JSONObject = [:]
            for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
                object[name] = schema["properties"]?[name].map(example) ?? "x"
            }
            return .object(object)
        case "string" where schema["format"] == "date-time": return "2026-01-01T00:00:00.000Z"
        case "string" where schema["format"] == "uuid": return .string(UUID().uuidString.lowercased())
        default: return "example"
        }
    }

    /// The answer without what differs by nature: the id of the request, and the identifier itself.
    private static func answer(
        _ client: TestClient, _ method: String, _ request: JSONObject, _ parameter: String, _ identifier: String
    ) async throws -> String {
        var params = request
        params[parameter] = parameter == "serials" ? [.string(identifier)] : .string(identifier)
        var answer = try await client.call(method, .object(params))
        if let id = answer["error"]?["data"]?["requestId"]?.stringValue {
            answer = try JSON(parsing: answer.text.replacing(id, with: "REQUEST"))
        }
        // What a request makes new has a number and a time of its own.
        return answer.text.replacing(identifier, with: "IDENTIFIER")
            .replacing(#/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/#, with: "ID")
            .replacing(#/\d{4}-\d\d-\d\dT[0-9:.]*Z/#, with: "TIME")
    }

    @Test func `row-level security alone shows a stranger no row of any table`() async throws {
        try await Self.afterTheStory { _, database in
            let tables = try await database.text(
                """
                select string_agg(format('%I.%I', table_schema, table_name), ',') as dump
                from information_schema.role_table_grants
                where grantee = 'holdfast_tenant' and privilege_type = 'SELECT'
                """)
            var filled = 0
            for table in tables.split(separator: ",") {
                let all = try await database.text("select count(*)::text as dump from \(table)")
                if all != "0" { filled += 1 }
                for caller in [
                    ("partner:P-STRANGER", "P-STRANGER", "", "", ""), ("reporter:R-STRANGER", "", "R-STRANGER", "", ""),
                    ("device:5CD0000STR", "", "", "5CD0000STR", ""), ("customer:C-STRANGER", "", "", "", "C-STRANGER"),
                    ("partner:", "", "", "", ""),
                ] {
                    let seen = try await database.text(
                        "select count(*)::text as dump from \(table)",
                        after: SQLStatement(
                            """
                            select set_config('holdfast.caller', $1, false),
                                set_config('holdfast.partner', $2, false),
                                set_config('holdfast.reporter', $3, false),
                                set_config('holdfast.serial', $4, false),
                                set_config('holdfast.customer', $5, false),
                                set_config('role', 'holdfast_tenant', false)
                            """, .text(caller.0), .text(caller.1), .text(caller.2), .text(caller.3), .text(caller.4)))
                    #expect(seen == "0", "\(caller.0) sees \(seen) of \(all) rows of \(table)")
                }
            }
            #expect(filled >= 10)
        }
    }

    /// A node on whose database the whole story was played.
    private static func afterTheStory(
        _ body: (ServedNode, TestDatabase) async throws -> Void
    ) async throws {
        let samples = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Samples").standardizedFileURL.path
        try await TestDatabase.empty { database in
            try await ServedNode.serving(["--database", database.url, "--migrate"]) { node in
                let told = try await Command.run([
                    "demo", "--server", "127.0.0.1:\(try await node.port())", "--database", database.url,
                    "--samples", samples,
                ])
                try #require(told.status == 0, "\(told.errors)")
                try await body(node, database)
            }
        }
    }
}
