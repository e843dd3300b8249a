import WorkflowCore
package import WorkflowKit

extension Batch {
    /// The runs whose data are in it.
    package var runs: Set<RunID> {
        Set(segments.map(\.run) + created.map(\.id) + guarded.map(\.row.id) + changed.map(\.id) + closed.map(\.row.id))
    }

    /// Two batches with about half of the runs each; nil when they cannot be divided any more. Runs that must be
    /// committed together stay together. What belongs to no run goes with the first half.
    package var halves: (Batch, Batch)? {
        let groups = indivisibleRuns
        guard groups.count > 1 else { return nil }
        let first = Set(groups.prefix(groups.count / 2).joined())
        return (part(first.contains, withRest: true), part({ !first.contains($0) }, withRest: false))
    }

    /// The runs in groups of those that must be committed together, in the order of their smallest ids.
    private var indivisibleRuns: [[RunID]] {
        var leaders = Dictionary(uniqueKeysWithValues: runs.map { ($0, $0) })
        func leader(_ run: RunID) -> RunID? {
            guard var run = leaders[run] else { return nil }
            while let next = leaders[run], next != run { run = next }
            return run
        }
        for group in together {
            let found = group.compactMap(leader)
            guard let least = found.min() else { continue }
            for other in found { leaders[other] = least }
        }
        return Dictionary(grouping: leaders.keys.sorted()) { leader($0) ?? $0 }
            .sorted { $0.key < $1.key }.map(\.value)
    }

    private func part(_ isIn: (RunID) -> Bool, withRest: Bool) -> Batch {
        var part = Batch()
        part.segments = segments.filter { isIn($0.run) }
        part.created = created.filter { isIn($0.id) }
        part.guarded = guarded.filter { isIn($0.row.id) }
        part.changed = changed.filter { isIn($0.id) }
        part.closed = closed.filter { isIn($0.row.id) }
        part.events = events.filter { isIn($0.run) }
        part.audit = audit.filter { isIn($0.run) }
        part.together = together.filter { $0.contains(where: isIn) }
        part.messages = messages.filter { $0.cause.map(isIn) ?? withRest }
        part.consumed = consumed.filter { consumers[$0].map(isIn) ?? withRest }
        part.consumers = consumers.filter { isIn($0.value) }
        return part
    }
}
