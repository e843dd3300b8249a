import Synchronization
package import WorkflowCore
package import WorkflowKit

/// What may be told when a run is started.
package struct RunSpecification: Sendable {
    package var workflow: String
    package var input: [UInt8]
    package var key: String?
    package var queue: String?
    package var priority: Int16 = StartRecord.priorityDefault
    package var startAt: Timestamp?
    package var deadline: Duration?
    /// Who asks for it; the node adds what the run is called.
    package var audit: AuditEntry?

    package init(workflow: String, input: [UInt8]) {
        self.workflow = workflow
        self.input = input
    }
}

extension Node {
    /// Starts a run. Answers once it is durable; with a business key that an open run has, answers with that run.
    package func start(_ specification: RunSpecification) async throws(Refusal) -> Started {
        guard let request = request(specification) else { throw .unavailable }
        let audit = Self.audit([specification], [request])
        guard let host = ownHost(request.id) else { return try await startElsewhere([request], audit)[0] }
        return try await answer { host.post(Self.attributed(audit, .start(request, $0)), mayTakeTurn: true) }
    }

    /// Starts all runs or none of them. Those without a business key share a lane and so a commit.
    package func startMany(_ specifications: [RunSpecification]) async throws(Refusal) -> [Started] {
        guard !specifications.isEmpty else { return [] }
        guard specifications.allSatisfy({ $0.key == nil && !hasLimit($0.queue) }),
            let slot = state.withLock({ $0.ownSlot() }), let host = host(laneNumber(slot))
        else {
            let requests = specifications.compactMap { request($0) }
            return try await startElsewhere(requests, Self.audit(specifications, requests))
        }
        let requests = specifications.compactMap { request($0, slot: slot) }
        guard requests.count == specifications.count else { throw .unavailable }
        let audit = Self.audit(specifications, requests)
        return try await answer { host.post(Self.attributed(audit, .startMany(requests, $0))) }
    }

    /// Sends a signal; answers once it is durable. A signal of an id that the run has had already changes nothing.
    package func signal(
        _ run: RunID, name: String, id: RunID? = nil, payload: [UInt8], audit: AuditEntry? = nil
    ) async throws(Refusal) {
        let id = id ?? newID(slot: HashSlot(run.slotNumber))
        let record = SignalRecord(name: name, id: id, payload: payload)
        guard let host = ownHost(run) else { return try await post(run, .signal(record)) }
        return try await answer {
            host.post(Self.attributed(audit.map { [$0] } ?? [], .signal(run, record, $0)), mayTakeTurn: true)
        }
    }

    package func command(
        _ run: RunID, _ command: RunCommand, audit: AuditEntry? = nil
    ) async throws(Refusal) -> RunStatus {
        guard let host = ownHost(run) else {
            try await post(run, .command(command))
            return try await view(run).status
        }
        return try await answer { host.post(Self.attributed(audit.map { [$0] } ?? [], .command(run, command, $0))) }
    }

    /// The run as it is now, with what only its owner's memory knows.
    package func view(_ run: RunID) async throws(Refusal) -> RunView {
        let stored: RunView?
        do {
            stored = try await reader.run(run)
        } catch {
            throw .unavailable
        }
        guard var view = stored else { throw .unknownRun }
        if !view.status.isEnd, let inspection = await inspect(run) {
            view.status = inspection.status.isEnd ? view.status : inspection.status
            view.reason = inspection.reason ?? inspection.waitingFor
        }
        return view
    }

    /// What the owner knows of the run beyond what is stored; nil when it is not in this node's memory.
    package func inspect(_ run: RunID) async -> Inspection? {
        guard let host = ownHost(run) else { return nil }
        return try? await answer { host.post(.inspect(run, $0), mayTakeTurn: true) }
    }

    /// Whether the run ended within `timeout`.
    package func hasEnded(_ run: RunID, within timeout: Duration) async -> Bool {
        await waitForEnd(run, timeout: timeout)
    }

    /// The open run of a workflow and business key; nil when there is none.
    package func openRun(workflow: String, key: String) async throws(Refusal) -> RunID? {
        do {
            return try await reader.openRun(workflow: workflow, key: key)
        } catch {
            throw .unavailable
        }
    }

    /// Runs that fit the filter, newest first.
    package func list(_ filter: RunFilter) async throws(Refusal) -> [RunView] {
        do {
            return try await reader.runs(filter)
        } catch {
            throw .unavailable
        }
    }

    /// Entries of the run's journal after `after`.
    package func history(_ run: RunID, after: Int32?, limit: Int) async throws(Refusal) -> [JournalEntry] {
        let entries: [JournalEntry]?
        do {
            entries = try await reader.history(run, after: after, limit: limit)
        } catch {
            throw .unavailable
        }
        guard let entries else { throw .unknownRun }
        return entries
    }

    /// Waits until the run has ended; nil when it has not within `timeout`.
    package func wait(_ run: RunID, timeout: Duration) async throws(Refusal) -> RunView? {
        let view = try await view(run)
        if view.status.isEnd { return view }
        let ended = await waitForEnd(run, timeout: timeout)
        return ended ? try await self.view(run) : nil
    }

    private func waitForEnd(_ run: RunID, timeout: Duration) async -> Bool {
        if waiters.hasEnded(run) { return true }
        let isOwn = ownHost(run) != nil
        let waiter = waiters.register(run, timeout: timeout, isOwn: isOwn)
        // One that is in memory will tell. Any other may have ended before.
        if await inspect(run) == nil, let ended = try? await reader.outcomes([run]), ended.contains(run) {
            waiters.unregister(waiter)
            return true
        }
        return await waiters.wait(waiter)
    }

    /// Starts a new run that takes over another one's journal before `seq`.
    package func fork(
        _ source: RunID, before seq: Int32, input: [UInt8]?, audit: AuditEntry? = nil
    ) async throws(Refusal) -> Started {
        let entries: [JournalEntry]?
        do {
            entries = try await reader.history(source, after: nil, limit: Int(Int32.max))
        } catch {
            throw .unavailable
        }
        guard let entries, case .started(var record)? = entries.first?.fact else { throw .unknownRun }
        record.fork = StartRecord.Fork(run: source, seq: seq)
        record.key = nil
        record.parent = nil
        record.startAt = nil
        record.deadline = nil
        if let input { record.input = input }
        // Runs of a limited queue lie in one slot, where they are counted.
        let shared = hasLimit(record.queue) ? record.queue.map { HashSlot(of: $0) } : nil
        guard let slot = shared ?? state.withLock({ $0.ownSlot() }) else { throw .unavailable }
        let request = StartRequest(id: newID(slot: slot), record: record)
        guard let host = ownHost(request.id) else { throw .unavailable }
        let before = entries.filter { $0.seq < seq && $0.fact.isKeptByFork }
        let kept = await withoutOpenChildren(before).map { $0.ofFork(record) }
        return try await answer {
            host.post(
                Self.attributed(audit.map { [$0.about("run:\(request.id)")] } ?? [], .fork(request, Array(kept), $0)))
        }
    }

    // MARK: -

    /// What the audit log says about each start; a run of a business key may be one that is open already.
    private static func audit(_ specifications: [RunSpecification], _ requests: [StartRequest]) -> [AuditEntry] {
        zip(specifications, requests).compactMap { specification, request in
            let name = specification.key.map { "run:\(specification.workflow)/\($0)" } ?? "run:\(request.id)"
            return specification.audit?.about(name)
        }
    }

    static func attributed(_ entries: [AuditEntry], _ event: LaneEvent) -> LaneEvent {
        entries.isEmpty ? event : .attributed(entries, event)
    }

    /// Whether this node's memory has the run, so that what is asked of it is committed by a lane of this node.
    package func owns(_ run: RunID) -> Bool { ownHost(run) != nil }

    /// The entries without the starts of children whose end the parent still waited for: they report to the other run, so
    /// the fork starts its own.
    private func withoutOpenChildren(_ entries: [JournalEntry]) async -> [JournalEntry] {
        var open: [Int32: RunID] = [:]
        for entry in entries {
            if case .childStarted(let ordinal, _, let child) = entry.fact { open[ordinal] = child }
            if case .childEnded(let ordinal, _, _) = entry.fact { open[ordinal] = nil }
        }
        var dropped: Set<Int32> = []
        for (ordinal, child) in open {
            let start = (try? await history(child, after: nil, limit: 1))?.first
            if case .started(let record)? = start?.fact, record.parent?.awaitsResult == true { dropped.insert(ordinal) }
        }
        return entries.filter { entry in
            if case .childStarted(let ordinal, _, _) = entry.fact { !dropped.contains(ordinal) } else { true }
        }
    }

    private func hasLimit(_ queue: String?) -> Bool { queue.map { settings.lane.queueLimits[$0] != nil } ?? false }

    /// - Parameter slot: Where a run goes that neither its key nor its queue puts anywhere.
    func request(_ specification: RunSpecification, slot: HashSlot? = nil) -> StartRequest? {
        guard let type = registry.newest(specification.workflow) else { return nil }
        let shared: HashSlot? =
            if let queue = specification.queue, hasLimit(queue) {
                HashSlot(of: queue)
            } else {
                specification.key.map { HashSlot(of: "\(type.name)/\($0)") }
            }
        let slot = shared ?? slot ?? state.withLock { $0.ownSlot() ?? $0.anySlot() }
        let now = clock.now
        let record = StartRecord(
            workflow: type.name, version: Int32(type.version), input: specification.input, key: specification.key,
            queue: specification.queue, priority: specification.priority, startAt: specification.startAt,
            deadline: specification.deadline.map { now + $0 }, seed: state.withLock { $0.random.next() })
        return StartRequest(id: newID(slot: slot), record: record)
    }

    /// A number for a signal to that run, by which a repetition is recognised.
    package func newSignalID(_ run: RunID) -> RunID { newID(slot: HashSlot(run.slotNumber)) }

    func newID(slot: HashSlot) -> RunID {
        state.withLock { RunID(at: clock.now, slot: slot, using: &$0.random) }
    }

    /// Puts runs into the table of open runs in one commit, for their owners to take up.
    private func startElsewhere(
        _ requests: [StartRequest], _ audit: [AuditEntry]
    ) async throws(Refusal) -> [Started] {
        guard let incarnation else { throw .unavailable }
        do {
            var batch = batch(starting: requests)
            batch.audit = zip(requests, audit).map { ($0.id, $1) }
            let committed = try await stores[0].commit(batch, by: incarnation)
            messagesWaiting()
            return requests.map { request in
                let winner = committed.winners[request.id]
                return Started(run: winner ?? request.id, isNew: winner == nil)
            }
        } catch {
            throw error.kind == .outcomeUnknown ? .outcomeUnknown : .unavailable
        }
    }

    /// What puts runs into the table of open runs and calls their owners.
    func batch(starting requests: [StartRequest]) -> Batch {
        var batch = Batch()
        for request in requests {
            let record = request.record
            let row = RunRow(
                id: request.id, workflow: record.workflow, version: record.version, state: .queued,
                queue: record.queue, priority: record.priority, key: record.key, wakeAt: record.startAt,
                deadline: record.deadline)
            let entry = JournalEntry(seq: 0, at: clock.now, fact: .started(record))
            if record.key != nil {
                batch.guarded.append(Batch.GuardedStart(row: row, entry: entry))
            } else {
                batch.created.append(row)
                batch.segments.append(Batch.Segment(run: request.id, entries: [entry]))
            }
            batch.messages.append(Batch.Message(run: request.id, body: .adopt))
        }
        return batch
    }

    private func post(_ run: RunID, _ body: Batch.Message.Body) async throws(Refusal) {
        let result: PostResult
        do {
            result = try await stores[0].post(Batch.Message(run: run, body: body))
        } catch {
            throw error.kind == .outcomeUnknown ? .outcomeUnknown : .unavailable
        }
        switch result {
        case .posted: await cluster.hint()
        case .ended: throw .runEnded
        case .unknown: throw .unknownRun
        }
    }

    private func answer<Value: Sendable>(_ ask: (@escaping Reply<Value>) -> Void) async throws(Refusal) -> Value {
        let result = await withCheckedContinuation { continuation in
            ask { result in continuation.resume(returning: result) }
        }
        return try result.get()
    }
}

extension JournalEntry {
    /// The same entry in a run that began with `start`: a snapshot says how its run began.
    fileprivate func ofFork(_ start: StartRecord) -> JournalEntry {
        guard case .snapshot(var record) = fact else { return self }
        record.start = start
        return JournalEntry(seq: seq, at: at, fact: .snapshot(record))
    }
}

extension JournalEntry.Fact {
    /// Whether a fork takes it over: what was asked of the other run, such as a pause, concerns that run alone.
    fileprivate var isKeptByFork: Bool {
        switch self {
        case .cancelRequested, .deadlinePassed, .paused, .resumed, .suspected, .ended: false
        default: true
        }
    }
}
