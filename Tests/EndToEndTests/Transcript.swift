import Foundation
import Testing
import WireClient
import WorkflowKit

/// One sentence of the protocol and the exchange that proves it, read from a file; see Transcripts/README.md.
struct Transcript: Sendable, CustomTestStringConvertible {
    enum Step: Sendable {
        case become(String)
        case send(String)
        case sendBytes([UInt8])
        /// Answers that may come in any order.
        case expect([String])
        case halfClose
        case nothing
        case closed
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let file: String
    let line: Int
    let sentence: String
    let steps: [Step]

    var testDescription: String { sentence }

    /// All cases of all files, in order.
    static let all: [Transcript] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".transcript") }.sorted().flatMap { name -> [Transcript] in
            guard let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8) else { return [] }
            return read(text, file: name)
        }
    }()

    /// The cases of one file. A line that means nothing is a mistake of its author.
    static func read(_ text: String, file: String) -> [Transcript] {
        var cases: [Transcript] = []
        var head: (line: Int, sentence: String)?
        var steps: [Step] = []
        func finish() {
            if let head { cases.append(Transcript(file: file, line: head.line, sentence: head.sentence, steps: steps)) }
            steps = []
        }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let rest = String(line.dropFirst(3))
            switch line.prefix(3) {
            case "## ":
                finish()
                head = (index + 1, rest)
            case ">> ": steps.append(.send(rest))
            case ">~ ": steps.append(.sendBytes(unescaped(rest)))
            case "<< ":
                if case .expect(let patterns)? = steps.last {
                    steps[steps.count - 1] = .expect(patterns + [rest])
                } else {
                    steps.append(.expect([rest]))
                }
            case "as ": steps.append(.become(rest))
            case "-- " where rest == "half-close": steps.append(.halfClose)
            case "-- " where rest == "nothing": steps.append(.nothing)
            case "-- " where rest == "closed": steps.append(.closed)
            default:
                precondition(
                    line.isEmpty || line.hasPrefix("# "), "\(file):\(index + 1): a transcript has no such line")
            }
        }
        finish()
        return cases
    }

    private static func unescaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "\\", let kind = rest.popFirst() else {
                bytes += Array(String(character).utf8)
                continue
            }
            switch kind {
            case "n": bytes.append(10)
            case "r": bytes.append(13)
            case "t": bytes.append(9)
            case "x":
                bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default: bytes += Array("\\\(kind)".utf8)
            }
        }
        return bytes
    }

    // MARK: Playing

    /// Plays the case; throws ``Failed`` where the server does something else.
    func play(on node: ProvenNode) async throws {
        var client = try await TestClient(port: node.port)
        var captures = node.tokens.merging(["case": "\(file)-\(line)"]) { _, own in own }
        for step in steps {
            switch step {
            case .become(let kind):
                try await client.close()
                client = try await node.connect(as: kind)
            case .send(let text): try await client.send(Self.filled(text, captures) + "\n")
            case .sendBytes(let bytes): try await client.send(bytes)
            case .expect(let patterns): try await expect(patterns, client, &captures)
            case .halfClose: try await client.halfClose()
            case .nothing:
                let answer = try await client.call("system.ping", id: "nothing")
                guard answer["id"] == "nothing" else { throw failed("answered \(answer.text)") }
            case .closed:
                if let line = await client.line() { throw failed("answered \(line) instead of closing") }
            }
        }
        try? await client.close()
    }

    private func expect(
        _ patterns: [String], _ client: TestClient, _ captures: inout [String: String]
    ) async throws {
        var open = patterns
        while !open.isEmpty {
            guard let line = await client.line() else { throw failed("closed instead of answering \(open)") }
            let answer = try JSON(parsing: line)
            var reasons: [String] = []
            let fitting = try open.firstIndex { pattern in
                var found = captures
                let json = try JSON(parsing: Self.filled(pattern, captures))
                if let why = JSONPattern(json: json).mismatch(answer, &found) {
                    reasons.append(why)
                    return false
                }
                captures = found
                return true
            }
            // Runs of earlier cases end whenever they do.
            if fitting == nil, answer["method"] == "event" { continue }
            guard let fitting else {
                throw failed("answered \(line.prefix(2_000)): \(reasons.joined(separator: "; "))")
            }
            open.remove(at: fitting)
        }
    }

    private func failed(_ what: String) -> Failed { Failed(description: "\(file):\(line): the server \(what)") }

    private static func filled(_ text: String, _ captures: [String: String]) -> String {
        captures.reduce(text) { $0.replacing("${\($1.key)}", with: $1.value) }
    }
}
