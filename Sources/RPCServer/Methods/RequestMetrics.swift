internal import Metrics
private import Synchronization
internal import WorkflowKit

/// Counts requests by method and outcome and times them.
final class RequestMetrics: Sendable {
    private struct Method: Sendable {
        let duration: Metrics.Timer
        let succeeded: Counter
    }

    private let methods: [String: Method]
    /// One per method and error code that has occurred; both are few.
    private let failures = Mutex<[String: Counter]>([:])

    init(_ table: MethodTable) {
        methods = Dictionary(
            uniqueKeysWithValues: table.methods.map { method in
                let name = ("method", method.name)
                return (
                    method.name,
                    Method(
                        duration: Metrics.Timer(label: "holdfast_request_duration", dimensions: [name]),
                        succeeded: Counter(label: "holdfast_requests", dimensions: [name, ("outcome", "ok")]))
                )
            })
    }

    /// - Parameter method: Nil for requests that named none of ours, so that clients cannot invent labels.
    func count(_ method: String?, failure: RPCError.Code?, duration: Duration) {
        let known = method.flatMap { methods[$0] }
        known?.duration.recordMicroseconds(duration.microseconds)
        guard let failure else {
            known?.succeeded.increment()
            return
        }
        let outcome = String(failure.rawValue)
        let name = method ?? "none"
        let counter = failures.withLock { failures in
            if let counter = failures[name + outcome] { return counter }
            let counter = Counter(label: "holdfast_requests", dimensions: [("method", name), ("outcome", outcome)])
            failures[name + outcome] = counter
            return counter
        }
        counter.increment()
    }
}
