import HeapModule
import WorkflowCore
import WorkflowKit

extension Lane {
    /// The name under which runs without a queue wait.
    static let defaultQueue = ""

    func start(_ request: StartRequest, _ reply: @escaping Reply<Started>) {
        guard isStoreReachable, !isGivenUp(request.id) else { return reply(.failure(.unavailable)) }
        begin(request, reply)
    }

    /// Starts a child in the same commit as its parent's entry about it, whether the store can be reached or not.
    func startChild(_ request: StartRequest, of parent: Resident) {
        join(begin(request) { _ in }, parent)
    }

    @discardableResult
    private func begin(_ request: StartRequest, _ reply: @escaping Reply<Started>) -> Resident {
        let run = newRun(request)
        let entry = append(run, .started(request.record))
        if request.record.key != nil, !settings.sabotage.contains(.keysNotUnique) {
            // Whether it may exist at all is decided by the commit; until then nothing of it may run.
            if request.record.startAt ?? now <= now, queue(of: run).limit == nil { run.row.state = .active }
            run.mode = .guarded(reply)
            return run
        }
        run.mode = .queued([entry])
        acknowledge(run, reply)
        enqueue(run)
        return run
    }

    func startMany(_ requests: [StartRequest], _ reply: @escaping Reply<[Started]>) {
        guard isStoreReachable, !requests.contains(where: { isGivenUp($0.id) }) else {
            return reply(.failure(.unavailable))
        }
        let started = requests.map { request -> Resident in
            let run = newRun(request)
            run.mode = .queued([append(run, .started(request.record))])
            return run
        }
        for run in started.dropFirst() { join(run, started[0]) }
        // They become durable together, so the last one speaks for all.
        guard let last = started.last else { return reply(.success([])) }
        whenDurable(last) { isDurable in
            reply(
                isDurable
                    ? .success(requests.map { Started(run: $0.id, isNew: true) }) : .failure(.outcomeUnknown))
        }
        for run in started { enqueue(run) }
    }

    func fork(_ request: StartRequest, _ entries: [JournalEntry], _ reply: @escaping Reply<Started>) {
        guard isStoreReachable, !isGivenUp(request.id) else { return reply(.failure(.unavailable)) }
        let run = newRun(request)
        // Entries keep their times, for the code may have decided by them.
        run.lastAt = min(now, entries.first?.at ?? now)
        let shared = entries.drop { if case .started = $0.fact { true } else { false } }
        var journal = [append(run, .started(request.record), at: run.lastAt)]
        for entry in shared { journal.append(append(run, entry.fact, at: entry.at)) }
        run.mode = .queued(journal)
        acknowledge(run, reply)
        enqueue(run)
    }

    private func newRun(_ request: StartRequest) -> Resident {
        let record = request.record
        let row = RunRow(
            id: request.id, workflow: record.workflow, version: record.version, state: .queued, queue: record.queue,
            priority: record.priority, key: record.key, wakeAt: record.startAt, deadline: record.deadline,
            parent: record.parent?.run)
        let run = Resident(
            start: record, row: row, mode: .dormant, nextSeq: 0, durableSeq: -1, isStored: false, at: now)
        runs[request.id] = run
        if let deadline = record.deadline { setTimer(deadline, request.id, .deadline) }
        return run
    }

    private func acknowledge(_ run: Resident, _ reply: @escaping Reply<Started>) {
        let id = run.id
        if settings.sabotage.contains(.acknowledgeBeforeCommit) {
            return reply(.success(Started(run: id, isNew: true)))
        }
        whenDurable(run) { isDurable in
            reply(isDurable ? .success(Started(run: id, isNew: true)) : .failure(.outcomeUnknown))
        }
    }

    /// The commit decided whether a guarded start won its key.
    func decideGuarded(_ run: Resident, winner: RunID?) {
        guard case .guarded(let reply) = run.mode else { return }
        let deferred = run.deferred
        run.deferred = []
        if let winner {
            // Nothing else can be known of it: whoever asks for it finds that there is no such run.
            forget(run)
            reply(.success(Started(run: winner, isNew: false)))
            if let parent = run.start.parent { childLost(parent, run.id) }
        } else {
            run.mode = .queued([JournalEntry(seq: 0, at: run.lastAt, fact: .started(run.start))])
            reply(.success(Started(run: run.id, isNew: true)))
            if let parent = run.start.parent { runs[parent.run]?.unconfirmedChildren.remove(parent.ordinal) }
            enqueue(run)
            if let deadline = run.row.deadline { setTimer(deadline, run.id, .deadline) }
        }
        for event in deferred { handleDeferred(event) }
    }

    /// Lets the run wait for its start time and its turn.
    func enqueue(_ run: Resident) {
        if let startAt = run.start.startAt, startAt > now {
            setTimer(startAt, run.id, .startTime)
            return
        }
        queue(of: run).waiting.insert(LaneQueue.Waiting(priority: run.row.priority, run: run.id))
    }

    func queue(of run: Resident) -> LaneQueue { queue(run.row.queue ?? Self.defaultQueue) }

    func queue(_ name: String) -> LaneQueue {
        if let queue = queues[name] { return queue }
        let queue = LaneQueue(limit: settings.queueLimits[name])
        queues[name] = queue
        return queue
    }

    /// Begins runs that wait for their turn, as far as there is room.
    func admitWaiting() {
        let waiting = queues.filter { !$0.value.waiting.isEmpty }.sorted { $0.key < $1.key }
        for (_, queue) in waiting {
            while executingCount + starting.count < settings.residentRunsMax, queue.hasRoom,
                let next = queue.waiting.popMin()
            {
                guard let run = runs[next.run], case .queued(let entries) = run.mode, !isReleased(run) else { continue }
                queue.admitted += 1
                run.isAdmitted = true
                if !run.isStored, run.inFlight == nil {
                    changeState(run, .active)
                    execute(run, entries)
                } else if run.row.state == .active {
                    execute(run, entries)
                } else {
                    changeState(run, .active)
                    run.mode = .admitted(entries)
                    starting.insert(run.id)
                }
            }
        }
    }

    /// Starts the function of a run that the store has as under way now.
    func beginAdmitted(_ run: Resident) {
        guard case .admitted(let entries) = run.mode, run.inFlight == nil, !run.writes.rowChanged, !isReleased(run)
        else { return }
        starting.remove(run.id)
        execute(run, entries)
    }

    /// A run of a limited queue is no longer under way.
    func giveBackTurn(_ run: Resident) {
        starting.remove(run.id)
        guard run.isAdmitted else { return forgetTurn(run.id) }
        run.isAdmitted = false
        queue(of: run).admitted -= 1
    }

    /// Sets the state that is stored with the run; a run that is not stored yet will be stored with it.
    func changeState(_ run: Resident, _ state: RunRow.State) {
        run.row.state = state
        run.row.wakeAt = nil
        run.row.reason = nil
        if run.isStored || run.inFlight != nil {
            run.writes.rowChanged = true
            markDirty(run)
        }
    }

    /// Starts the workflow function on its journal so far.
    func execute(_ run: Resident, _ entries: [JournalEntry]) {
        guard let type = registry.type(run.row.workflow, version: run.row.version) else {
            return pause(
                run,
                PauseRecord(
                    cause: .unknownWorkflow,
                    detail: "this program has no workflow \"\(run.row.workflow)\" version \(run.row.version)"))
        }
        let (id, post) = (run.id, post)
        let execution = Execution(runID: id, workflow: type, entries: entries, sabotage: settings.sabotage) {
            post(.foreignWake(id))
        }
        run.mode = .executing(execution)
        executingCount += 1
        execution.begin()
        progress(run)
    }
}
