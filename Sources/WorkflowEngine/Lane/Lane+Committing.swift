import WorkflowCore
import WorkflowKit

extension Lane {
    /// Sends out what is to be written, unless it had better gather while commits are under way.
    func cutBatch() {
        guard !(dirty.isEmpty && loose.isEmpty) else { return }
        switch commits.count {
        case 0: break
        case 1 where dirty.count >= settings.secondBatchMin && !isGroupHeldUp: break
        default: return
        }
        var batch = Batch()
        var commit = CommitUnderWay()
        var bytes = 0
        var waiting: [RunID] = []
        var heldUp: [RunID: Bool] = [:]
        for id in dirty {
            guard let run = runs[id], run.isDirty else { continue }
            if batch.segments.count >= settings.batchSegmentsMax || bytes >= settings.batchBytesMax
                || isHeldUp(run, &heldUp)
            {
                waiting.append(id)
            } else {
                bytes += put(run, into: &batch, &commit)
            }
        }
        isGroupHeldUp = heldUp.values.contains(true)
        dirty = waiting.filter { runs[$0]?.isDirty == true }
        batch.consumed += loose.consumed
        batch.changed += loose.changed
        swap(&commit.loose, &loose)
        guard !batch.isEmpty else { return }
        commitNumber += 1
        commits[commitNumber] = commit
        outputs.append(.commit(commitNumber, batch))
    }

    /// Whether another commit has to end before the run's writes can leave: one that has a run whose writes must go
    /// together with this one's. What is found out is kept in `known` while a batch is put together.
    private func isHeldUp(_ run: Resident, _ known: inout [RunID: Bool]) -> Bool {
        guard !commits.isEmpty, !run.writes.joined.isEmpty else { return false }
        if let isHeldUp = known[run.id] { return isHeldUp }
        var group: Set<RunID> = [run.id]
        var unseen = Array(run.writes.joined)
        while let id = unseen.popLast() {
            guard group.insert(id).inserted, let other = runs[id] else { continue }
            unseen += other.writes.joined
        }
        let isHeldUp = group.contains { runs[$0]?.inFlight != nil }
        for id in group { known[id] = isHeldUp }
        return isHeldUp
    }

    /// Moves the run's writes into the batch; returns their approximate size in bytes.
    private func put(_ run: Resident, into batch: inout Batch, _ commit: inout CommitUnderWay) -> Int {
        guard run.isDirty else { return 0 }
        run.isDirty = false
        // It becomes dirty again when the transaction or the commit ends that has entries of it.
        guard run.transaction == nil, !run.writes.isEmpty else { return 0 }
        if run.inFlight != nil, !settings.sabotage.contains(.runInTwoCommits) { return 0 }
        var writes = run.writes
        writes.createsRow = createsRow(run, writes)
        run.writes = Resident.Writes()
        run.inFlight = writes
        commit.runs.append(run.id)
        var bytes = writes.entries.reduce(0) { $0 + 100 + $1.fact.payloadBytes }
        if case .guarded = run.mode, let entry = writes.entries.first {
            batch.guarded.append(Batch.GuardedStart(row: run.row, entry: entry))
            for entry in writes.audit { batch.audit.append((run.id, entry)) }
        } else {
            add(run, writes, to: &batch, withEntries: true)
        }
        guard !writes.joined.isEmpty, !settings.sabotage.contains(.joinedEntriesApart) else { return bytes }
        let joined = writes.joined.sorted()
        batch.together.append([run.id] + joined)
        for other in joined {
            if let other = runs[other] { bytes += put(other, into: &batch, &commit) }
        }
        return bytes
    }

    /// What `writes` mean to the store.
    func add(_ run: Resident, _ writes: Resident.Writes, to batch: inout Batch, withEntries: Bool) {
        if withEntries, !writes.entries.isEmpty {
            batch.segments.append(Batch.Segment(run: run.id, entries: writes.entries))
        }
        if let closed = writes.closed {
            batch.closed.append(
                Batch.Closed(row: closed.row, outcome: closed.outcome, at: closed.at, wasOpen: run.isStored))
        } else if createsRow(run, writes) {
            batch.created.append(run.row)
        } else if writes.rowChanged {
            batch.changed.append(run.row)
        }
        for var message in writes.messages {
            message.cause = run.id
            batch.messages.append(message)
        }
        batch.consumed += writes.consumed
        for message in writes.consumed { batch.consumers[message] = run.id }
        batch.events += writes.events
        for entry in writes.audit { batch.audit.append((run.id, entry)) }
    }

    /// Whether these writes put the run into the table of open runs.
    private func createsRow(_ run: Resident, _ writes: Resident.Writes) -> Bool {
        writes.closed == nil && !run.isStored && run.outcome == nil
    }

    func committed(_ number: Int, _ result: Committed, refused: [RunID: String]) {
        guard let commit = commits.removeValue(forKey: number) else { return }
        isStoreReachable = true
        taken(commit.loose.consumed)
        var messaged: [RunID] = []
        for id in commit.runs {
            guard let run = runs[id], let writes = run.inFlight else { continue }
            run.inFlight = nil
            if let reason = refused[id] {
                refuse(run, writes, reason)
                continue
            }
            messaged += writes.messages.map(\.run)
            if case .guarded = run.mode, let entry = writes.entries.first {
                if result.winners[id] == nil {
                    run.isStored = true
                    run.durableSeq = entry.seq
                }
                decideGuarded(run, winner: result.winners[id])
                continue
            }
            settle(run, writes)
            becameDurable(run, through: writes.entries.last?.seq ?? run.durableSeq)
            if let reason = run.refusal { refuse(run, run.writes, reason) }
            beginAdmitted(run)
            leaveIfQuiet(run)
        }
        if !messaged.isEmpty { outputs.append(.messagesWaiting(messaged)) }
    }

    /// Draws the conclusions from writes that are committed now.
    func settle(_ run: Resident, _ writes: Resident.Writes) {
        // The run may have ended since these writes went out: then its row is there until its end is committed, too.
        run.isStored = writes.closed == nil && (run.isStored || writes.createsRow)
        taken(writes.consumed)
        if !run.writes.isEmpty { markDirty(run) }
    }

    /// The taking of these messages is committed.
    private func taken(_ messages: [Int64]) {
        for message in messages {
            messagesUnderWay.remove(message)
            messagesTaken.insert(message)
        }
    }

    func becameDurable(_ run: Resident, through seq: Int32) {
        run.durableSeq = max(run.durableSeq, seq)
        while let index = run.whenDurable.firstIndex(where: { $0.seq <= run.durableSeq }) {
            run.whenDurable.remove(at: index).call(true)
        }
        if let outcome = run.outcome, run.writes.isEmpty, run.inFlight == nil, runs[run.id] === run {
            forget(run)
            outputs.append(.ended(run.id, outcome))
        }
    }

    /// The batch was not applied: what it held goes out again, before what came since.
    func commitFailed(_ number: Int) {
        guard let commit = commits.removeValue(forKey: number) else { return }
        isStoreReachable = false
        for id in commit.runs {
            guard let run = runs[id], let writes = run.inFlight else { continue }
            run.inFlight = nil
            if settings.sabotage.contains(.entriesDroppedOnCommitFailure) {
                settle(run, writes)
                if let last = writes.entries.last { becameDurable(run, through: last.seq) }
                continue
            }
            run.writes = writes.followed(by: run.writes)
            run.isDirty = false
            markDirty(run)
        }
        loose = LooseWrites(
            consumed: commit.loose.consumed + loose.consumed, changed: commit.loose.changed + loose.changed)
    }

    /// The store refused the run's data: it is set aside, so that it harms nobody else.
    private func refuse(_ run: Resident, _ writes: Resident.Writes, _ reason: String) {
        log(run, "the store refused its data and it is quarantined: \(reason)")
        let joined = run.writes.joined
        run.execution?.evict()
        if run.execution != nil { executingCount -= 1 }
        giveBackTurn(run)
        cancelSteps(run)
        let waiting = run.whenDurable
        runs[run.id] = nil
        if case .guarded(let reply) = run.mode { reply(.failure(.conflict("the database refused its data"))) }
        for (_, call) in waiting { call(false) }
        refuse(run.deferred)
        if run.durableSeq < 0, let parent = run.start.parent {
            childLost(parent, run.id, .permanent("child.refused", "the database refused the child's data"))
        }
        setAside(run, writes, reason)
        // What was to be committed together with what came since cannot be committed alone.
        for other in joined.sorted() {
            guard let other = runs[other], !other.writes.joined.isEmpty, other.refusal == nil else { continue }
            if other.inFlight == nil { refuse(other, other.writes, reason) } else { other.refusal = reason }
        }
    }

    /// Takes a refused run back as far as the store has it, quarantined.
    private func setAside(_ run: Resident, _ writes: Resident.Writes, _ reason: String) {
        guard run.durableSeq >= 0, let first = writes.entries.first else { return }
        let aside = Resident(
            start: run.start, row: run.row, mode: .dormant, nextSeq: first.seq, durableSeq: run.durableSeq,
            isStored: true, at: now)
        aside.row.state = .active
        runs[run.id] = aside
        pause(aside, PauseRecord(cause: .quarantined, detail: "the database refused what the run wrote"))
    }

    func forget(_ run: Resident) {
        guard runs[run.id] === run else { return }
        runs[run.id] = nil
        if run.hasFarTimer, run.outcome != nil { dropTimers(ofEnded: run.id) }
        // Whoever asked for the run while it was leaving has it loaded again.
        if loading[run.id] != nil, !toLoad.contains(run.id) { toLoad.append(run.id) }
    }
}

/// What a batch that is out has taken along.
struct CommitUnderWay {
    var runs: [RunID] = []
    var loose = LooseWrites()
}

/// Writes that belong to no run in memory.
struct LooseWrites {
    var consumed: [Int64] = []
    var changed: [RunRow] = []

    var isEmpty: Bool { consumed.isEmpty && changed.isEmpty }
}

extension JournalEntry.Fact {
    /// About how many bytes its payload has.
    var payloadBytes: Int {
        switch self {
        case .started(let record): record.input.count
        case .stepEnded(let record): record.outcome.payloadBytes
        case .signalReceived(let record): record.payload.count
        case .snapshot(let record): record.state.count
        case .childEnded(_, _, let outcome), .ended(let outcome): outcome.payloadBytes
        case .heartbeat(_, _, let progress): progress.count
        default: 0
        }
    }
}

extension Outcome {
    fileprivate var payloadBytes: Int {
        guard case .completed(let json) = self else { return 100 }
        return json.count
    }
}
