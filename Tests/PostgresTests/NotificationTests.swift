import Postgres
import Testing
import WorkflowKit

@Suite struct NotificationTests {
    private static func notify(_ channel: String, _ payload: String) -> SQLStatement {
        SQLStatement("select pg_notify($1, $2)", .text(channel), .text(payload))
    }

    @Test func `notifications arrive in order, from the channels that were asked for`() async throws {
        try await TestCluster.withConnection { sender in
            try await TestCluster.withConnection { connection in
                let stream = try await connection.notifications(channels: ["Odd \"name\"", "b"])
                for number in 1...100 {
                    _ = try await sender.query(Self.notify("Odd \"name\"", "\(number)"))
                    _ = try await sender.query(Self.notify("other", "x"))
                }
                var seen: [String] = []
                for try await notification in stream {
                    #expect(notification.channel == "Odd \"name\"")
                    #expect(notification.processID == sender.processID)
                    seen.append(notification.payload)
                    if seen.count == 100 { break }
                }
                #expect(seen == (1...100).map(String.init))
            }
        }
    }

    @Test func `the sequence ends with an error when the connection is lost`() async throws {
        try await TestCluster.withConnection { connection in
            let stream = try await connection.notifications(channels: ["c"])
            connection.cut()
            let error = await #expect(throws: SQLError.self) {
                for try await _ in stream {}
            }
            #expect(error?.kind == .unavailable)
        }
    }

    @Test func `a reader that is left behind is told so`() async throws {
        try await TestCluster.withConnection { connection in
            let stream = try await connection.notifications(channels: ["many"])
            _ = try await connection.query(
                SQLStatement("select pg_notify('many', n::text) from generate_series(1, 10001) n"))
            // The answer to a later statement comes after the notifications.
            _ = try await connection.query(SQLStatement("select 1"))
            var count = 0
            let error = await #expect(throws: SQLError.self) {
                for try await _ in stream { count += 1 }
            }
            #expect(error?.kind == .unavailable)
            #expect(count == 10_000)
        }
    }
}
