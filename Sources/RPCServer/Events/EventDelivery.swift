internal import WorkflowKit

/// Sends one subscription's events to its client, until the task is cancelled or the connection closes.
struct EventDelivery: Sendable {
    let subscription: String
    let filter: EventFilter
    let feed: EventFeed
    let session: RPCSession
    let receipts: EventReceipts

    func run(after start: Int64) async {
        await feed.subscriptionBegan()
        var position = start
        while !Task.isCancelled {
            do {
                let batch = try await feed.next(after: position, filter)
                for event in batch.events {
                    // Returns once the client has taken enough: meanwhile nothing is read for it.
                    try await session.outlet.send(line: line(event))
                    await receipts.sent(event)
                }
                position = batch.position
            } catch is SQLError {
                // The database is away; the place is not lost.
                try? await Task.sleep(for: .milliseconds(500))
            } catch {
                break
            }
        }
        await feed.subscriptionEnded()
    }

    private func line(_ event: PlacedEvent) -> [UInt8] {
        let line = line(event, data: event.data)
        guard line.count > session.answerLineBytes else { return line }
        return self.line(event, data: Array(#"{"tooLarge":true}"#.utf8))
    }

    private func line(_ event: PlacedEvent, data: [UInt8]) -> [UInt8] {
        var line = Array(#"{"jsonrpc":"2.0","method":"event","params":{"subscription":"#.utf8)
        JSON.write(subscription, into: &line)
        line += Array(#","cursor":""#.utf8) + Array(EventCursor.text(event.position).utf8) + Array(#"","type":"#.utf8)
        JSON.write(event.type, into: &line)
        line += Array(#","at":""#.utf8) + Array(event.at.rfc3339().utf8) + Array(#"","data":"#.utf8)
        // The database keeps it as jsonb, whose text may hold line ends that only JSON's writer escapes.
        let value = (try? JSON(parsing: data)) ?? .object([:])
        value.withSafeIntegers.write(into: &line)
        line += Array("}}".utf8)
        return line
    }
}
