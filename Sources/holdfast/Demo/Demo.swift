import Foundation
import Logging
import Postgres
import PostgresStore
import RPCServer
import WorkflowKit

/// Plays the whole story against a server, through its protocol: from a completed course and real report files to PCs
/// in the right places, a repaired PC and an answered support request.
struct Demo: Sendable {
    let address: ListenAddress
    let authority: String?
    /// Where the tokens of those who play are made, by the administrator's right to the database.
    let database: PostgresConfiguration
    /// Folder of the sample files.
    let samples: String

    func play(_ tell: @escaping @Sendable (String) -> Void) async throws {
        let stage = Stage(address: address, authority: authority, samples: samples, tell: tell)
        _ = try stage.sample("report-867.x12")
        let pool = PostgresPool(configuration: database, size: 1, logger: Logger(label: "holdfast.demo"))
        let tokens = Tokens(pool: pool)
        var issued: [IssuedToken] = []
        let outcome: Result<Void, any Error>
        do {
            for principal in Self.principals(stage.cast) {
                issued.append(try await tokens.issue(principal, for: .seconds(3_600)))
            }
            let players = Players(issued)
            try await CallError.asRefusal { try await Story(stage: stage, players: players).play() }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        for token in issued { _ = try? await tokens.principals.revoke(id: token.tokenID) }
        await pool.close()
        try outcome.get()
    }

    private static func principals(_ cast: Cast) -> [Principal] {
        let partner = cast[Cast.partner]
        let distributor = cast[Cast.distributor]
        let named = [PrincipalKind.admin, .university, .support].map { kind in
            Principal(kind: kind, id: "demo", name: "demo")
        }
        let devices = Cast.serials.map { name in
            Principal(kind: .device, id: cast[name], name: cast[name], serial: cast[name])
        }
        return named + devices + [
            Principal(kind: .partner, id: partner, name: "demo", partnerID: partner),
            Principal(kind: .reporter, id: distributor, name: "demo", reporterID: distributor),
        ]
    }
}

/// Prints a line at once, also where standard output is a file or a pipe.
func printNow(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// The tokens of those who play.
struct Players: Sendable {
    private var tokens: [String: String] = [:]

    init(_ issued: [IssuedToken]) {
        for token in issued {
            let principal = token.principal
            tokens[principal.kind == .device ? principal.id : principal.kind.rawValue] = token.token.text
        }
    }

    private func token(_ name: String) -> String {
        guard let token = tokens[name] else { preconditionFailure("nobody plays \(name)") }
        return token
    }

    var admin: String { token("admin") }
    var university: String { token("university") }
    var support: String { token("support") }
    var partner: String { token("partner") }
    var distributor: String { token("reporter") }
    /// The agent on the PC with that serial number.
    func device(_ serial: String) -> String { token(serial) }
}
