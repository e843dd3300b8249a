import ArgumentParser
import Foundation
import Logging
import Postgres
import PostgresStore
import RPCServer
import WorkflowKit

/// `holdfast token`: credentials, straight in the database.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Creates, lists, revokes and rotates the tokens that callers show.",
        discussion: """
            Tokens are kept as a hash only: what "create" and "rotate" print is shown this once. All of it works while \
            nodes run; a revoked token's sessions end within a second.
            """,
        subcommands: [Create.self, List.self, Revoke.self, Rotate.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Creates a token and prints it.")

        @OptionGroup var database: DatabaseOptions
        @Option(help: "admin, partner, reporter, university, device, customer or support.")
        var kind: String
        @Option(help: "The partner that the caller is bound to (kinds partner and reporter).")
        var partner: String?
        @Option(help: "The reporter that the caller is (kind reporter).")
        var reporter: String?
        @Option(help: "The PC that the caller runs on (kind device).")
        var serial: String?
        @Option(help: "The customer that the caller belongs to (kind customer).")
        var customer: String?
        @Option(help: "A name for lists and logs.")
        var name: String?
        @Option(help: "How long it is good: a number and s, m, h or d.")
        var expires = "90d"
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let principal = try principal()
            guard let life = Duration(short: expires) else {
                throw Refusal(.usage, "--expires takes a number and s, m, h or d, as in 90d, not \"\(expires)\"")
            }
            let issued = try await withTokens(database) { tokens in
                try await tokens.issue(principal, for: life)
            }
            issued.tell(asJSON: json)
        }

        private func principal() throws -> Principal {
            guard let kind = PrincipalKind(rawValue: kind) else {
                let kinds = PrincipalKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal(.usage, "--kind is one of \(kinds), not \"\(self.kind)\"")
            }
            func needed(_ value: String?, _ option: String) throws -> String {
                guard let value, !value.isEmpty else {
                    throw Refusal(.usage, "a token of kind \(kind.rawValue) needs \(option)")
                }
                return value
            }
            let id =
                switch kind {
                case .partner: try needed(partner, "--partner")
                case .reporter: try needed(reporter ?? partner, "--reporter")
                case .device: try needed(serial, "--serial")
                case .customer: try needed(customer, "--customer")
                case .admin, .university, .support: name ?? kind.rawValue
                }
            return Principal(
                kind: kind, id: id, name: name ?? id, partnerID: partner,
                reporterID: kind == .reporter ? reporter ?? partner : nil, serial: serial, customerID: customer)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists all tokens; never the secrets.")

        @OptionGroup var database: DatabaseOptions
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let listed = try await withTokens(database) { try await $0.principals.list() }
            let now = wallClock()
            let items = listed.map { token -> JSON in
                [
                    "tokenId": .string(token.tokenID), "kind": .string(token.principal.kind.rawValue),
                    "id": .string(token.principal.id), "name": .string(token.principal.name),
                    "expiresAt": .string(token.life.end.rfc3339()), "good": .bool(token.life.isGood(at: now)),
                ]
            }
            if json { return print(JSON.object(JSONObject(uniqueMembers: [("items", .array(items))])).text) }
            for token in listed {
                let state = token.life.isGood(at: now) ? "good until" : "ended"
                print("\(token.tokenID)  \(token.principal.qualifiedID)  \(state) \(token.life.end.rfc3339())")
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ends a token at once.")

        @OptionGroup var database: DatabaseOptions
        @Argument(help: "The token's id, as \"list\" shows it.")
        var tokenId: String
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            guard try await withTokens(database, { try await $0.revoke(tokenId) }) else {
                throw Refusal(
                    .failed, "there is no token \"\(tokenId)\" that is good; \"holdfast token list\" shows them")
            }
            print(json ? "{\"revoked\":true}" : "revoked")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replaces a token by a new one; the old one stays good for a while.")

        @OptionGroup var database: DatabaseOptions
        @Argument(help: "The token's id, as \"list\" shows it.")
        var tokenId: String
        @Option(help: "How long the old token stays good: a number and s, m, h or d.")
        var overlap = "1d"
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            guard let overlap = Duration(short: overlap) else {
                throw Refusal(.usage, "--overlap takes a number and s, m, h or d, as in 1d")
            }
            let issued = try await withTokens(database) { try await $0.rotate(tokenId, overlap: overlap) }
            guard let issued else {
                throw Refusal(.failed, "there is no token \"\(tokenId)\" that is good and was not rotated before")
            }
            issued.tell(asJSON: json)
        }
    }
}

/// A token on the one occasion on which it is shown.
struct IssuedToken {
    let token: Token
    let tokenID: String
    let principal: Principal
    let expiresAt: Timestamp

    func tell(asJSON: Bool) {
        guard asJSON else {
            print(token.text)
            return
        }
        let document: JSON = [
            "token": .string(token.text), "tokenId": .string(tokenID),
            "principal": [
                "kind": .string(principal.kind.rawValue), "id": .string(principal.id), "name": .string(principal.name),
                "scopes": .array(principal.scopes.map(JSON.string)),
            ],
            "expiresAt": .string(expiresAt.rfc3339()),
        ]
        print(document.text)
    }
}

/// The tokens of one database.
struct Tokens {
    let principals: PostgresPrincipals

    init(pool: PostgresPool) { principals = PostgresPrincipals(pool: pool, clock: wallClock) }

    func issue(_ principal: Principal, for life: Duration) async throws -> IssuedToken {
        var generator = SystemRandomNumberGenerator()
        let token = Token.random(kind: principal.kind, using: &generator)
        let id = Self.newID()
        let expiresAt = wallClock() + life
        try await principals.create(
            id: id, principal: principal, hash: token.hash, expiresAt: expiresAt,
            audit: Self.audit("token.create", id))
        return IssuedToken(token: token, tokenID: id, principal: principal, expiresAt: expiresAt)
    }

    /// False if there is no such token.
    func revoke(_ id: String) async throws -> Bool {
        try await principals.revoke(id: id, audit: Self.audit("token.revoke", id))
    }

    /// What the audit log says of a change from the command line: the user of this machine made it.
    private static func audit(_ command: String, _ id: String) -> AuditEntry {
        AuditEntry(
            at: wallClock(), principal: "command-line:\(NSUserName())", method: command, entity: "token:\(id)",
            requestID: UUID().uuidString.lowercased())
    }

    func rotate(_ id: String, overlap: Duration) async throws -> IssuedToken? {
        var generator = SystemRandomNumberGenerator()
        guard let kind = try await principals.list().first(where: { $0.tokenID == id })?.principal.kind else {
            return nil
        }
        let token = Token.random(kind: kind, using: &generator)
        let newID = Self.newID()
        switch try await principals.rotate(
            id: id, newID: newID, newHash: token.hash, overlap: overlap, audit: Self.audit("token.rotate", id))
        {
        case .notGood: return nil
        case .rotated(let principal, let expiresAt):
            return IssuedToken(token: token, tokenID: newID, principal: principal, expiresAt: expiresAt)
        }
    }

    private static func newID() -> String { "tok_" + UUID().uuidString.lowercased() }
}

/// Calls `body` with the tokens of the database that the options name.
private func withTokens<Result: Sendable>(
    _ options: DatabaseOptions, _ body: @Sendable (Tokens) async throws -> Result
) async throws -> Result {
    let logger = Logger(label: "holdfast.token")
    return try await options.resolved().withDatabase(logger: logger) { configuration in
        let pool = PostgresPool(configuration: configuration, size: 1, logger: logger)
        do {
            let result = try await body(Tokens(pool: pool))
            await pool.close()
            return result
        } catch {
            await pool.close()
            throw error
        }
    }
}

extension Duration {
    /// A whole number and `s`, `m`, `h` or `d`: `90d`.
    init?(short text: String) {
        let seconds = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = text.last.flatMap({ seconds[String($0)] }), let count = Int(text.dropLast()), count > 0,
            count <= 100_000
        else { return nil }
        self = .seconds(count * unit)
    }
}
