import ArgumentParser
import Foundation
import SellThrough
import WorkflowKit

/// `holdfast report`: sends sell-through files.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Sends sell-through reports and prints each line that was not accepted.",
        discussion: """
            The format is seen from the content. An upload goes on where it stopped when the connection was lost, and \
            a file that was sent before is not applied twice. Ends with 0 if every report was processed, whatever \
            became of its lines, and with 1 if one was rejected as a whole.

            Example:
              HOLDFAST_TOKEN=hf_reporter_… holdfast report Samples/report-867.x12 Samples/report-pos.csv
            """)

    @Argument(help: "The files.", completion: .file())
    var files: [String]
    @Option(help: "x12, edifact or csv, if it is not to be seen from the content.")
    var format: String?
    @OptionGroup var server: ServerOptions
    @Flag(help: "Print one JSON document, with every line that was not accepted.")
    var json = false

    func run() async throws {
        let given = try format.map { text throws(Refusal) -> ReportFormat in
            guard let format = ReportFormat(rawValue: text) else {
                throw Refusal(.usage, "--format is one of x12, edifact and csv, not \"\(text)\"")
            }
            return format
        }
        let resolved = try await server.resolved()
        var reports: [SentReport] = []
        for path in files {
            guard let content = FileManager.default.contents(atPath: path), !content.isEmpty else {
                throw Refusal(.usage, "cannot read \"\(path)\", or it is empty")
            }
            let sending = ReportSending(
                name: URL(filePath: path).lastPathComponent, content: Array(content),
                format: given ?? ReportFormat.detect(content.prefix(64)), server: resolved,
                progress: ProgressLine(isShown: !json))
            let report = try await CallError.asRefusal { try await sending.send() }
            reports.append(report)
            if !json { report.tell { print($0) } }
        }
        if json {
            let items = JSON.array(reports.map(\.json))
            print(JSON.object(JSONObject(uniqueMembers: [("reports", items)])).text)
        }
        if let rejected = reports.first(where: { $0.status == "rejected" }) {
            throw Refusal(.failed, "the report \"\(rejected.name)\" was rejected", isPrinted: true)
        }
    }
}

extension CallError {
    /// Tells the server's error as the command line does.
    static func asRefusal<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CallError {
            let message = error.error["message"]?.stringValue ?? "the server answered with an error"
            let type = error.error["data"]?["type"]?.stringValue.map { " (\($0))" } ?? ""
            throw Refusal(error.status, message + type)
        }
    }
}

/// What became of one file.
struct SentReport: Sendable {
    let name: String
    let format: ReportFormat
    let report: JSON
    let isReplayed: Bool
    /// The lines that were not accepted, in the order of the file.
    let lines: [JSON]

    var status: String { report["status"]?.stringValue ?? "" }

    var json: JSON {
        var object: JSONObject = ["file": .string(name), "replayed": .bool(isReplayed)]
        for member in report.objectValue ?? [:] { object[member.key] = member.value }
        object["lines"] = nil
        object["notAccepted"] = .array(lines)
        return .object(object)
    }

    func tell(_ print: (String) -> Void) {
        func count(_ key: String) -> String { report["counts"]?[key]?.intValue.map(String.init) ?? "?" }
        let again = isReplayed ? ", sent before: nothing was applied again" : ""
        print("\(name) (\(format.rawValue)): \(status)\(again)")
        print(
            "  \(count("lines")) lines, \(count("devices")) PCs: \(count("accepted")) accepted, "
                + "\(count("rejected")) rejected, \(count("pending")) waiting, \(count("warnings")) warnings")
        for line in lines {
            var place = line["line"]?.intValue.map { "line \($0)" } ?? "report"
            if let segment = line["segment"]?.stringValue { place += " \(segment)" }
            if let element = line["element"]?.intValue { place += String(format: "%02d", element) }
            let serial = line["serial"]?.stringValue.map { " \($0)" } ?? ""
            let outcome = line["outcome"]?.stringValue ?? ""
            print("  \(place)\(serial): \(outcome): \(line["message"]?.stringValue ?? "")")
        }
    }
}
