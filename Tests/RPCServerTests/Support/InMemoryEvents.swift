import Synchronization
import WorkflowKit

/// A log of events in memory, in which places are given out as soon as somebody looks.
final class InMemoryEvents: EventStore {
    private struct State {
        var placed: [PlacedEvent] = []
        var kept: [String: KeptSubscription] = [:]
        var filteredReads = 0
    }

    private let state = Mutex(State())

    /// How often a subscription had to ask for events of its own.
    var filteredReads: Int { state.withLock { $0.filteredReads } }

    func emit(_ type: String, to audiences: [Event.Audience], _ data: JSON = [:]) {
        state.withLock { state in
            state.placed.append(
                PlacedEvent(
                    position: Int64(state.placed.count + 1), type: type,
                    at: Timestamp(microsecondsSince1970: 1_772_357_400_250_000), audiences: audiences.map(\.text),
                    data: data.bytes))
        }
    }

    func place() async throws -> Int64 { state.withLock { Int64($0.placed.count) } }

    func events(after position: Int64, _ filter: EventFilter, limit: Int) async throws -> [PlacedEvent] {
        state.withLock { state in
            state.filteredReads += 1
            return Array(state.placed.dropFirst(Int(position)).filter(filter.admits).prefix(limit))
        }
    }

    func allEvents(after position: Int64, limit: Int) async throws -> [PlacedEvent] {
        state.withLock { Array($0.placed.dropFirst(Int(position)).prefix(limit)) }
    }

    func subscription(of principal: String, name: String) async throws -> KeptSubscription? {
        state.withLock { $0.kept["\(principal)/\(name)"] }
    }

    func subscriptions(of principal: String) async throws -> [KeptSubscription] {
        state.withLock { $0.kept.filter { $0.key.hasPrefix(principal + "/") }.values.sorted { $0.name < $1.name } }
    }

    func keep(_ subscription: KeptSubscription, of principal: String) async throws {
        state.withLock { $0.kept["\(principal)/\(subscription.name)"] = subscription }
    }

    func acknowledge(_ name: String, of principal: String, position: Int64) async throws -> Int64? {
        state.withLock { state in
            guard let kept = state.kept["\(principal)/\(name)"] else { return nil }
            let reached = max(kept.position, position)
            state.kept["\(principal)/\(name)"] = KeptSubscription(name: name, types: kept.types, position: reached)
            return reached
        }
    }

    func forget(_ name: String, of principal: String) async throws -> Bool {
        state.withLock { $0.kept.removeValue(forKey: "\(principal)/\(name)") != nil }
    }
}
