internal import Metrics
private import Synchronization
internal import WorkflowKit

/// Counts the requests of one method by outcome and times them.
final class MethodMetrics: Sendable {
    private let name: String
    private let duration: Metrics.Timer
    private let succeeded: Counter
    /// One per error code that has occurred; they are few.
    private let failures = Mutex<[RPCError.Code: Counter]>([:])

    /// - Parameter name: Of the method; "none" stands for requests that named none of ours, so that clients cannot
    ///   invent labels.
    init(_ name: String) {
        self.name = name
        duration = Metrics.Timer(label: "holdfast_request_duration", dimensions: [("method", name)])
        succeeded = Counter(label: "holdfast_requests", dimensions: [("method", name), ("outcome", "ok")])
    }

    func count(_ failure: RPCError.Code?, _ time: Duration) {
        duration.recordMicroseconds(time.microseconds)
        guard let failure else { return succeeded.increment() }
        let counter = failures.withLock { failures in
            if let counter = failures[failure] { return counter }
            let counter = Counter(
                label: "holdfast_requests", dimensions: [("method", name), ("outcome", String(failure.rawValue))])
            failures[failure] = counter
            return counter
        }
        counter.increment()
    }
}
