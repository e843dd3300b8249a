import Logging
import Testing
import WorkflowKit

@testable import Postgres

@Suite struct NoticeTests {
    @Test func `a warning of the server reaches the log, without text that may quote data`() async throws {
        let log = RecordedLog()
        let logger = Logger(label: "notices") { _ in RecordingHandler(log: log) }
        let connection = try await PostgresConnection.connect(TestCluster.configuration, logger: logger)
        try await connection.simple(
            """
            do $$ begin
                raise warning 'be careful';
                raise warning 'the name is secret' using errcode = '22001';
                raise notice 'by the way';
            end $$
            """)
        await connection.close()
        let lines = log.lines
        #expect(lines.count == 3)
        #expect(lines.first == "warning the database sent a notice 01000 be careful")
        #expect(lines.contains("warning the database sent a notice 22001 -"))
        #expect(lines.last == "debug the database sent a notice 00000 by the way")
    }
}

/// What was logged, a line each: level, message, SQLSTATE and the server's text.
final class RecordedLog: Sendable {
    private let state = Locked<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func append(_ line: String) { state.withLock { $0.append(line) } }
}

struct RecordingHandler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let notice = event.metadata?["notice"].map { "\($0)" } ?? "-"
        let sqlState = event.metadata?["sql-state"].map { "\($0)" } ?? "-"
        log.append("\(event.level) \(event.message) \(sqlState) \(notice)")
    }
}
