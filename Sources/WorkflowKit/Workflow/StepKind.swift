/// What a step may touch, and so what must be durable before it starts.
public enum StepKind: String, Hashable, Sendable {
    /// It changes something outside: mail, payment, a partner's API. It starts only when everything before it is
    /// durable, and is carried out at least once; pass ``StepContext/idempotencyToken`` on, so that the other side can
    /// recognise a repetition.
    case external
    /// It computes from what it was given. It may start at once, and is computed again after a crash.
    case local
    /// It reads something outside and may be repeated freely; like `local`, but its own result is what counts.
    case read
}

/// What a step's body knows about the attempt it is.
public struct StepContext: Sendable {
    public let runID: RunID
    /// The step's name.
    public let name: String
    /// Counts from 1.
    public let attempt: Int
    /// The same for every attempt of this step of this run, and for no other step: 1 to 80 ASCII characters.
    public var idempotencyToken: String { "\(runID)-\(ordinal)" }
    /// What the last attempt told with ``heartbeat(_:)``; nil when it told nothing.
    public let lastHeartbeat: JSON?
    private let ordinal: Int32
    private let sendHeartbeat: @Sendable (JSON) -> Void

    package init(
        runID: RunID, name: String, attempt: Int, ordinal: Int32, lastHeartbeat: JSON?,
        sendHeartbeat: @escaping @Sendable (JSON) -> Void
    ) {
        self.runID = runID
        self.name = name
        self.attempt = attempt
        self.ordinal = ordinal
        self.lastHeartbeat = lastHeartbeat
        self.sendHeartbeat = sendHeartbeat
    }

    /// Tells that a long step is alive, and how far it came; the next attempt gets `progress` back.
    ///
    /// Cheap: what is told within a second is stored once.
    public func heartbeat(_ progress: JSON = .null) { sendHeartbeat(progress) }
}

/// What may be set for one step.
public struct StepOptions: Hashable, Sendable {
    public var kind: StepKind
    public var retry: RetryPolicy
    /// The longest an attempt may take; it is cancelled then and counts as failed. Nil for no limit.
    public var timeout: Duration?
    /// The longest time between two heartbeats; an attempt that is silent for longer is cancelled and counts as failed.
    public var heartbeatTimeout: Duration?

    public init(
        kind: StepKind = .external, retry: RetryPolicy = .standard, timeout: Duration? = nil,
        heartbeatTimeout: Duration? = nil
    ) {
        self.kind = kind
        self.retry = retry
        self.timeout = timeout
        self.heartbeatTimeout = heartbeatTimeout
    }
}

/// What becomes of a child run when its parent ends first.
public enum ClosePolicy: String, Hashable, Sendable {
    /// The child is cancelled, with its own cleanup and compensations.
    case cancel
    /// The child goes on by itself.
    case abandon
}
