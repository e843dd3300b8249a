/// What a run is doing, as its users see it.
public enum RunStatus: String, Hashable, Sendable, Codable, CaseIterable {
    /// Accepted, and waiting for its turn or its start time.
    case queued
    /// A step of it is being carried out.
    case running
    /// It waits for a timer, a signal or a child.
    case waiting
    /// Stopped until somebody resumes or retries it; its reason says why.
    case paused
    case completed
    case failed
    case cancelled
    /// It took down several processes and is kept from taking down more.
    case quarantined

    /// Whether nothing will happen to the run any more.
    public var isEnd: Bool { self == .completed || self == .failed || self == .cancelled }
}
