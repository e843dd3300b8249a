import BusinessHistory
import Foundation
import HPUniversity
import HoldingTenant
import Logging
import Postgres
import PostgresStore
import ResellAndMonitor
import SellThrough
import ServiceDelivery
import SupportCases
import TestSupport
import WorkflowEngine
import WorkflowKit

/// The business on a database of one test's own, with an engine that runs its workflows.
///
/// Requests go the way of a served one, without the socket: checked against the method's schema, and in a transaction
/// that sees what the caller may see.
struct Business: HistoryWorld {
    let database: TestDatabase
    let pool: PostgresPool
    let engine: TestEngine
    private let methods: [String: AnyRPCMethod]

    var node: Node { engine.node }

    /// Published with the Standard Webhooks samples; no real secret.
    static let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let types = PartnerTypes([ResellAndMonitor(), ServiceDelivery()])

    static func plugins(
        runs: any RunLauncher, lives: LifePeriods = .shipped, invitations: InvitationPeriods = .shipped
    ) -> [Plugin] {
        [
            .holdingTenant(
                runs: runs, types: types, linked: Plugin.supportCasesLinked(runs: runs, periods: lives),
                periods: invitations),
            .hpUniversity(runs: runs, secrets: WebhookSecret.list(secret) ?? []), .sellThrough(runs: runs),
            .supportCases(runs: runs, types: types, periods: lives),
        ]
    }

    static func with(
        lives: LifePeriods = .shipped, invitations: InvitationPeriods = .shipped,
        _ body: (Business) async throws -> Void
    ) async throws {
        let runs = LateRunLauncher()
        let plugins = plugins(runs: runs, lives: lives, invitations: invitations)
        let sources = plugins.map { MigrationSource(plugin: $0.name, requires: $0.requires, files: $0.migrations) }
        try await TestDatabase.with(plugins: sources) { database in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let pool = PostgresPool(configuration: try database.configuration, size: 6, logger: logger)
            let engine = TestEngine(try database.configuration, plugins, runs)
            await engine.start()
            let business = Business(
                database: database, pool: pool, engine: engine,
                methods: Dictionary(uniqueKeysWithValues: plugins.flatMap(\.methods).map { ($0.name, $0) }))
            let outcome: Result<Void, any Error>
            do {
                try await body(business)
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            await engine.stop()
            await pool.close()
            try outcome.get()
        }
    }

    /// Calls a method as `caller` and returns its result.
    @discardableResult
    func call(
        _ name: String, _ params: JSON = [:], as caller: Principal?, at now: Timestamp?
    ) async throws -> JSON {
        guard let method = methods[name] else { preconditionFailure("there is no method \(name)") }
        guard method.access.admits(caller?.kind) else { throw RPCError.forbidden("not for this kind") }
        let prepared = try method.prepare(params)
        let context = RPCContext(
            caller: caller, requestID: "request", idempotencyKey: nil, now: now ?? .now, resultBytesMax: 60_000,
            transactions: Transactions(database: PostgresTenancy(pool: pool), caller: caller))
        let result = try await prepared.call(context)
        let errors = method.result.errors(in: result)
        guard errors.isEmpty else { throw JSONFieldErrors(errors) }
        return result
    }

    @discardableResult
    func call(_ name: String, _ params: JSON, as caller: Principal?) async throws -> JSON {
        try await call(name, params, as: caller, at: nil)
    }

    /// The error that a call ends with; nil if it succeeds.
    func refusal(_ name: String, _ params: JSON = [:], as caller: Principal?) async throws -> RPCError? {
        do {
            try await call(name, params, as: caller)
            return nil
        } catch let error as RPCError {
            return error
        }
    }

    /// Waits until the run has ended; how it did.
    func wait(for run: JSON?) async throws -> RunStatus {
        guard let id = run?.stringValue.flatMap({ RunID($0) }) else { preconditionFailure("there is no run id") }
        guard let view = try await node.wait(id, timeout: .seconds(60)) else { throw RPCError.deadlineExceeded("run") }
        return view.status
    }

    /// One value of one row.
    func count(_ statement: SQLStatement) async throws -> Int {
        try await pool.query(statement)[0].int("count")
    }
}

private struct Transactions: RPCTransactions {
    let database: PostgresTenancy
    let caller: Principal?

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(as: caller, readOnly: true, body)
    }

    func change<Value: Encodable & Sendable>(
        _ entity: String, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(as: caller, readOnly: false, body)
    }
}

extension Timestamp {
    static var now: Timestamp {
        Timestamp(microsecondsSince1970: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}

/// A sample file of the repository.
func sample(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Samples")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
}

extension Business {
    /// Makes a partner known and certifies it for "Resell and View/Monitor", by a learner of its own.
    func certify(_ partner: String, statement id: String = UUID().uuidString) async throws {
        let home: JSON = "https://learn.hpuniversity.example"
        try await call(
            "partner.create", ["partnerId": .string(partner), "name": .string("Partner \(partner)")], as: .admin)
        try await call(
            "learner.put",
            ["learnerId": .string("UV\(partner)"), "homePage": home, "partnerId": .string(partner)], as: .university)
        try await complete(partner, statement: id)
    }

    /// The one course of the track, completed by the partner's learner.
    func complete(_ partner: String, statement id: String = UUID().uuidString) async throws {
        let result = try await call(
            "course.complete",
            [
                "statement": [
                    "id": .string(id),
                    "actor": [
                        "account": ["homePage": "https://learn.hpuniversity.example", "name": .string("UV\(partner)")]
                    ],
                    "verb": ["id": "http://adlnet.gov/expapi/verbs/passed"],
                    "object": ["id": "https://learn.hpuniversity.example/courses/000111475"],
                    "timestamp": "2026-03-05T09:12:40Z",
                ]
            ], as: .university)
        guard try await wait(for: result["runId"]) == .completed else { throw RPCError.internalError }
    }

    /// Files a report and waits for its end; the report as its filer reads it.
    func report(_ format: String, _ content: String, as caller: Principal) async throws -> JSON {
        let submitted = try await call(
            "report.submit", ["format": .string(format), "content": .string(content)], as: caller)
        guard let id = submitted["reportId"] else { throw RPCError.internalError }
        return try await call("report.get", ["reportId": id, "waitMs": 60_000], as: caller)
    }

    /// Moves PCs from the partner's page to a customer's dashboard.
    func assign(_ serials: [String], to customer: JSON, of partner: String) async throws {
        try await call(
            "device.transfer",
            [
                "serials": .array(serials.map(JSON.string)), "from": "unassigned", "to": ["customerId": customer],
                "possessionConfirmed": true,
            ], as: .partner(partner))
    }

    /// The serial numbers on a partner's page Unassigned Devices.
    func unassigned(_ partner: String) async throws -> [String] {
        let page = try await call("device.list", ["place": "unassigned"], as: .partner(partner))
        return (page["items"]?.arrayValue ?? []).compactMap { $0["serial"]?.stringValue }.sorted()
    }

    /// The outcome and the detail of one serial number, as `partner` reads it.
    func trace(_ serial: String, as caller: Principal) async throws -> String {
        let item = try await call("device.trace", ["serials": [.string(serial)]], as: caller)["items"]?[0]
        let detail = item?["detail"]?.stringValue.map { " \($0)" } ?? ""
        return (item?["outcome"]?.stringValue ?? "") + detail
    }
}
