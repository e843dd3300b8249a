import HeapModule
import WorkflowCore
import WorkflowKit

extension Lane {
    /// Carries out everything that is due.
    func fireTimers() {
        while let timer = timers.min, timer.due <= now || settings.sabotage.contains(.timerFiresEarly) && timer.isWait {
            timers.removeMin()
            fire(timer)
        }
    }

    func fire(_ timer: LaneTimer) {
        guard let run = runs[timer.run] else {
            switch timer.kind {
            case .wake, .startTime, .deadline: withRun(timer.run) { _ in }
            default: break
            }
            return
        }
        guard run.outcome == nil else { return }
        if run.transaction != nil { return run.deferredTimers.append(timer) }
        switch timer.kind {
        case .operation(let ordinal):
            guard let operation = run.execution?.pending[ordinal], operation.due != nil else { return }
            record(run, .timerFired(ordinal: ordinal, name: operation.operation.name))
            progress(run)
        case .retry(let ordinal): retryDue(run, ordinal)
        case .timeout(let ordinal, let attempt):
            guard hasTimedOut(run, ordinal) else { return }
            timeout(run, ordinal, attempt, Failure(type: "step.timeout", message: "the step took too long"))
        case .silence(let ordinal, let attempt): silence(run, ordinal, attempt)
        case .deadline: deadlinePassed(run)
        case .wake: break
        case .startTime:
            if case .queued = run.mode { enqueueNow(run) }
        case .parkCheck: parkIfIdle(run)
        case .suspicionEnds: endSuspicion(run.id)
        }
    }

    /// A timer may be left over from an earlier attempt that had the same number.
    private func hasTimedOut(_ run: Resident, _ ordinal: Int32) -> Bool {
        guard let timeout = run.options(ofStep: ordinal)?.timeout, let startedAt = run.stepStarts[ordinal]
        else { return false }
        return startedAt + timeout <= now
    }

    private func enqueueNow(_ run: Resident) {
        queue(of: run).waiting.insert(LaneQueue.Waiting(priority: run.row.priority, run: run.id))
    }

    // MARK: Parking

    /// The run may have nothing to do but to wait: it leaves memory after a while.
    func noteIdle(_ run: Resident) {
        // It has gone on, or only waits: neither harms a process.
        if run.isSuspect, run.execution != nil,
            !run.writes.entries.isEmpty || run.steps.isEmpty && run.transaction == nil
        {
            endSuspicion(run.id)
        }
        guard run.execution != nil, run.outcome == nil, run.steps.isEmpty, run.transaction == nil else { return }
        if run.idleSince == nil { run.idleSince = now }
        guard !run.isParkCheckScheduled else { return }
        run.isParkCheckScheduled = true
        setTimer(now + settings.parkAfter, run.id, .parkCheck)
    }

    private func parkIfIdle(_ run: Resident) {
        run.isParkCheckScheduled = false
        guard run.execution != nil, let idleSince = run.idleSince else { return }
        guard idleSince + settings.parkAfter <= now, run.isQuiet, !run.hasUnstartedWork, !isReleased(run) else {
            return noteIdle(run)
        }
        let due = run.nextDue
        if let due, due < now + settings.nearTimer, runs.count < settings.residentRunsMax / 2 {
            return noteIdle(run)
        }
        changeRow(run) { row in
            row.state = .parked
            row.wakeAt = settings.sabotage.contains(.wakeUpLostOnPark) ? nil : due
            row.reason = run.waitingFor
        }
        run.isParking = true
    }

    /// Lets a run leave memory that has nothing to do here: parked, paused, or on its way to a replay.
    func leaveIfQuiet(_ run: Resident) {
        guard runs[run.id] === run, run.outcome == nil, run.isQuiet else { return }
        if run.isParking {
            let wakeAt = run.row.wakeAt
            leaveExecution(run)
            forget(run)
            keepTurn(run)
            if let wakeAt, wakeAt <= now + settings.timerHorizon { setTimer(wakeAt, run.id, .wake) }
        } else if run.reloadsWhenDurable {
            leaveExecution(run)
            forget(run)
            giveBackTurn(run)
            withRun(run.id) { _ in }
        } else if case .dormant = run.mode, run.row.state == .paused || run.row.state == .quarantined {
            forget(run)
        }
    }

    /// A parked run keeps its place among those under way of a limited queue; it is counted again when it returns.
    private func keepTurn(_ run: Resident) {
        let queue = run.row.queue ?? Self.defaultQueue
        guard queues[queue]?.limit != nil else { return giveBackTurn(run) }
        parkedTurns[run.id] = queue
    }

    /// Drops timers, loads and turns of runs that others have now.
    private func forgetEverything(in ranges: [SlotRange]) {
        func isGone(_ run: RunID) -> Bool { ranges.contains { $0.contains(HashSlot(run.slotNumber)) } }
        for (run, queue) in parkedTurns where isGone(run) {
            parkedTurns[run] = nil
            queues[queue]?.admitted -= 1
        }
        timers = Heap(timers.unordered.filter { !isGone($0.run) })
        suspects.removeAll(where: isGone)
        toLoad.removeAll(where: isGone)
        for run in loading.keys.sorted() where isGone(run) {
            for call in loading.removeValue(forKey: run) ?? [] { call(.failure(.unavailable)) }
        }
    }

    // MARK: Release

    func isReleased(_ run: Resident) -> Bool {
        !releasing.isEmpty && releasing.contains { $0.ranges.contains { $0.contains(run.row.slot) } }
    }

    /// Whether the run lies in slots that were given up, or are being given up.
    func isGivenUp(_ run: RunID) -> Bool {
        if givenUp.isEmpty, releasing.isEmpty { return false }
        if settings.sabotage.contains(.releasedSlotsStillServed) { return false }
        let slot = HashSlot(run.slotNumber)
        return givenUp.contains { $0.contains(slot) } || releasing.contains { $0.ranges.contains { $0.contains(slot) } }
    }

    func acquired(_ ranges: [SlotRange]) {
        isToldOfAcquisitions = true
        for range in ranges { givenUp = givenUp.flatMap { $0.without(range) } }
    }

    /// Forgets the runs of slots that are given up, once nothing of them is under way.
    func finishReleases() {
        guard !releasing.isEmpty else { return }
        var unfinished: [(ranges: [SlotRange], reply: Reply<Void>)] = []
        for (ranges, reply) in releasing {
            let concerned = runs.values.filter { run in ranges.contains { $0.contains(run.row.slot) } }
                .sorted { $0.id < $1.id }
            for run in concerned where run.isQuiet {
                leaveExecution(run)
                forget(run)
                giveBackTurn(run)
                endSuspicion(run.id)
            }
            guard concerned.allSatisfy(\.isQuiet) || settings.sabotage.contains(.releasedWhileBusy) else {
                unfinished.append((ranges, reply))
                continue
            }
            if isToldOfAcquisitions { givenUp += ranges }
            forgetEverything(in: ranges)
            reply(.success(()))
        }
        releasing = unfinished
    }
}

extension LaneTimer {
    fileprivate var isWait: Bool { if case .operation = kind { true } else { false } }
}
