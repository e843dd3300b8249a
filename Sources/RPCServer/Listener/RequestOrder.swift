internal import WorkflowKit

/// Decides which requests of a connection may be carried out now and which wait for an earlier one.
///
/// A request waits for every earlier one that may touch the same entity and is not finished, unless both only read.
struct RequestOrder {
    private struct Request {
        let number: Int
        let work: RPCDispatcher.Work
        /// How many earlier requests it waits for.
        var openBefore: Int
    }

    /// Unfinished requests in the order in which they came, without those that touch nothing.
    private var requests: [Request] = []

    /// A request has come; false if it is to wait.
    mutating func mayStart(_ number: Int, _ work: RPCDispatcher.Work) -> Bool {
        guard work.ordering != .free else { return true }
        var open = 0
        for earlier in requests where Self.conflict(earlier.work, work) { open += 1 }
        requests.append(Request(number: number, work: work, openBefore: open))
        return open == 0
    }

    /// A request is finished; the ones that may be carried out now.
    mutating func finished(_ number: Int) -> [(number: Int, work: RPCDispatcher.Work)] {
        guard let index = requests.firstIndex(where: { $0.number == number }) else { return [] }
        let done = requests.remove(at: index)
        var ready: [(number: Int, work: RPCDispatcher.Work)] = []
        for later in index..<requests.count where Self.conflict(done.work, requests[later].work) {
            requests[later].openBefore -= 1
            if requests[later].openBefore == 0 { ready.append((requests[later].number, requests[later].work)) }
        }
        return ready
    }

    private static func conflict(_ first: RPCDispatcher.Work, _ second: RPCDispatcher.Work) -> Bool {
        !(first.isRead && second.isRead) && first.ordering.mayTouchSame(as: second.ordering)
    }
}
