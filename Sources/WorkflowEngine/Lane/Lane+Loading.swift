import WorkflowCore
import WorkflowKit

extension Lane {
    /// Calls `body` with the run, which is loaded first if it is not in memory.
    func withRun(_ id: RunID, _ body: @escaping (Result<Resident, Refusal>) -> Void) {
        if let run = runs[id], !run.reloadsWhenDurable { return body(.success(run)) }
        if runs[id] == nil, isGivenUp(id) { return body(.failure(.unavailable)) }
        let entries = attribution
        let body = { [self] (result: Result<Resident, Refusal>) in attribute(entries) { body(result) } }
        if runs[id] != nil {
            // It is about to leave memory in order to come back.
            loading[id, default: []].append(body)
            return
        }
        if loading[id] == nil { toLoad.append(id) }
        loading[id, default: []].append(body)
    }

    func loadNext() {
        guard !isLoading, !toLoad.isEmpty else { return }
        let count = min(256, toLoad.count)
        isLoading = true
        outputs.append(.load(Array(toLoad.prefix(count))))
        toLoad.removeFirst(count)
    }

    func loaded(_ results: [RunID: LoadedRun]) {
        isLoading = false
        for (id, result) in results.sorted(by: { $0.key < $1.key }) {
            // Nobody waits for it when its slot was given up meanwhile.
            guard let callers = loading.removeValue(forKey: id) else { continue }
            if let run = runs[id] {
                for call in callers { call(.success(run)) }
                continue
            }
            if isGivenUp(id) {
                for call in callers { call(.failure(.unavailable)) }
                continue
            }
            if case .open = result {} else { forgetTurn(id) }
            switch result {
            case .unknown: for call in callers { call(.failure(.unknownRun)) }
            case .ended: for call in callers { call(.failure(.runEnded)) }
            case .unreadable(let row, let reason):
                setAside(row, reason)
                for call in callers { call(.failure(.conflict("its journal cannot be read"))) }
            case .open(let row, let entries):
                let run = admit(row, entries)
                deadlinePassed(run)
                // None of the callers may send the run out of memory while others still wait for it.
                run.isAwaited = true
                for call in callers { call(.success(run)) }
                run.isAwaited = false
                leaveIfQuiet(run)
            }
        }
    }

    /// Takes a loaded run into memory and lets it go on.
    private func admit(_ row: RunRow, _ entries: [JournalEntry]) -> Resident {
        let start: StartRecord
        switch entries[0].fact {
        case .started(let record): start = record
        case .snapshot(let record): start = record.start
        default: preconditionFailure("a journal begins with a start or a snapshot")
        }
        let last = entries[entries.count - 1]
        let run = Resident(
            start: start, row: row, mode: .dormant, nextSeq: last.seq + 1, durableSeq: last.seq, isStored: true,
            at: last.at)
        runs[row.id] = run
        run.isPastDeadline = entries.contains { if case .deadlinePassed = $0.fact { true } else { false } }
        if let deadline = row.deadline, deadline > now { setTimer(deadline, row.id, .deadline) }
        switch row.state {
        case .active where (start.startAt ?? now) > now && !hasToEnd(entries), .queued:
            // One that was paused before its start time waits for it again.
            expectsSuspicion.remove(row.id)
            endSuspicion(row.id)
            forgetTurn(row.id)
            run.mode = .queued(entries)
            enqueue(run)
        case .active, .parked:
            let deaths = trailingSuspicions(entries)
            if deaths >= settings.deathsMax {
                pause(
                    run,
                    PauseRecord(
                        cause: .quarantined,
                        detail: "the process died \(deaths) times while only this run's next step was under way"))
            } else if expectsSuspicion.remove(row.id) != nil {
                suspect(run, entries, deaths: deaths)
            } else {
                countAdmitted(run)
                execute(run, replayable(entries))
            }
        case .paused, .quarantined:
            endSuspicion(row.id)
        }
        return run
    }

    /// Marks a run as paused that cannot be taken into memory. Its entries and messages stay as they are: a later release
    /// may read them.
    private func setAside(_ row: RunRow, _ reason: String) {
        guard row.state != .paused, row.state != .quarantined else { return }
        outputs.append(.log(row.id, "paused: its journal cannot be read: \(reason)"))
        var row = row
        row.state = .paused
        row.reason = "unreadable: \(reason)"
        loose.changed.append(row)
    }

    private func replayable(_ entries: [JournalEntry]) -> [JournalEntry] {
        guard settings.sabotage.contains(.cancelForgottenByReplay) else { return entries }
        return entries.filter { if case .cancelRequested = $0.fact { false } else { true } }
    }

    /// Whether somebody cancelled the run, or its deadline has passed.
    private func hasToEnd(_ entries: [JournalEntry]) -> Bool {
        entries.contains {
            switch $0.fact {
            case .cancelRequested, .deadlinePassed: true
            default: false
            }
        }
    }

    private func countAdmitted(_ run: Resident) {
        run.isAdmitted = true
        if parkedTurns.removeValue(forKey: run.id) != nil { return }
        let queue = run.row.queue ?? Self.defaultQueue
        self.queue(queue).admitted += 1
    }

    /// A run that another owner had admitted to a limited queue keeps its place there before it is loaded.
    private func countTurn(_ row: RunRow) {
        guard let queue = row.queue, settings.queueLimits[queue] != nil, row.state == .active || row.state == .parked,
            runs[row.id] == nil, parkedTurns[row.id] == nil
        else { return }
        parkedTurns[row.id] = queue
        self.queue(queue).admitted += 1
    }

    /// The run turned out not to be under way.
    func forgetTurn(_ run: RunID) {
        if let queue = parkedTurns.removeValue(forKey: run) { queues[queue]?.admitted -= 1 }
    }

    // MARK: Adoption

    /// These runs have become this lane's: by a start elsewhere, or because their owner is gone.
    func adopt(_ rows: [RunRow], afterDeath: Bool) {
        for row in rows { countTurn(row) }
        for row in rows where runs[row.id] == nil && loading[row.id] == nil {
            switch row.state {
            case .queued:
                if let wakeAt = row.wakeAt, wakeAt > now {
                    setTimer(wakeAt, row.id, .wake)
                } else {
                    withRun(row.id) { _ in }
                }
            case .active:
                if afterDeath {
                    suspects.append(row.id)
                } else {
                    withRun(row.id) { _ in }
                }
            case .parked:
                if let wakeAt = row.wakeAt, wakeAt <= now + settings.timerHorizon {
                    setTimer(wakeAt, row.id, .wake)
                }
            case .paused, .quarantined:
                if let deadline = row.deadline, deadline <= now + settings.timerHorizon {
                    setTimer(deadline, row.id, .deadline)
                }
            }
        }
        loadSuspects()
    }

    // MARK: Suspicion

    /// How often a process died since the run last made progress.
    private func trailingSuspicions(_ entries: [JournalEntry]) -> Int {
        entries.reversed().prefix { if case .suspected = $0.fact { true } else { false } }.count
    }

    /// Loads runs that were under way when their process died, only a few at a time: one of them may be the reason.
    func loadSuspects() {
        while suspectsUnderTest.count < settings.suspectsMax, !suspects.isEmpty {
            let id = suspects.removeFirst()
            guard runs[id] == nil else { continue }
            suspectsUnderTest.insert(id)
            expectsSuspicion.insert(id)
            withRun(id) { [self] result in
                if case .failure = result { endSuspicion(id) }
            }
        }
    }

    private func suspect(_ run: Resident, _ entries: [JournalEntry], deaths: Int) {
        run.isSuspect = true
        run.mode = .suspected(entries + [append(run, .suspected(deaths: Int32(deaths + 1)))])
        whenDurable(run) { [unowned self, unowned run] isDurable in
            guard isDurable, run.outcome == nil, case .suspected(let entries) = run.mode else { return }
            setTimer(now + .seconds(1), run.id, .suspicionEnds)
            countAdmitted(run)
            execute(run, replayable(entries))
        }
    }

    /// The run showed that it does no harm, or was dealt with.
    func endSuspicion(_ id: RunID) {
        runs[id]?.isSuspect = false
        expectsSuspicion.remove(id)
        if suspectsUnderTest.remove(id) != nil { loadSuspects() }
    }
}
