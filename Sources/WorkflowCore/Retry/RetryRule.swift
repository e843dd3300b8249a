package import WorkflowKit

/// Decides what follows a failed attempt.
package enum RetryRule {
    package enum Decision: Equatable, Sendable {
        /// Try again at this time.
        case retry(at: Timestamp)
        /// Throw the failure into the workflow.
        case `throw`
        /// Pause the run, with the failure as its reason.
        case pause
    }

    /// - Parameters:
    ///   - attempt: The number of the attempt that failed, from 1.
    ///   - random: Evenly drawn from 0 to 1; decides which part of the delay is waited.
    package static func decide(
        _ policy: RetryPolicy, attempt: Int32, failure: Failure, firstStartedAt: Timestamp, now: Timestamp,
        random: Double
    ) -> Decision {
        if !failure.isRetryable || policy.nonRetryableTypes.contains(failure.type) { return .throw }
        let exhausted: Decision = policy.whenExhausted == .pause ? .pause : .throw
        if Int(attempt) >= policy.attemptsMax { return exhausted }
        let next = now + delay(policy, attempt: attempt, retryAfter: failure.retryAfter, random: random)
        if let deadline = policy.deadline, next > firstStartedAt + deadline { return exhausted }
        return .retry(at: next)
    }

    /// The time between attempt `attempt` and the next one.
    package static func delay(
        _ policy: RetryPolicy, attempt: Int32, retryAfter: Duration?, random: Double
    ) -> Duration {
        let ceiling = min(
            Double(policy.delayMax.microseconds),
            Double(policy.initialDelay.microseconds) * pow(policy.factor, times: Int(attempt) - 1))
        let waited = policy.hasJitter ? ceiling * min(max(random, 0), 1) : ceiling
        return max(.microseconds(Int64(waited)), retryAfter ?? .zero)
    }

    /// `base` to the power of `times`, stopping early where it is beyond any delay.
    private static func pow(_ base: Double, times: Int) -> Double {
        var result = 1.0
        for _ in 0..<max(0, times) {
            result *= base
            if result > 1e15 { return 1e15 }
        }
        return result
    }
}
