import Foundation

/// A server in a process of its own, so that its processor time and memory can be told from the load's.
struct ServerProcess {
    let process: Process
    let port: Int
    /// What it printed after the port.
    let rest: [String]

    /// Starts this program again with `arguments`; it prints its port in the first line.
    static func start(_ arguments: String...) throws -> ServerProcess {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        // The child ends when this closes, also when this process is killed.
        process.standardInput = Pipe()
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let port = words.first.flatMap(Int.init) else { throw CocoaError(.fileReadUnknown) }
        return ServerProcess(process: process, port: port, rest: Array(words.dropFirst()))
    }

    func stop() { process.terminate() }

    /// User and system time so far; proc(5), /proc/PID/stat, in ticks of 10 ms.
    static func cpuMicroseconds(_ pid: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        let fields = text[end...].split(separator: " ")
        return ((Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)) * 10_000
    }

    /// Bytes of memory that are resident; proc(5), /proc/PID/statm.
    static func residentBytes(_ pid: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8)) ?? ""
        return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4_096
    }
}
