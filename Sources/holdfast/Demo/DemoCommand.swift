import ArgumentParser
import Logging
import Postgres
import PostgresStore
import WorkflowKit

/// `holdfast demo`: the whole story against a running server.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Plays the whole story against a running server, and prints each step.",
        discussion: """
            Plays with the sample files of the repository: a partner completes its courses, a distributor reports what \
            it sold, PCs come to the right places, a fault becomes a repair, and HP answers a support request. \
            Partners, PCs and tokens are fresh each time, so it can be played as often as you like; the tokens, which \
            it makes in the server's database, are revoked at the end.
            """)

    @Option(help: "HOST:PORT of the server (default: 127.0.0.1:7420).")
    var server: String?
    @Option(help: "Certificates (PEM) by which the server's own is judged; turns TLS on.")
    var tlsCa: String?
    @Option(help: "Folder with the sample files.", completion: .directory)
    var samples = "Samples"
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let resolved = try await database.resolved()
        let text = server ?? resolved.settings.text("server") ?? "127.0.0.1:7420"
        guard let address = ListenAddress(text) else {
            throw Refusal(.usage, "--server takes HOST:PORT, as in 127.0.0.1:7420, not \"\(text)\"")
        }
        let authority = tlsCa ?? resolved.settings.text("tlsCa")
        _ = try await LineClient.with(address, token: nil, authority: authority) { conversation in
            try await conversation.call("system.ping", [:])
        }
        let demo = Demo(
            address: address, authority: authority, database: try Self.database(resolved), samples: samples)
        try await demo.play { printNow($0) }
    }

    /// The database of the running server: never one that would have to be started for it.
    private static func database(_ resolved: DatabaseOptions.Resolved) throws -> PostgresConfiguration {
        if let database = resolved.database { return database }
        guard let url = try EmbeddedPostgres.urlOfRunningNode(dataDirectory: resolved.dataDirectory) else {
            throw Refusal(
                .unavailable,
                "no node runs on the data directory \"\(resolved.dataDirectory)\"; name the server's database with "
                    + "--database or its folder with --data-dir")
        }
        return try PostgresConfiguration(url: url)
    }
}
