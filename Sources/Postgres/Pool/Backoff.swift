import WorkflowKit

/// How long to wait before the next attempt to connect: longer after every failure, and never quite the same.
///
/// Each wait is drawn evenly from zero to a bound that doubles ("full jitter"), so that the clients of a server that
/// restarted do not come back in step.
struct Backoff {
    static let shortest: Duration = .milliseconds(50)
    static let longest: Duration = .seconds(2)

    private(set) var failures = 0

    /// The most the next wait may be.
    var bound: Duration {
        min(Self.longest, Self.shortest * (1 << min(failures, 10)))
    }

    /// Counts a failure and draws the wait that follows it.
    mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let bound = self.bound
        failures += 1
        return .microseconds(Int64.random(in: 0...bound.microseconds, using: &random))
    }

    mutating func reset() { failures = 0 }
}
