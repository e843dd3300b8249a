package import WorkflowKit

/// What the server needs from elsewhere to answer requests.
package struct RPCServices: Sendable {
    package var principals: any PrincipalStore
    package var database: (any RPCDatabase)?
    package var idempotency: (any IdempotencyStore)?
    package var audit: (any AuditLog)?
    /// Nil for a server without events.
    package var events: (any EventStore)?
    package var receipts: [EventReceipt]
    package var rates: RateLimits
    package var clock: @Sendable () -> Timestamp

    package init(
        principals: any PrincipalStore, database: (any RPCDatabase)? = nil,
        idempotency: (any IdempotencyStore)? = nil, audit: (any AuditLog)? = nil, events: (any EventStore)? = nil,
        receipts: [EventReceipt] = [], rates: RateLimits = RateLimits(),
        clock: @escaping @Sendable () -> Timestamp = wallClock
    ) {
        self.principals = principals
        self.database = database
        self.idempotency = idempotency
        self.audit = audit
        self.events = events
        self.receipts = receipts
        self.rates = rates
        self.clock = clock
    }
}

/// What `system.info` tells besides the limits.
package struct ServerIdentity: Hashable, Sendable {
    /// Of the product: `1.0.0`.
    package var version: String
    /// The name of this node.
    package var node: String
    package var hasMutualTLS: Bool

    package init(version: String, node: String, hasMutualTLS: Bool = false) {
        self.version = version
        self.node = node
        self.hasMutualTLS = hasMutualTLS
    }
}
