import Testing
import WorkflowCore
import WorkflowKit
import WorkflowTestKit

@testable import WorkflowEngine

/// What happens to a batch that the database refuses, or whose acknowledgement is lost.
@Suite struct BatchTests {
    private static let slot = HashSlot(7)

    private static func runs(_ count: Int) -> [RunID] {
        var random = SplitMix(seed: 1)
        return (0..<count).map {
            RunID(at: Timestamp(microsecondsSince1970: Int64($0) * 1_000), slot: slot, using: &random)
        }
    }

    private static func row(_ run: RunID, key: String? = nil) -> RunRow {
        RunRow(id: run, workflow: "w", version: 1, state: .queued, key: key)
    }

    private static func entry(key: String? = nil) -> JournalEntry {
        JournalEntry(
            seq: 0, at: Timestamp(microsecondsSince1970: 0),
            fact: .started(StartRecord(workflow: "w", version: 1, input: Array("{}".utf8), key: key, seed: 1)))
    }

    private static func batch(of runs: [RunID]) -> Batch {
        var batch = Batch()
        for run in runs {
            batch.created.append(row(run))
            batch.segments.append(Batch.Segment(run: run, entries: [entry()]))
        }
        return batch
    }

    // MARK: Halves

    @Test func `a refused batch is divided until each run stands alone`() throws {
        let runs = Self.runs(5)
        var alone: [Set<RunID>] = []
        var parts = [Self.batch(of: runs)]
        while let part = parts.popLast() {
            if let (first, second) = part.halves { parts += [first, second] } else { alone.append(part.runs) }
        }
        #expect(Set(alone) == Set(runs.map { [$0] }))
    }

    @Test func `runs that were to be committed together are not divided`() throws {
        let runs = Self.runs(4)
        var batch = Self.batch(of: runs)
        batch.together = [[runs[3], runs[0]], [runs[0], runs[2]]]
        let (first, second) = try #require(batch.halves)
        #expect(first.runs == [runs[0], runs[2], runs[3]])
        #expect(second.runs == [runs[1]])
        #expect(first.halves == nil)
    }

    @Test func `what a run sends and takes up goes where its entries go`() throws {
        let runs = Self.runs(2)
        var batch = Self.batch(of: runs)
        for run in runs {
            var message = Batch.Message(run: run, body: .adopt)
            message.cause = run
            batch.messages.append(message)
        }
        batch.consumed = [1, 2, 3]
        batch.consumers = [1: runs[1], 2: runs[0]]
        let (first, second) = try #require(batch.halves)
        #expect(first.messages.map(\.cause) == [runs[0]])
        #expect(second.messages.map(\.cause) == [runs[1]])
        #expect(first.consumed == [2, 3])
        #expect(second.consumed == [1])
    }

    // MARK: Lost acknowledgements

    @Test func `a batch that was not applied is known not to be`() async throws {
        let store = MemoryStore()
        #expect(try await store.outcome(ofUnacknowledged: Self.batch(of: Self.runs(2)), by: 1) == nil)
        var guarded = Batch()
        guarded.guarded = [Batch.GuardedStart(row: Self.row(Self.runs(1)[0], key: "k"), entry: Self.entry(key: "k"))]
        #expect(try await store.outcome(ofUnacknowledged: guarded, by: 1) == nil)
    }

    @Test func `a start that lost its key while the acknowledgement was lost names the winner`() async throws {
        let store = MemoryStore()
        let runs = Self.runs(4)
        var earlier = Batch()
        earlier.guarded = [Batch.GuardedStart(row: Self.row(runs[0], key: "a"), entry: Self.entry(key: "a"))]
        _ = try await store.commit(earlier, by: 1)

        var batch = Self.batch(of: [runs[1]])
        batch.guarded = [
            Batch.GuardedStart(row: Self.row(runs[2], key: "a"), entry: Self.entry(key: "a")),
            Batch.GuardedStart(row: Self.row(runs[3], key: "b"), entry: Self.entry(key: "b")),
        ]
        _ = try await store.commit(batch, by: 1)
        let outcome = try #require(try await store.outcome(ofUnacknowledged: batch, by: 1))
        #expect(outcome.winners == [runs[2]: runs[0]])
        #expect(store.openRows.map(\.id) == [runs[0], runs[1], runs[3]].sorted())
    }

    @Test func `a key that became free meanwhile is won by the start that had lost it`() async throws {
        let store = MemoryStore()
        let runs = Self.runs(3)
        var earlier = Batch()
        earlier.guarded = [Batch.GuardedStart(row: Self.row(runs[0], key: "a"), entry: Self.entry(key: "a"))]
        _ = try await store.commit(earlier, by: 1)
        var batch = Self.batch(of: [runs[1]])
        batch.guarded = [Batch.GuardedStart(row: Self.row(runs[2], key: "a"), entry: Self.entry(key: "a"))]
        _ = try await store.commit(batch, by: 1)
        var end = Batch()
        end.closed = [
            Batch.Closed(
                row: Self.row(runs[0], key: "a"), outcome: .cancelled(reason: nil),
                at: Timestamp(microsecondsSince1970: 9), wasOpen: true)
        ]
        _ = try await store.commit(end, by: 1)
        let outcome = try #require(try await store.outcome(ofUnacknowledged: batch, by: 1))
        #expect(outcome.winners.isEmpty)
        #expect(store.openRows.map(\.id) == [runs[1], runs[2]].sorted())
    }
}
