import WorkflowCore
import WorkflowKit

extension Lane {
    /// Carries out what the workflow function asked for, until it waits or has ended.
    func progress(_ run: Resident) {
        while let execution = run.execution, run.outcome == nil {
            for change in execution.takeNewChanges() { append(run, .changed(change)) }
            for operation in execution.takeAbandoned() { abandon(run, operation) }
            if let problem = execution.problem {
                if execution.cancellation != nil {
                    // It cannot be replayed, so it cannot clean up either; cancelling it must still be possible.
                    return end(run, .cancelled(reason: execution.cancellation?.reason))
                }
                return pause(run, problem)
            }
            if let outcome = execution.outcome { return end(run, outcome) }
            let unanswered = execution.takeUnanswered()
            if unanswered.isEmpty { break }
            for ordinal in unanswered { begin(run, ordinal) }
        }
        noteIdle(run)
    }

    func begin(_ run: Resident, _ ordinal: Int32) {
        guard let execution = run.execution, let operation = execution.pending[ordinal] else { return }
        if run.transaction != nil, operation.operation.kind.writesAtOnce {
            // The transaction under way has the run's next entry.
            return run.heldOperations.append(ordinal)
        }
        switch operation.operation.kind {
        case .step, .transaction, .compensation:
            beginStep(run, operation)
        case .timer, .signal:
            if let due = operation.due {
                setTimer(settings.sabotage.contains(.timerFiresEarly) ? now : due, run.id, .operation(ordinal))
            }
        case .child(let request):
            beginChild(run, operation, request)
        case .snapshot(let state):
            record(run, .snapshot(execution.snapshot(ordinal: ordinal, state: state)))
        case .event(let audiences, let payload):
            run.writes.events.append(
                Batch.Event(run: run.id, type: operation.operation.name, audiences: audiences, data: payload))
            record(run, .eventEmitted(ordinal: ordinal, name: operation.operation.name))
        }
    }

    // MARK: Children

    private func beginChild(_ run: Resident, _ operation: PendingOperation, _ request: Operation.ChildRequest) {
        // A child that was started before its parent lost its memory is under way or has left a message.
        if let child = operation.child {
            // One with a business key may have lost it to another run just before its parent lost its memory.
            if request.key != nil {
                run.unconfirmedChildren.insert(operation.ordinal)
                withRun(child) { [self] result in
                    switch result {
                    case .failure(.unknownRun):
                        if let parent = run.parentOfChild(operation) { childLost(parent, child) }
                    case .failure(.unavailable), .failure(.outcomeUnknown): break
                    case .success(let found):
                        if case .guarded = found.mode { break }
                        run.unconfirmedChildren.remove(operation.ordinal)
                    case .failure: run.unconfirmedChildren.remove(operation.ordinal)
                    }
                }
            }
            return
        }
        guard let type = registry.newest(request.workflow) else {
            return childFailed(run, operation, .permanent("workflow.notFound", "no workflow \"\(request.workflow)\""))
        }
        // A child without a key lies in its parent's slot, so both always have the same owner.
        let slot = request.key.map { HashSlot(of: "\(request.workflow)/\($0)") } ?? run.row.slot
        if slot != run.row.slot {
            return childFailed(
                run, operation,
                .permanent("child.unsupported", "a child with a business key must be started through the protocol"))
        }
        let id = RunID(at: now, slot: slot, using: &random)
        let record = StartRecord(
            workflow: type.name, version: Int32(type.version), input: request.input, key: request.key,
            queue: nil, priority: run.row.priority,
            parent: StartRecord.Parent(
                run: run.id, ordinal: operation.ordinal, awaitsResult: request.awaitsResult,
                closePolicy: request.closePolicy),
            seed: random.next())
        self.record(run, .childStarted(ordinal: operation.ordinal, name: operation.operation.name, child: id))
        if request.key != nil { run.unconfirmedChildren.insert(operation.ordinal) }
        startChild(StartRequest(id: id, record: record), of: run)
    }

    private func childFailed(_ run: Resident, _ operation: PendingOperation, _ failure: Failure) {
        let child = RunID(at: now, slot: run.row.slot, using: &random)
        record(run, .childStarted(ordinal: operation.ordinal, name: operation.operation.name, child: child))
        record(run, .childEnded(ordinal: operation.ordinal, child: child, outcome: .failed(failure)))
    }

    /// A child's start came to nothing; unless told otherwise, because it lost its business key to another run.
    func childLost(
        _ parent: StartRecord.Parent, _ child: RunID,
        _ failure: Failure = .permanent("child.conflict", "another open run has the child's business key")
    ) {
        guard parent.awaitsResult else { return }
        withRun(parent.run) { [self] result in
            guard let run = try? result.get(), run.outcome == nil, let execution = run.execution,
                execution.pending[parent.ordinal]?.child == child
            else { return }
            if run.transaction != nil { return run.heldOperations.append(parent.ordinal) }
            record(run, .childEnded(ordinal: parent.ordinal, child: child, outcome: .failed(failure)))
            progress(run)
        }
    }

    /// Tells the parent that its child ended: in the same commit when the parent is at hand, else by a message in it.
    private func deliverChildEnd(to parent: StartRecord.Parent, child: RunID, outcome: Outcome, from run: Resident) {
        if let resident = runs[parent.run], resident.outcome == nil, resident.transaction == nil,
            let execution = resident.execution
        {
            guard execution.pending[parent.ordinal]?.child == child else { return }
            join(run, resident)
            record(resident, .childEnded(ordinal: parent.ordinal, child: child, outcome: outcome))
            progress(resident)
            return
        }
        if settings.sabotage.contains(.childEndLost) { return }
        run.writes.messages.append(
            Batch.Message(
                run: parent.run, body: .childEnded(ordinal: parent.ordinal, child: child, outcome: outcome)))
    }

    /// The function no longer waits for the operation: what is being carried out for it is to stop.
    private func abandon(_ run: Resident, _ operation: PendingOperation) {
        let ordinal = operation.ordinal
        if let attempt = run.steps.removeValue(forKey: ordinal) {
            run.stepStarts[ordinal] = nil
            outputs.append(.cancelStep(StepReference(run: run.id, ordinal: ordinal, attempt: attempt)))
        }
        run.queuedTransactions.removeAll { $0 == ordinal }
        run.heldOperations.removeAll { $0 == ordinal }
        if let child = operation.child, case .child(let request) = operation.operation.kind,
            request.closePolicy == .cancel
        {
            // A message, because it is committed together with the reason for it.
            run.writes.messages.append(
                Batch.Message(run: child, body: .command(.cancel(reason: "its parent was cancelled"))))
            markDirty(run)
        }
    }

    // MARK: Ending

    func end(_ run: Resident, _ outcome: Outcome) {
        guard run.outcome == nil else { return }
        run.outcome = outcome
        cancelSteps(run)
        append(run, .ended(outcome))
        run.writes.closed = Batch.Closed(row: run.row, outcome: outcome, at: run.lastAt, wasOpen: run.isStored)
        run.writes.rowChanged = false
        if let parent = run.start.parent, parent.awaitsResult {
            deliverChildEnd(to: parent, child: run.id, outcome: outcome, from: run)
        }
        leaveExecution(run)
        // One that ends before its turn must not get it any more.
        run.mode = .dormant
        giveBackTurn(run)
        endSuspicion(run.id)
    }

    /// Stops the run until somebody resumes it. What is being carried out is still recorded.
    func pause(_ run: Resident, _ record: PauseRecord) {
        guard run.outcome == nil, run.row.state != .paused, run.row.state != .quarantined else { return }
        if record.cause == .mismatch || record.cause == .foreignWait { cancelSteps(run) }
        keepSteps(run)
        append(run, .paused(record))
        changeRow(run) { row in
            row.state = record.cause == .quarantined ? .quarantined : .paused
            // A paused run still has its deadline, and nothing else that would wake it.
            row.wakeAt = run.isPastDeadline ? nil : row.deadline
            row.reason = "\(record.cause.rawValue): \(record.detail)"
        }
        log(run, "paused: \(record.cause.rawValue)")
        leaveExecution(run)
        run.mode = .dormant
        giveBackTurn(run)
        endSuspicion(run.id)
    }

    /// What is being carried out goes on while the run is paused; what only waits to begin does not.
    private func keepSteps(_ run: Resident) {
        for ordinal in run.steps.keys where run.stepStarts[ordinal] == nil { run.steps[ordinal] = nil }
        run.pausedSteps = [:]
        for ordinal in run.steps.keys {
            guard let operation = run.execution?.pending[ordinal],
                let kind = StepRecord.Kind(operation.operation.kind), let options = run.options(ofStep: ordinal)
            else { continue }
            run.pausedSteps[ordinal] = Resident.PausedStep(
                kind: kind, name: operation.operation.name, options: options)
        }
    }

    /// Frees the workflow function's memory.
    func leaveExecution(_ run: Resident) {
        guard let execution = run.execution else { return }
        execution.evict()
        executingCount -= 1
        run.mode = .dormant
    }

    func foreignWake(_ id: RunID) {
        guard let run = runs[id], let execution = run.execution, run.outcome == nil else { return }
        if execution.problem == nil {
            if run.transaction != nil { return run.deferred.append(.foreignWake(id)) }
            pause(
                run,
                PauseRecord(
                    cause: .foreignWait,
                    detail: "something outside the context resumed the workflow; use its operations instead"))
        }
    }

    func inspection(_ run: Resident) -> Inspection {
        let attempts = run.execution?.pending.values.map(\.attempt).max() ?? 1
        return Inspection(
            status: run.status, waitingFor: run.waitingFor, attempts: attempts, reason: run.row.reason)
    }
}

extension Resident {
    /// How a child names its parent, for the child operation of this run.
    func parentOfChild(_ operation: PendingOperation) -> StartRecord.Parent? {
        guard case .child(let request) = operation.operation.kind else { return nil }
        return StartRecord.Parent(
            run: id, ordinal: operation.ordinal, awaitsResult: request.awaitsResult, closePolicy: request.closePolicy)
    }
}

extension Operation.Kind {
    /// Whether it is recorded as soon as it is asked for.
    var writesAtOnce: Bool {
        switch self {
        case .child, .snapshot, .event: true
        case .step, .transaction, .compensation, .timer, .signal: false
        }
    }
}
