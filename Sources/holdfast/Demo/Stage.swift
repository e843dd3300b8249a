import Foundation
import Synchronization
import WorkflowKit

/// Where the story is played: a server, the tokens of those who play, and somebody who tells.
///
/// Every call goes through the protocol on a connection of its own, as any client's would.
final class Stage: Sendable {
    let cast = Cast()
    private let address: ListenAddress
    private let authority: String?
    private let samples: String
    private let tell: @Sendable (String) -> Void
    private let steps = Mutex(0)

    init(
        address: ListenAddress, authority: String?, samples: String, tell: @escaping @Sendable (String) -> Void
    ) {
        self.address = address
        self.authority = authority
        self.samples = samples
        self.tell = tell
    }

    // MARK: Telling

    func act(_ title: String) { tell("\n\(title)") }

    func step(_ text: String) {
        let number = steps.withLock { steps in
            steps += 1
            return steps
        }
        let padding = number < 10 ? " " : ""
        tell("\(padding)\(number)  \(text)")
    }

    func note(_ text: String) { tell("      \(text)") }

    // MARK: Calling

    @discardableResult
    func call(_ method: String, _ params: JSON = [:], as token: String?) async throws -> JSON {
        try await LineClient.with(address, token: token, authority: authority) { conversation in
            try await conversation.call(method, params)
        }
    }

    /// The sentence with which the server refuses a call that the story expects it to refuse.
    func refusal(_ method: String, _ params: JSON, as token: String?) async throws -> String {
        do {
            try await call(method, params, as: token)
        } catch let error as CallError {
            return error.error["message"]?.stringValue ?? ""
        }
        throw Refusal(.failed, "the server should have refused \(method)")
    }

    /// The first event of a type that the caller sees, from the beginning.
    func firstEvent(_ type: String, as token: String) async throws -> JSON {
        try await LineClient.with(address, token: token, authority: authority) { conversation in
            _ = try await conversation.call("event.subscribe", ["types": [.string(type)], "after": "beginning"])
            while let message = try await conversation.nextMessage() {
                if message["method"] == "event", let data = message["params"]?["data"] { return data }
            }
            throw Refusal(.unavailable, "the server closed the connection before it told of \(type)")
        }
    }

    /// A sample file with this time's cast in it.
    func sample(_ name: String) throws -> String {
        let path = samples + "/" + name
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Refusal(.usage, "cannot read the sample file \"\(path)\"; --samples names the folder")
        }
        return cast.play(String(decoding: data, as: UTF8.self))
    }

    /// Sends a sample report and waits until it was processed.
    func report(_ file: String, _ format: String, as token: String) async throws -> (report: JSON, isReplayed: Bool) {
        let submitted = try await call(
            "report.submit",
            ["format": .string(format), "content": .string(try sample(file)), "name": .string(file)], as: token)
        let report = try await call(
            "report.get", ["reportId": submitted["reportId"] ?? .null, "waitMs": 60_000], as: token)
        return (report, submitted["replayed"] == true)
    }
}

extension JSON {
    /// For a sentence: a text as it is, everything else as JSON.
    var plain: String { stringValue ?? text }

    /// The texts under `key` of a list of objects.
    func list(_ key: String) -> [String] { (self["items"]?.arrayValue ?? []).compactMap { $0[key]?.stringValue } }
}
