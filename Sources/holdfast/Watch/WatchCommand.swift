import ArgumentParser
import Foundation
import WorkflowKit

/// `holdfast watch`: events as JSON lines.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Prints events as they happen, one JSON object a line.",
        discussion: """
            Types are whole, such as run.ended, or beginnings such as repair.*; without any, all that the caller may see \
            are printed. With --name the server keeps how far they were printed, and the next watch of the name goes on \
            there. A lost connection is made again, and no event is left out.
            """)

    @Argument(help: "Types of events.")
    var types: [String] = []
    @Option(help: "Name of a durable subscription, which resumes after the last event that was printed.")
    var name: String?
    @Option(help: "Where to begin: a cursor, \"now\" (the default) or \"beginning\".")
    var after: String?
    @Option(help: "End after so many events.")
    var count: Int?
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let resolved = try await server.resolved()
        var progress = Progress(after: after, left: count)
        var isConnected = false
        while progress.left != 0 {
            do {
                progress = try await LineClient.with(
                    resolved.address, token: resolved.token, authority: resolved.authority
                ) { [progress] conversation in try await follow(progress, &conversation) }
                isConnected = true
            } catch let error as CallError where isConnected && error.status == .tryAgain {
                // The database is away, or the node drains; the place is not lost.
            } catch let error as CallError {
                throw Refusal(error.status, error.sentence)
            } catch let refusal as Refusal where isConnected && refusal.status == .unavailable {
                // The server is being started again.
            }
            if progress.left != 0 { try await Task.sleep(for: .seconds(1)) }
        }
    }

    /// How far the events have been printed.
    private struct Progress: Sendable {
        var after: String?
        var left: Int?
    }

    /// Prints events until the connection ends or enough are printed.
    private func follow(_ start: Progress, _ conversation: inout LineClient.Conversation) async throws -> Progress {
        var progress = start
        var params: JSONObject = ["types": .array((types.isEmpty ? ["*"] : types).map(JSON.string))]
        if let name { params["name"] = .string(name) }
        if let after = progress.after { params["after"] = .string(after) }
        let opened = try await conversation.call("event.subscribe", .object(params))
        // Kept from here on, so that a connection lost before the first event loses none.
        progress.after = opened["cursor"]?.stringValue ?? progress.after
        let subscription = opened["subscription"] ?? .null
        while progress.left != 0, let event = try await conversation.nextEvent() {
            guard var object = event.objectValue, let cursor = object["cursor"]?.stringValue else { continue }
            object["subscription"] = nil
            // Not by print, which keeps lines back when the output is a pipe.
            FileHandle.standardOutput.write(Data(JSON.object(object).bytes + [0x0a]))
            progress.after = cursor
            progress.left = progress.left.map { $0 - 1 }
            if name != nil {
                _ = try await conversation.call(
                    "event.ack", ["subscription": subscription, "cursor": .string(cursor)])
            }
        }
        return progress
    }
}
