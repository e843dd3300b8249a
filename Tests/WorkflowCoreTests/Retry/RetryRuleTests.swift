import Testing
import WorkflowCore
import WorkflowKit

@Suite struct RetryRuleTests {
    private let start = Timestamp(microsecondsSince1970: 1_000_000_000)
    private let failure = Failure(type: "busy", message: "later")

    private func decide(
        _ policy: RetryPolicy, attempt: Int32 = 1, _ failure: Failure? = nil, after: Duration = .zero,
        random: Double = 1
    ) -> RetryRule.Decision {
        RetryRule.decide(
            policy, attempt: attempt, failure: failure ?? self.failure, firstStartedAt: start, now: start + after,
            random: random)
    }

    @Test func `the delay doubles with each failure, up to the longest one`() {
        let policy = RetryPolicy(initialDelay: .seconds(1), factor: 2, delayMax: .seconds(10))
        let delays = (1...6).map { RetryRule.delay(policy, attempt: $0, retryAfter: nil, random: 1) }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10), .seconds(10)])
    }

    @Test func `jitter takes any part of the delay, from none to all`() {
        let policy = RetryPolicy(initialDelay: .seconds(8))
        #expect(decide(policy, random: 0) == .retry(at: start))
        #expect(decide(policy, random: 0.5) == .retry(at: start + .seconds(4)))
        #expect(decide(policy, random: 1) == .retry(at: start + .seconds(8)))
    }

    @Test func `without jitter the whole delay is waited`() {
        let policy = RetryPolicy(initialDelay: .seconds(8), hasJitter: false)
        #expect(decide(policy, random: 0) == .retry(at: start + .seconds(8)))
    }

    @Test func `the other side's wish for a later attempt is heeded`() {
        let failure = Failure(type: "busy", message: "later", retryAfter: .seconds(60))
        #expect(decide(RetryPolicy(), failure, random: 0) == .retry(at: start + .seconds(60)))
    }

    @Test func `the last attempt is followed by a pause or by the failure`() {
        #expect(decide(RetryPolicy(attemptsMax: 3), attempt: 2, random: 0) == .retry(at: start))
        #expect(decide(RetryPolicy(attemptsMax: 3), attempt: 3) == .pause)
        #expect(decide(RetryPolicy(attemptsMax: 3, whenExhausted: .throw), attempt: 3) == .throw)
    }

    @Test func `no attempt starts after the deadline`() {
        let policy = RetryPolicy(initialDelay: .seconds(10), deadline: .seconds(30), hasJitter: false)
        #expect(decide(policy, after: .seconds(20)) == .retry(at: start + .seconds(30)))
        #expect(decide(policy, after: .seconds(20) + .microseconds(1)) == .pause)
    }

    @Test func `what cannot succeed is not tried again`() {
        #expect(decide(RetryPolicy(), Failure.permanent("no", "never")) == .throw)
        #expect(decide(RetryPolicy(nonRetryableTypes: ["busy"])) == .throw)
    }

    @Test func `hundreds of failures do not overflow the delay`() {
        let policy = RetryPolicy(attemptsMax: .max, initialDelay: .seconds(1), factor: 10, delayMax: .seconds(300))
        #expect(RetryRule.delay(policy, attempt: 1_000_000, retryAfter: nil, random: 1) == .seconds(300))
    }
}
