package import Postgres
package import WorkflowKit

/// The log of events in the database.
package struct PostgresEvents: EventStore {
    private static let placedEventsMax: Int64 = 10_000

    private let pool: PostgresPool
    private let clock: @Sendable () -> Timestamp

    package init(pool: PostgresPool, clock: @escaping @Sendable () -> Timestamp) {
        self.pool = pool
        self.clock = clock
    }

    package func place() async throws -> Int64 {
        while try await placeSome() {}
        let statement = SQLStatement(uncheckedText: EmbeddedSQL.lastPlace, name: "LastPlace")
        guard let row = try await pool.query(statement).first else { return 0 }
        return Int64(try row.int("position"))
    }

    /// True if there may be more.
    private func placeSome() async throws -> Bool {
        try await pool.transaction { transaction in
            let turn = SQLStatement(uncheckedText: EmbeddedSQL.eventTurn, name: "EventTurn")
            guard let row = try await transaction.query(turn).first, try row.bool("is_mine") else { return false }
            let statement = SQLStatement(
                uncheckedText: EmbeddedSQL.placeEvents, name: "PlaceEvents", parameters: [.int8(Self.placedEventsMax)])
            return try await transaction.execute(statement) == Int(Self.placedEventsMax)
        }
    }

    package func events(after position: Int64, _ filter: EventFilter, limit: Int) async throws -> [PlacedEvent] {
        let patterns = filter.types.compactMap { type in
            // Types hold no character that means something to like, but for the dot's neighbour that is cut off here.
            type == "*" ? "%" : type.hasSuffix(".*") ? String(type.dropLast(1)) + "%" : nil
        }
        let parameters: [SQLValue] = [
            .int8(position), .textArray(filter.types), .textArray(patterns), .int8(Int64(limit)),
        ]
        let statement =
            if let audiences = filter.audiences {
                SQLStatement(
                    uncheckedText: EmbeddedSQL.eventsOfAudiences, name: "EventsOfAudiences",
                    parameters: parameters + [.textArray(audiences)])
            } else {
                SQLStatement(uncheckedText: EmbeddedSQL.eventsAfter, name: "EventsAfter", parameters: parameters)
            }
        let events = try await pool.query(statement).flatMap(Self.events)
        return Array(events.drop { $0.position <= position }.prefix(limit))
    }

    package func allEvents(after position: Int64, limit: Int) async throws -> [PlacedEvent] {
        try await events(after: position, EventFilter(audiences: nil, types: ["*"]), limit: limit)
    }

    package func subscription(of principal: String, name: String) async throws -> KeptSubscription? {
        try await subscriptions(of: principal).first { $0.name == name }
    }

    package func subscriptions(of principal: String) async throws -> [KeptSubscription] {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.subscriptionsOf, name: "SubscriptionsOf", parameters: [.text(principal)])
        return try await pool.query(statement).map { row in
            KeptSubscription(
                name: try row.text("name"), types: try Self.texts(row, "types"),
                position: Int64(try row.int("position")))
        }
    }

    package func keep(_ subscription: KeptSubscription, of principal: String) async throws {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.keepSubscription, name: "KeepSubscription",
            parameters: [
                .text(principal), .text(subscription.name), .textArray(subscription.types),
                .int8(subscription.position), .timestamp(clock()),
            ])
        _ = try await pool.execute(statement)
    }

    package func acknowledge(_ name: String, of principal: String, position: Int64) async throws -> Int64? {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.acknowledgeEvents, name: "AcknowledgeEvents",
            parameters: [.text(principal), .text(name), .int8(position), .timestamp(clock())])
        guard let row = try await pool.query(statement).first else { return nil }
        return Int64(try row.int("position"))
    }

    package func forget(_ name: String, of principal: String) async throws -> Bool {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.forgetSubscription, name: "ForgetSubscription",
            parameters: [.text(principal), .text(name)])
        return try await pool.execute(statement) > 0
    }

    /// The events that a row stands for, in their order.
    private static func events(_ row: SQLRow) throws -> [PlacedEvent] {
        let (last, size) = (Int64(try row.int("position")), Int64(try row.int("size")))
        let (type, at, audiences) = (try row.text("type"), try row.timestamp("at"), try texts(row, "audiences"))
        let data = try row.bytes("data")
        let parts = size == 1 ? [data] : try JSON(parsing: data).arrayValue?.map(\.bytes) ?? []
        guard parts.count == size else {
            throw SQLError(kind: .defect, message: "a row of the event log does not hold as many events as it says")
        }
        return parts.enumerated().map { index, data in
            PlacedEvent(
                position: last - size + 1 + Int64(index), type: type, at: at, audiences: audiences, data: data)
        }
    }

    private static func texts(_ row: SQLRow, _ column: String) throws -> [String] {
        guard case .textArray(let texts) = try row.value(column) else {
            throw SQLError(kind: .defect, message: "column \"\(column)\" is no array of text")
        }
        return texts.compactMap { $0 }
    }
}
