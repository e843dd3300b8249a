import WorkflowKit

/// Tasks that wait for something, first come, first served.
///
/// It is a value inside its owner's lock: what it returns is resumed by the owner once the lock is free.
struct WaitingLine<Grant: Sendable> {
    typealias Continuation = CheckedContinuation<Result<Grant, SQLError>, Never>

    private var first = 0
    private var waiting: [(ticket: Ticket, deadline: ContinuousClock.Instant?, continuation: Continuation)?] = []
    private(set) var count = 0

    mutating func append(
        _ ticket: Ticket, until deadline: ContinuousClock.Instant? = nil, _ continuation: Continuation
    ) {
        waiting.append((ticket, deadline, continuation))
        count += 1
    }

    /// Takes out the tasks whose deadline is over.
    mutating func removeOverdue(at now: ContinuousClock.Instant) -> [Continuation] {
        var overdue: [Continuation] = []
        for index in waiting.indices[first...] {
            guard let next = waiting[index], let deadline = next.deadline, deadline <= now else { continue }
            overdue.append(next.continuation)
            waiting[index] = nil
            count -= 1
        }
        return overdue
    }

    /// The deadline that is over first.
    var nextDeadline: ContinuousClock.Instant? { waiting[first...].lazy.compactMap { $0?.deadline }.min() }

    /// Takes the task that has waited longest out of the line.
    mutating func removeFirst() -> Continuation? {
        while first < waiting.count {
            let next = waiting[first]
            waiting[first] = nil
            first += 1
            if let next {
                count -= 1
                compact()
                return next.continuation
            }
        }
        waiting = []
        first = 0
        return nil
    }

    /// Takes the task with `ticket` out of the line, if it still waits.
    mutating func remove(_ ticket: Ticket) -> Continuation? {
        guard let index = waiting[first...].firstIndex(where: { $0?.ticket === ticket }) else { return nil }
        let continuation = waiting[index]?.continuation
        waiting[index] = nil
        count -= 1
        return continuation
    }

    mutating func removeAll() -> [Continuation] {
        let continuations = waiting.compactMap { $0?.continuation }
        waiting = []
        first = 0
        count = 0
        return continuations
    }

    /// Drops the places that are empty, once they are more than half.
    private mutating func compact() {
        guard first > 32, first * 2 > waiting.count else { return }
        waiting.removeFirst(first)
        first = 0
    }
}
