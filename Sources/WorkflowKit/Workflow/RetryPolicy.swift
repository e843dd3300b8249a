/// When a failed step is tried again, and what happens when it never works.
///
/// The delay before attempt n+1 is drawn evenly between zero and `initialDelay · factorⁿ⁻¹`, at most `delayMax`: with
/// full jitter, steps that failed together do not come back together.
public struct RetryPolicy: Hashable, Sendable {
    public enum Exhaustion: String, Hashable, Sendable {
        /// The run is paused with the failure as its reason, until somebody retries it. Nothing is lost.
        case pause
        /// The failure is thrown into the workflow.
        case `throw`
    }

    /// How often the step is tried at most, the first time included.
    public var attemptsMax: Int
    /// The longest possible delay after the first failure.
    public var initialDelay: Duration
    /// By how much the longest possible delay grows with each failure.
    public var factor: Double
    /// The longest delay there is.
    public var delayMax: Duration
    /// No attempt starts later than this after the first one started; nil for no such limit.
    public var deadline: Duration?
    /// ``Failure/type``s that are thrown into the workflow at once.
    public var nonRetryableTypes: Set<String>
    public var whenExhausted: Exhaustion
    /// False to wait for the full delay each time instead of a random part of it.
    public var hasJitter: Bool

    public init(
        attemptsMax: Int = 20, initialDelay: Duration = .seconds(1), factor: Double = 2,
        delayMax: Duration = .seconds(300), deadline: Duration? = nil, nonRetryableTypes: Set<String> = [],
        whenExhausted: Exhaustion = .pause, hasJitter: Bool = true
    ) {
        precondition(attemptsMax >= 1, "a step is tried at least once")
        self.attemptsMax = attemptsMax
        self.initialDelay = initialDelay
        self.factor = factor
        self.delayMax = delayMax
        self.deadline = deadline
        self.nonRetryableTypes = nonRetryableTypes
        self.whenExhausted = whenExhausted
        self.hasJitter = hasJitter
    }

    /// Twenty attempts over about an hour and a half, then a pause.
    public static let standard = RetryPolicy()

    /// One attempt; its failure is thrown into the workflow.
    public static let never = RetryPolicy(attemptsMax: 1, whenExhausted: .throw)
}
