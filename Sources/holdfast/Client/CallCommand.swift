import ArgumentParser
import Foundation
import WorkflowKit

/// Where a server is and who calls.
struct ServerOptions: ParsableArguments {
    @Option(help: "HOST:PORT of the server (default: 127.0.0.1:7420).")
    var server: String?

    @Option(help: "The token to show. Better in HOLDFAST_TOKEN: other users of the machine see command lines.")
    var token: String?

    @Option(help: "Certificates (PEM) by which the server's own is judged; turns TLS on.")
    var tlsCa: String?

    @Option(help: "Folder of a node on this machine, whose admin token is shown if no other is given.")
    var dataDir: String?

    @Option(help: "JSON file with settings.")
    var config: String?

    struct Resolved: Sendable {
        let address: ListenAddress
        let token: String?
        let authority: String?
    }

    func resolved() async throws -> Resolved {
        let settings = try await Settings(file: config)
        let text = server ?? settings.text("server") ?? "127.0.0.1:7420"
        guard let address = ListenAddress(text) else {
            throw Refusal(.usage, "--server takes HOST:PORT, as in 127.0.0.1:7420, not \"\(text)\"")
        }
        let directory = dataDir ?? settings.text("dataDir") ?? ".holdfast"
        let own = try? String(contentsOfFile: directory + "/admin.token", encoding: .utf8)
        let token = token ?? settings.text("token") ?? own?.trimmingCharacters(in: .whitespacesAndNewlines)
        return Resolved(address: address, token: token, authority: tlsCa ?? settings.text("tlsCa"))
    }
}

/// `holdfast call`: one request.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Makes one request and prints its result.",
        discussion: """
            Examples:
              holdfast call system.ping
              holdfast call run.start '{"workflow":"canary.steps","input":{"steps":3}}'
              holdfast call rpc.discover '{"prefix":"run."}'
            """)

    @Argument(help: "The method, as rpc.discover lists it.")
    var method: String
    @Argument(help: "Its parameters, a JSON object; \"-\" reads them from standard input.")
    var params: String?
    @OptionGroup var server: ServerOptions
    @Flag(help: "Print errors as JSON on standard output, too.")
    var json = false

    func run() async throws {
        let params = try readParams()
        let resolved = try await server.resolved()
        let method = method
        do {
            let result = try await LineClient.with(
                resolved.address, token: resolved.token, authority: resolved.authority
            ) { conversation in try await conversation.call(method, params) }
            print(result.text)
        } catch let error as CallError {
            if json { print(error.error.text) }
            let message = error.error["message"]?.stringValue ?? "the server answered with an error"
            let type = error.error["data"]?["type"]?.stringValue.map { " (\($0))" } ?? ""
            throw Refusal(error.status, "\(message)\(type)", isPrinted: true)
        }
    }

    private func readParams() throws -> JSON {
        var text = params ?? "{}"
        if text == "-" {
            text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
        }
        do {
            return try JSON(parsing: Array(text.utf8))
        } catch {
            throw Refusal(.usage, "the parameters are no JSON: \(error)")
        }
    }
}
