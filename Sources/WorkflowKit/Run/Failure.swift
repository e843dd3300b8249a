/// Why a step or a run failed, in the form that is stored, sent and shown.
///
/// Any error that a step throws becomes one. Throw a `Failure` yourself to choose its ``type``, to forbid further
/// attempts, or to say when the next one makes sense.
public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable name to branch on, for example `payment.declined`; the Swift type's name for other errors.
    public let type: String
    /// One sentence for a person.
    public let message: String
    /// False when another attempt cannot help: the failure is thrown into the workflow at once.
    public let isRetryable: Bool
    /// The least time until another attempt, when the other side told one.
    public let retryAfter: Duration?

    public init(type: String, message: String, isRetryable: Bool = true, retryAfter: Duration? = nil) {
        self.type = type
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    /// A failure that no further attempt can mend.
    public static func permanent(_ type: String, _ message: String) -> Failure {
        Failure(type: type, message: message, isRetryable: false)
    }

    /// The stored form of `error`.
    public init(_ error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as SQLError:
            self.init(
                type: "sql", message: error.description,
                isRetryable: error.isRetryable || error.kind == .cancelled || error.kind == .outcomeUnknown)
        case is CancellationError:
            self.init(type: "cancelled", message: "the work was cancelled")
        default:
            self.init(type: String(describing: Swift.type(of: error)), message: String(describing: error))
        }
    }

    public var description: String { "\(type): \(message)" }
}

/// The run was cancelled. Thrown from whatever the workflow waits for; let it through, after cleaning up with
/// ``WorkflowContext/cleanup(_:)``.
public struct RunCancelled: Error, Hashable, Sendable {
    /// What whoever cancelled the run said.
    public let reason: String?

    package init(reason: String?) { self.reason = reason }
}
