/// An event with its place in the log.
package struct PlacedEvent: Hashable, Sendable {
    package let position: Int64
    package let type: String
    package let at: Timestamp
    /// Who sees it besides admins, as ``Event/Audience`` writes them.
    package let audiences: [String]
    /// The text of a JSON object.
    package let data: [UInt8]

    package init(position: Int64, type: String, at: Timestamp, audiences: [String], data: [UInt8]) {
        self.position = position
        self.type = type
        self.at = at
        self.audiences = audiences
        self.data = data
    }
}

/// Which events a subscription is about.
package struct EventFilter: Hashable, Sendable {
    /// Of which an event must have one; nil for callers that see all.
    package let audiences: [String]?
    /// Whole types, or beginnings that end in `.*`, or `*`.
    package let types: [String]

    package init(audiences: [String]?, types: [String]) {
        self.audiences = audiences
        self.types = types
    }

    /// Whether an entry of a subscription's `types` is one.
    package static func isPattern(_ text: String) -> Bool {
        let name = text.hasSuffix(".*") ? String(text.dropLast(2)) : text
        if name == "*" { return true }
        return !name.isEmpty && name.utf8.allSatisfy { $0 < 0x80 && ($0 == 0x2E || $0 == 0x2D || isLetterOrDigit($0)) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        let scalar = UnicodeScalar(byte)
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    package func admits(_ event: PlacedEvent) -> Bool {
        let isSeen = audiences.map { $0.contains(where: event.audiences.contains) } ?? true
        return isSeen
            && types.contains { pattern in
                if pattern == "*" { return true }
                return pattern.hasSuffix(".*") ? event.type.hasPrefix(pattern.dropLast(1)) : event.type == pattern
            }
    }
}

/// A durable subscription as it is kept.
package struct KeptSubscription: Hashable, Sendable {
    package let name: String
    package let types: [String]
    /// Everything up to here has been acknowledged.
    package let position: Int64

    package init(name: String, types: [String], position: Int64) {
        self.name = name
        self.types = types
        self.position = position
    }
}

/// The log of events.
package protocol EventStore: Sendable {
    /// Gives places to committed events that have none, and tells the last place given out so far.
    func place() async throws -> Int64

    /// The first `limit` events after `position` that pass the filter, in order.
    func events(after position: Int64, _ filter: EventFilter, limit: Int) async throws -> [PlacedEvent]

    /// Every event after `position` up to `last`, whoever sees it; at most `limit`.
    func allEvents(after position: Int64, limit: Int) async throws -> [PlacedEvent]

    func subscription(of principal: String, name: String) async throws -> KeptSubscription?
    func subscriptions(of principal: String) async throws -> [KeptSubscription]

    /// Keeps a subscription; the position is replaced.
    func keep(_ subscription: KeptSubscription, of principal: String) async throws

    /// Moves a subscription's position forward, never back; the position it has then, or nil if there is none.
    func acknowledge(_ name: String, of principal: String, position: Int64) async throws -> Int64?

    /// False if there was none.
    func forget(_ name: String, of principal: String) async throws -> Bool
}
