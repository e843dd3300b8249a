/// Something that happened, for whoever subscribed to it.
///
///     try await transaction.emit(
///         Event("tenant.created", to: [.partner("P-1001")], at: now, data: ["partnerId": "P-1001"]))
public struct Event: Sendable {
    /// Who sees an event. Admins see all.
    public struct Audience: Hashable, Sendable {
        package let text: String

        public static func partner(_ id: String) -> Audience { Audience(text: "partner:\(id)") }
        public static func reporter(_ id: String) -> Audience { Audience(text: "reporter:\(id)") }
        public static func device(_ serial: String) -> Audience { Audience(text: "device:\(serial)") }
        public static func customer(_ id: String) -> Audience { Audience(text: "customer:\(id)") }
        /// Every operator of support.
        public static let support = Audience(text: "support")
        /// Nobody but admins.
        public static let nobodyElse: [Audience] = []
    }

    /// A fact in the past tense with its entity before it: `tenant.created`.
    public let type: String
    public let audiences: [Audience]
    public let at: Timestamp
    /// An object; every member of the audience sees all of it.
    public let data: JSONObject

    public init(_ type: String, to audiences: [Audience], at: Timestamp, data: JSONObject) {
        self.type = type
        self.audiences = audiences
        self.at = at
        self.data = data
    }
}

extension Transaction {
    /// Tells `event` if and only if the transaction commits.
    public func emit(_ event: Event) async throws(SQLError) {
        try await execute(
            SQLStatement(
                "insert into holdfast.event (type, at, audiences, data) values ($1, $2, $3, $4)", name: "InsertEvent",
                .text(event.type), .timestamp(event.at), .textArray(event.audiences.map(\.text)),
                .json(JSON.object(event.data).bytes)))
    }
}
