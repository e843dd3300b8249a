import WorkflowCore

extension Store {
    /// Finds out what became of a batch whose acknowledgement was lost; nil when nothing of it was applied.
    ///
    /// It may be asked any number of times. A guarded start that is not there although the batch was committed has lost
    /// its business key; to whom is told by trying it once more.
    package nonisolated(nonsending) func outcome(ofUnacknowledged batch: Batch, by incarnation: Int64)
        async throws(StoreError) -> Committed?
    {
        if let segment = batch.segments.first, let last = segment.entries.last {
            guard try await hasEntry(segment.run, seq: last.seq, by: incarnation) else { return nil }
        }
        var undecided = Batch()
        for start in batch.guarded
        where try await !hasEntry(start.row.id, seq: start.entry.seq, by: incarnation) {
            undecided.guarded.append(start)
        }
        if batch.segments.isEmpty, undecided.guarded.count == batch.guarded.count { return nil }
        return undecided.isEmpty ? Committed() : try await commit(undecided, by: incarnation)
    }
}
