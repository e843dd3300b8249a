import Dispatch
import WorkflowKit

/// Calls that are made once, after a while.
enum Timer {
    private static let queue = DispatchQueue(label: "postgres-timer")

    static func after(_ duration: Duration, _ body: @escaping @Sendable () -> Void) {
        let microseconds = Int(clamping: max(0, duration.microseconds))
        queue.asyncAfter(deadline: .now() + .microseconds(microseconds), execute: body)
    }
}
