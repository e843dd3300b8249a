import CLibPQ
import Logging

/// Collects what the server says beside its answers, until the link's lock is free and it can be logged.
///
/// libpq calls the receiver in the middle of its own work, under the link's lock; a log handler may be slow.
final class NoticeCollector: Sendable {
    private struct Notice {
        let severity: String
        let sqlState: String
        let message: String?
    }

    private struct State {
        var notices: [Notice] = []
        var abandonedSyncWait = false
    }

    private let state = Locked(State())

    /// More notices than this between two looks at the socket are counted by nobody.
    private static let waitingMax = 100

    /// Makes `connection` hand its notices to this object, which must live as long as the connection.
    func attach(to connection: OpaquePointer) {
        let receiver: PQnoticeReceiver = { context, result in
            guard let context = unsafe context, let result = unsafe result else { return }
            unsafe Unmanaged<NoticeCollector>.fromOpaque(context).takeUnretainedValue().receive(result)
        }
        unsafe _ = PQsetNoticeReceiver(connection, receiver, Unmanaged.passUnretained(self).toOpaque())
    }

    private func receive(_ result: OpaquePointer) {
        func field(_ code: Int32) -> String? {
            unsafe PQresultErrorField(result, code).map { unsafe String(cString: $0) }
        }
        let sqlState = field(DiagnosticField.sqlState) ?? "00000"
        // Other classes are written by code that may quote a row.
        let mayBeShown = sqlState.hasPrefix("00") || sqlState.hasPrefix("01")
        let notice = Notice(
            severity: field(DiagnosticField.severity) ?? "NOTICE", sqlState: sqlState,
            message: mayBeShown ? field(DiagnosticField.message) : nil)
        // The text of this warning is translated, the name of the function that writes it is not.
        let abandonedSyncWait = field(DiagnosticField.sourceFunction) == "SyncRepWaitForLSN"
        state.withLock { state in
            if state.notices.count < Self.waitingMax { state.notices.append(notice) }
            if abandonedSyncWait { state.abandonedSyncWait = true }
        }
    }

    /// Whether, since the last call, the server gave up waiting for a synchronous standby: the commit is on this
    /// server, but may be lost with it.
    func takeAbandonedSyncWait() -> Bool {
        state.withLock { state in
            defer { state.abandonedSyncWait = false }
            return state.abandonedSyncWait
        }
    }

    /// Writes what was collected to `logger`.
    func log(to logger: Logger) {
        let notices = state.withLock { state in
            defer { state.notices = [] }
            return state.notices
        }
        for notice in notices {
            let level: Logger.Level =
                switch notice.severity {
                // The server stops or ends the session, and whoever uses the connection hears that as an error.
                case "FATAL" where notice.sqlState.hasPrefix("57P"): .debug
                case "WARNING", "ERROR", "FATAL", "PANIC": .warning
                default: .debug
                }
            var metadata: Logger.Metadata = [
                "severity": "\(notice.severity)", "sql-state": "\(notice.sqlState)",
            ]
            if let message = notice.message { metadata["notice"] = "\(message)" }
            logger.log(level: level, "the database sent a notice", metadata: metadata)
        }
    }
}

/// The parts of an error or notice (source: `postgres_ext.h`; the macros are characters, which Swift does not import).
enum DiagnosticField {
    /// Never translated.
    static let severity = Int32(UInt8(ascii: "V"))
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let message = Int32(UInt8(ascii: "M"))
    static let column = Int32(UInt8(ascii: "c"))
    static let constraint = Int32(UInt8(ascii: "n"))
    static let sourceFunction = Int32(UInt8(ascii: "R"))
}
