import BusinessHistory
import Foundation
import Glibc
import Postgres
import PostgresStore
import RPCServer
import RequirementTags
import Synchronization
import TestSupport
import Testing
import WireClient
import WorkflowKit

/// Random histories through the protocol, with the server killed again and again.
///
/// `HOLDFAST_OPERATIONS` sets the number of operations, `HOLDFAST_SEED` the history and the moments of death.
@Suite(.serialized, .requirement("D4", "D6", "D17", "D29", "D34", "D36"))
struct KilledHistoryTests {
    @Test func `in any history all of it holds although the server is killed at any moment`() async throws {
        let seed = testSeed("histories with a killed server")
        let total = ProcessInfo.processInfo.environment["HOLDFAST_OPERATIONS"].flatMap { Int($0) } ?? 300
        try await TestDatabase.empty { database in
            let pool = PostgresPool(
                configuration: try database.configuration, size: 2, logger: TestCluster.logger)
            let mortal = try await MortalServer(database, pool, seed: seed)
            do {
                var history = RandomHistory(mortal, seed: seed, devices: 40)
                try await history.begin()
                await mortal.beginToDie()
                var done = 0
                while done < total {
                    for _ in 0..<50 { try await history.step(waits: done.isMultiple(of: 3)) }
                    done += 50
                    try await history.settle()
                    let broken = try await Invariants.broken(pool)
                    #expect(broken == [], "after \(done) operations")
                    guard broken.isEmpty else { break }
                    let before = try await Invariants.digest(pool)
                    let repeated = try await history.repeatSomething()
                    try await history.settle()
                    let after = try await Invariants.digest(pool)
                    #expect(after == before, "\(repeated ?? "") changed something when it came again")
                }
                let deaths = await mortal.deaths
                print("histories with a killed server: \(history.carriedOut) carried out, \(deaths) deaths")
                #expect(deaths > 0)
            } catch {
                await mortal.end()
                await pool.close()
                throw error
            }
            await mortal.end()
            await pool.close()
        }
    }
}

/// A server that dies now and then, and the clients that do not let that deter them: what was not answered is asked
/// again with the same idempotency key.
private actor MortalServer: HistoryWorld {
    private let arguments: [String]
    private let principals: PostgresPrincipals
    private var node: ServedNode
    private var clients: [Principal: TestClient] = [:]
    private var tokens: [Principal: String] = [:]
    private var generator: SeededGenerator
    private var keyNumber = 0
    private var requestsToLive = Int.max
    private(set) var deaths = 0

    init(_ database: TestDatabase, _ pool: PostgresPool, seed: UInt64) async throws {
        arguments = ["--database", database.url, "--migrate"]
        principals = PostgresPrincipals(pool: pool, clock: { Self.now })
        generator = SeededGenerator(seed: seed &+ 1)
        node = try await ServedNode.start(arguments)
    }

    private static var now: Timestamp {
        Timestamp(microsecondsSince1970: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    func beginToDie() { requestsToLive = Int.random(in: 5...40, using: &generator) }

    func end() async {
        node.signal(SIGKILL)
        _ = await node.ended()
    }

    private func dieAndRise() async throws {
        node.signal(SIGKILL)
        _ = await node.ended()
        for client in clients.values { try? await client.close() }
        clients = [:]
        deaths += 1
        beginToDie()
        node = try await ServedNode.start(arguments)
    }

    // MARK: Requests

    func call(_ method: String, _ params: JSON, as caller: Principal?) async throws -> JSON {
        let params = keyed(method, params)
        while true {
            let answer = try await answer(method, params, caller)
            if let result = answer?["result"] { return result }
            guard let error = answer?["error"] else { continue }
            let code = error["code"]?.intValue.flatMap { RPCError.Code(rawValue: Int($0)) } ?? .internalError
            if code == .unavailable || code == .outcomeUnknown { continue }
            throw RPCError(
                code, type: error["data"]?["type"]?.stringValue ?? "",
                "\(method): \(error["message"]?.stringValue ?? "")")
        }
    }

    func wait(for run: JSON?) async throws -> RunStatus {
        guard let run else { preconditionFailure("there is no run") }
        while true {
            let ended = try await call("run.wait", ["runId": run, "timeoutMs": 60_000], as: .admin)
            if let status = ended["status"]?.stringValue.flatMap(RunStatus.init), status.isEnd { return status }
        }
    }

    private static let reads: Set<String> = ["device.trace", "device.list", "alert.list", "run.wait"]

    /// The parameters with an idempotency key, if the method changes something.
    private func keyed(_ method: String, _ params: JSON) -> JSON {
        guard !Self.reads.contains(method), var object = params.objectValue else { return params }
        keyNumber += 1
        object["idempotencyKey"] = .string("history-\(keyNumber)")
        return .object(object)
    }

    /// Nil when the connection was lost. When its time has come the server dies before it can have read the request,
    /// while it may be at work on it, or when it has just answered.
    private func answer(_ method: String, _ params: JSON, _ caller: Principal?) async throws -> JSON? {
        requestsToLive -= 1
        let death = requestsToLive < 0 ? Int.random(in: 0..<3, using: &generator) : nil
        guard let client = try await client(of: caller) else { return nil }
        if death == 0 {
            try await dieAndRise()
            return nil
        }
        let turns = Int.random(in: 0..<1_000, using: &generator)
        let node = node
        let answered = try? await client.call(method, params) {
            guard death == 1 else { return }
            for _ in 0..<turns { await Task.yield() }
            node.signal(SIGKILL)
        }
        if death != nil || answered == nil { try await dieAndRise() }
        return answered
    }

    private func client(of caller: Principal?) async throws -> TestClient? {
        guard let caller else { return try await TestClient(port: try await node.port()) }
        if let client = clients[caller] { return client }
        let token = try await token(of: caller)
        let client = try await TestClient(port: try await node.port())
        let opened = try await client.call("session.open", ["token": .string(token)])
        guard opened["result"] != nil else { throw Failure.permanent("history", opened.text) }
        clients[caller] = client
        return client
    }

    private func token(of caller: Principal) async throws -> String {
        if let token = tokens[caller] { return token }
        var secure = SystemRandomNumberGenerator()
        let token = Token.random(kind: caller.kind, using: &secure)
        try await principals.create(
            id: "t-\(tokens.count)", principal: caller, hash: token.hash, expiresAt: Self.now + .seconds(86_400))
        tokens[caller] = token.text
        return token.text
    }
}
