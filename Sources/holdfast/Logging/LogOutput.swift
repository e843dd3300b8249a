import Foundation
import Glibc
import Logging

/// Where log lines go: standard error, as text for a person at a terminal, as one JSON object a line for everybody else.
enum LogOutput {
    static func install(level: Logger.Level) {
        let isTerminal = isatty(STDERR_FILENO) == 1
        LoggingSystem.bootstrap { label in
            StandardErrorLog(label: label, isTerminal: isTerminal, logLevel: level)
        }
    }
}

/// Writes one line per event, each in one piece, so that lines of several threads never mix.
struct StandardErrorLog: LogHandler {
    let label: String
    let isTerminal: Bool
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, latest in latest }
        let line =
            isTerminal
            ? Self.text(event.level, "\(event.message)", all)
            : Self.json(Date(), event.level, label, "\(event.message)", all)
        let bytes = Array((line + "\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// `notice  listening  host=127.0.0.1 port=7420`
    static func text(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\(plain("\($0.value)"))" }
        let name = level.rawValue + String(repeating: " ", count: max(1, 9 - level.rawValue.count))
        return ([name + plain(message)] + (pairs.isEmpty ? [] : [pairs.joined(separator: " ")])).joined(separator: "  ")
    }

    /// A line stays a line, and nothing foreign reaches the terminal as a control sequence.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    static func json(
        _ now: Date, _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata
    ) -> String {
        let milliseconds = Int64((now.timeIntervalSince1970 * 1_000).rounded())
        var line = "{\"at\":\"\(time(milliseconds))\",\"level\":\"\(level.rawValue)\",\"logger\":"
        line += quoted(label) + ",\"message\":" + quoted(message)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += "," + quoted(key) + ":" + quoted("\(value)")
        }
        return line + "}"
    }

    /// RFC 3339, UTC, milliseconds.
    private static func time(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func padded(_ number: Int, _ digits: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let date = unsafe "\(parts.tm_year + 1900)-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
        let clock = unsafe "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
        return "\(date)T\(clock).\(padded(Int(milliseconds % 1_000), 3))Z"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || (0x2028...0x2029).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
