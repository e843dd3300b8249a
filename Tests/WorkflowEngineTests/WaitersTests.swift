import Synchronization
import Testing
import WorkflowCore
import WorkflowKit

@testable import WorkflowEngine

/// Those who wait for the end of a run.
@Suite struct WaitersTests {
    /// Knows of runs that ended elsewhere.
    private final class Elsewhere: RunReader {
        private let ended = Mutex<Set<RunID>>([])

        func end(_ run: RunID) { _ = ended.withLock { $0.insert(run) } }

        func outcomes(_ ids: [RunID]) async throws(StoreError) -> Set<RunID> {
            ended.withLock { $0.intersection(ids) }
        }

        func run(_ id: RunID) async throws(StoreError) -> RunView? { nil }
        func openRun(workflow: String, key: String) async throws(StoreError) -> RunID? { nil }
        func runs(_ filter: RunFilter) async throws(StoreError) -> [RunView] { [] }
        func history(_ id: RunID, after: Int32?, limit: Int) async throws(StoreError) -> [JournalEntry]? { nil }
    }

    private func newRun(_ seed: UInt64) -> RunID {
        var random = SplitMix(seed: seed)
        return RunID(at: Timestamp(microsecondsSince1970: 1_767_225_600_000_000), slot: HashSlot(1), using: &random)
    }

    @Test func `everybody who waits for a run hears of its end, also who asked before and waits only afterwards`()
        async throws
    {
        let waiters = Waiters(reader: Elsewhere())
        let (run, other) = (newRun(1), newRun(2))
        let early = waiters.register(run, timeout: .seconds(600), isOwn: true)
        let late = waiters.register(run, timeout: .seconds(600), isOwn: true)
        let stranger = waiters.register(other, timeout: .zero, isOwn: true)
        async let first = waiters.wait(early)
        waiters.ended(run)
        #expect(await first)
        #expect(await waiters.wait(late))
        #expect(waiters.hasEnded(run))
        #expect(await !waiters.wait(stranger))
        #expect(!waiters.hasEnded(other))
    }

    @Test func `a run that ends on another node is found in the store`() async throws {
        let elsewhere = Elsewhere()
        let waiters = Waiters(reader: elsewhere)
        let waiter = waiters.register(newRun(3), timeout: .seconds(600), isOwn: false)
        async let hasEnded = waiters.wait(waiter)
        elsewhere.end(newRun(3))
        #expect(await hasEnded)
    }

    @Test func `a wait ends with its time or its task, and nobody else's does`() async throws {
        let waiters = Waiters(reader: Elsewhere())
        let run = newRun(4)
        let overdue = waiters.register(run, timeout: .zero, isOwn: true)
        let cancelled = waiters.register(run, timeout: .seconds(600), isOwn: true)
        let patient = waiters.register(run, timeout: .seconds(600), isOwn: true)
        async let patience = waiters.wait(patient)
        let task = Task { await waiters.wait(cancelled) }
        task.cancel()
        #expect(await !task.value)
        #expect(await !waiters.wait(overdue))
        waiters.ended(run)
        #expect(await patience)
    }
}
