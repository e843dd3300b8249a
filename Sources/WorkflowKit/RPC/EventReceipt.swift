/// What is done once an event was sent to a session that subscribed to it.
///
/// It runs in a transaction of its own, with what the session's principal may see, and is named in the audit log. If
/// the database is away just then it is left out: the event was told all the same.
public struct EventReceipt: Sendable {
    /// What it changes, given the event's data; for the audit log, for example `alert:7f1c…`.
    public typealias Entity = @Sendable (_ data: JSON) -> String
    /// False if nothing was left to change.
    public typealias Body = @Sendable (_ data: JSON, _ now: Timestamp, any Transaction) async throws -> Bool

    /// The type of the event.
    public let type: String
    /// Which sessions it is about.
    public let kind: PrincipalKind
    package let entity: Entity
    package let body: Body

    public init(
        of type: String, sentTo kind: PrincipalKind, entity: @escaping Entity, _ body: @escaping Body
    ) {
        self.type = type
        self.kind = kind
        self.entity = entity
        self.body = body
    }
}
