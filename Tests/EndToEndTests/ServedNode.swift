import Foundation
import Glibc
import Synchronization
import Testing

/// A node that was started for a test, with its log.
final class ServedNode: Sendable {
    private struct Log {
        var lines: [String] = []
        var rest = ""
        var isEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    struct Ended: Error, CustomStringConvertible {
        let waitedFor: String
        let log: [String]
        var description: String { "the node ended before it said \"\(waitedFor)\": \(log.joined(separator: "\n"))" }
    }

    private let process: Process
    private let log = Mutex(Log())
    let processID: Int32

    /// Starts a node on a free port of loopback and returns when it serves.
    static func start(_ arguments: [String], environment: [String: String] = [:]) async throws -> ServedNode {
        let node = try launch(arguments, environment: environment)
        try await node.says("\"message\":\"serving\"")
        return node
    }

    /// Starts a node on a free port of loopback and does not wait for it.
    static func launch(_ arguments: [String], environment: [String: String] = [:]) throws -> ServedNode {
        try ServedNode(["serve", "--listen", "127.0.0.1:0"] + arguments, environment: environment)
    }

    /// Serves while `body` runs; the node has to stop cleanly, and is killed when the test failed.
    static func serving(
        _ arguments: [String], environment: [String: String] = [:], _ body: (ServedNode) async throws -> Void
    ) async throws {
        let node = try await start(arguments, environment: environment)
        do {
            try await body(node)
        } catch {
            node.signal(SIGKILL)
            throw error
        }
        #expect(await node.stop() == 0)
    }

    private init(_ arguments: [String], environment: [String: String]) throws {
        process = Command.process(arguments, environment: environment)
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        processID = process.processIdentifier
        errors.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.take(data)
        }
    }

    private func take(_ data: Data) {
        let waiting = log.withLock { log in
            log.isEnded = data.isEmpty
            log.rest += String(decoding: data, as: UTF8.self)
            while let end = log.rest.firstIndex(of: "\n") {
                log.lines.append(String(log.rest[..<end]))
                log.rest = String(log.rest[log.rest.index(after: end)...])
            }
            defer { log.waiting = [] }
            return log.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns the first log line with `text` in it, waiting for it if need be.
    @discardableResult
    func says(_ text: String) async throws -> String {
        while true {
            let (line, isEnded) = log.withLock { log in (log.lines.first { $0.contains(text) }, log.isEnded) }
            if let line { return line }
            if isEnded { throw Ended(waitedFor: text, log: log.withLock { $0.lines }) }
            await withCheckedContinuation { continuation in
                let isNews = log.withLock { log in
                    if log.isEnded || log.lines.contains(where: { $0.contains(text) }) { return true }
                    log.waiting.append(continuation)
                    return false
                }
                if isNews { continuation.resume() }
            }
        }
    }

    /// Where it listens; the system chose the port.
    func port() async throws -> Int {
        let line = try await says("\"message\":\"serving\"")
        let port = line.firstMatch(of: #/"address":"127\.0\.0\.1:([0-9]+)"/#)?.output.1
        return try #require(port.flatMap { Int($0) })
    }

    func signal(_ number: Int32) { kill(processID, number) }

    /// Waits for its end; its exit status, or the signal that ended it as a negative number.
    func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [process] in
                process.waitUntilExit()
                let status = process.terminationStatus
                continuation.resume(returning: process.terminationReason == .exit ? status : -status)
            }
        }
    }

    /// Tells it to stop and returns its exit status.
    func stop() async -> Int32 {
        signal(SIGTERM)
        return await ended()
    }

    /// Sends the lines on a connection of their own, closes the sending side, and returns all answers.
    func ask(_ lines: String...) async throws -> [String] {
        let port = try await port()
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.exchange(lines, port: port) })
            }
        }
    }

    private static func exchange(_ lines: [String], port: Int) throws -> [String] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        shutdown(descriptor, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            answer += chunk.prefix(count)
        }
        return String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
