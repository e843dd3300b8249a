import HeapModule
import WorkflowKit

/// The runs of one queue that wait for their turn.
final class LaneQueue {
    /// Lower priority numbers first, then in the order of creation.
    struct Waiting: Comparable {
        let priority: Int16
        let run: RunID

        static func < (left: Waiting, right: Waiting) -> Bool {
            (left.priority, left.run) < (right.priority, right.run)
        }
    }

    /// How many runs may be under way at once; nil for no limit.
    let limit: Int?
    var admitted = 0
    var waiting = Heap<Waiting>()

    init(limit: Int?) { self.limit = limit }

    var hasRoom: Bool { limit.map { admitted < $0 } ?? true }
}
