import Synchronization

/// Tells one waiting task from another, and carries a cancellation that comes before the task has begun to wait.
///
/// It is not generic and not nested in what is: looking up the metadata of a generic type at each wait was a tenth of
/// the time of a small write.
final class Ticket: Sendable {
    private let cancelled = Atomic(false)

    var isCancelled: Bool { cancelled.load(ordering: .sequentiallyConsistent) }

    func cancel() { cancelled.store(true, ordering: .sequentiallyConsistent) }
}
