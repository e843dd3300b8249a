import Crypto
import Foundation
import SellThrough
import WorkflowKit

/// Brings one file to the server, waits until it was processed, and reads what became of it.
struct ReportSending: Sendable {
    let name: String
    let content: [UInt8]
    let format: ReportFormat
    let server: ServerOptions.Resolved
    let progress: ProgressLine

    /// Bytes of one part: as base64 it stays well under the line's limit.
    private static let partBytes = 384 * 1_024
    /// How often a lost connection is made again without having got any further.
    private static let attemptsMax = 5

    func send() async throws -> SentReport {
        let upload = try await withConnection { conversation in
            try await conversation.call(
                "upload.begin", ["bytes": .int(content.count), "sha256": .string(Self.sha256(content))])
        }
        guard let id = upload["uploadId"] else { throw Refusal(.failed, "the server named no upload") }
        try await bring(id)
        let submitted = try await withConnection { conversation in
            try await conversation.call(
                "report.submit",
                ["format": .string(format.rawValue), "uploadId": id, "name": .string(String(name.prefix(200)))])
        }
        guard let reportID = submitted["reportId"] else { throw Refusal(.failed, "the server named no report") }
        return try await withConnection { conversation in
            var report: JSON = .null
            progress.show("processing \(name)")
            while !["processed", "rejected"].contains(report["status"]?.stringValue) {
                report = try await conversation.call("report.get", ["reportId": reportID, "waitMs": 5_000])
            }
            progress.clear()
            return SentReport(
                name: name, format: format, report: report, isReplayed: submitted["replayed"] == true,
                lines: try await Self.lines(of: reportID, &conversation))
        }
    }

    /// Sends the parts; a lost connection is made again, and the upload goes on where it stopped.
    private func bring(_ id: JSON) async throws {
        var failures = 0
        var before = -1
        while true {
            let received: Int
            do {
                received = try await withConnection { conversation in
                    try await bring(id, &conversation)
                }
            } catch let refusal as Refusal where refusal.status == .unavailable && failures < Self.attemptsMax {
                failures += 1
                try await Task.sleep(for: .milliseconds(200 * failures))
                continue
            }
            if received == content.count { return progress.clear() }
            guard received > before else { throw Refusal(.unavailable, "the upload of \"\(name)\" does not go on") }
            before = received
        }
    }

    /// How many bytes are there when it ends, because the file is whole or the connection was lost.
    private func bring(_ id: JSON, _ conversation: inout LineClient.Conversation) async throws -> Int {
        var received = try await conversation.call("upload.status", ["uploadId": id])["received"]?.intValue ?? 0
        while received < content.count {
            progress.show(name, done: received, of: content.count)
            let part = content[received..<min(received + Self.partBytes, content.count)]
            let answer = try await conversation.call(
                "upload.append",
                ["uploadId": id, "offset": .int(received), "data": .string(Data(part).base64EncodedString())])
            received = answer["received"]?.intValue ?? received
        }
        progress.show(name, done: received, of: content.count)
        return received
    }

    private static func lines(
        of report: JSON, _ conversation: inout LineClient.Conversation
    ) async throws -> [JSON] {
        var lines: [JSON] = []
        for outcome in ["rejected", "pending", "warning"] {
            var cursor: JSON = .null
            repeat {
                let page = try await conversation.call(
                    "report.lines",
                    ["reportId": report, "outcome": .string(outcome), "limit": 1_000, "cursor": cursor])
                lines += page["items"]?.arrayValue ?? []
                cursor = page["nextCursor"] ?? .null
            } while !cursor.isNull
        }
        return lines.sorted { ($0["item"]?.intValue ?? 0) < ($1["item"]?.intValue ?? 0) }
    }

    private func withConnection<Value: Sendable>(
        _ body: @Sendable (inout LineClient.Conversation) async throws -> Value
    ) async throws -> Value {
        try await LineClient.with(server.address, token: server.token, authority: server.authority, body)
    }

    private static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }
}
