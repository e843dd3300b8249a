import DequeModule
import Synchronization

/// Runs the jobs of one run, one after the other in the order in which they came, on whatever thread drives it.
///
/// Swift promises no order between the tasks of a group; this executor does, so a workflow that uses `async let` or a
/// task group takes the same course on every replay. Nothing runs by itself: whoever owns the run calls ``drain()``.
final class RunExecutor: TaskExecutor {
    private struct State {
        var jobs: Deque<UnownedJob> = []
        /// True while the owner of the run is the one that wakes its tasks.
        var isDriven = false
        var onForeignWake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// - Parameter onForeignWake: Called when something outside the run's context resumes one of its tasks, which no
    ///   replay could repeat.
    init(onForeignWake: @escaping @Sendable () -> Void) {
        state.withLock { $0.onForeignWake = onForeignWake }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let foreign = state.withLock { state in
            state.jobs.append(job)
            return state.isDriven ? nil : state.onForeignWake
        }
        foreign?()
    }

    /// Calls `body`, in which tasks of the run may be started and resumed.
    func drive<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.isDriven = true }
        defer { state.withLock { $0.isDriven = false } }
        return body()
    }

    /// Runs jobs until none is left. Only within ``drive(_:)``.
    func drain() {
        while let job = state.withLock({ $0.jobs.popFirst() }) {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
