import HeapModule
import WorkflowCore
import WorkflowKit

extension Lane {
    func beginStep(_ run: Resident, _ operation: PendingOperation) {
        guard !operation.isExhausted else { return }
        if let next = operation.nextAttemptAt, next > now {
            return setTimer(next, run.id, .retry(operation.ordinal))
        }
        launch(run, operation)
    }

    /// Starts the next attempt, as soon as what it depends on is committed.
    private func launch(_ run: Resident, _ operation: PendingOperation) {
        guard !isReleased(run) else { return }
        switch operation.operation.kind {
        case .step(let options, let body):
            launch(run, operation, options, body)
        case .compensation(let options, .step(let body)):
            launch(run, operation, options, body)
        case .transaction(_, let body), .compensation(_, .transaction(let body)):
            launchTransaction(run, operation, body)
        case .timer, .signal, .child, .snapshot, .event:
            preconditionFailure("\(operation.label) is no step")
        }
    }

    private func launch(
        _ run: Resident, _ operation: PendingOperation, _ options: StepOptions, _ body: @escaping Operation.StepBody
    ) {
        let reference = StepReference(run: run.id, ordinal: operation.ordinal, attempt: operation.attempt)
        run.steps[operation.ordinal] = operation.attempt
        unpark(run)
        let job = StepJob(reference: reference, context: context(run, operation, reference), body: body)
        guard options.kind == .external, !settings.sabotage.contains(.externalStepBeforeCommit) else {
            return startStep(run, job, options)
        }
        whenDurable(run) { [unowned self, unowned run] isDurable in
            guard isDurable, run.execution != nil, run.steps[reference.ordinal] == reference.attempt else { return }
            startStep(run, job, options)
        }
    }

    private func startStep(_ run: Resident, _ job: StepJob, _ options: StepOptions) {
        let reference = job.reference
        run.stepStarts[reference.ordinal] = now
        run.execution?.update(reference.ordinal) { $0.firstStartedAt = $0.firstStartedAt ?? now }
        if let timeout = options.timeout {
            setTimer(now + timeout, run.id, .timeout(reference.ordinal, attempt: reference.attempt))
        }
        if let silence = options.heartbeatTimeout {
            setTimer(now + silence, run.id, .silence(reference.ordinal, attempt: reference.attempt))
        }
        outputs.append(.startStep(job))
    }

    private func context(_ run: Resident, _ operation: PendingOperation, _ reference: StepReference) -> StepContext {
        let post = post
        return StepContext(
            runID: run.id, name: operation.operation.name, attempt: Int(operation.attempt), ordinal: operation.ordinal,
            lastHeartbeat: operation.lastHeartbeat.flatMap { try? JSON(parsing: $0) },
            sendHeartbeat: { progress in post(.heartbeat(reference, progress.bytes)) })
    }

    func stepEnded(_ reference: StepReference, _ result: Result<StepOutput, Failure>) {
        guard let run = runs[reference.run], run.steps[reference.ordinal] == reference.attempt else { return }
        if run.transaction != nil { return run.deferred.append(.stepEnded(reference, result)) }
        run.steps[reference.ordinal] = nil
        let startedAt = run.stepStarts.removeValue(forKey: reference.ordinal) ?? now
        guard let execution = run.execution, let operation = execution.pending[reference.ordinal] else {
            return recordWhilePaused(run, reference, result, startedAt)
        }
        conclude(run, operation, result, startedAt)
        progress(run)
    }

    /// A paused run's function is out of memory, but what was under way is not lost: replay will find it.
    private func recordWhilePaused(
        _ run: Resident, _ reference: StepReference, _ result: Result<StepOutput, Failure>, _ startedAt: Timestamp
    ) {
        guard run.row.state == .paused || run.reloadsWhenDurable, let name = run.pausedSteps[reference.ordinal],
            case .success(let output) = result
        else { return leaveIfQuiet(run) }
        append(
            run,
            .stepEnded(
                StepRecord(
                    kind: name.kind, ordinal: reference.ordinal, name: name.name, attempt: reference.attempt,
                    startedAt: startedAt, outcome: .completed(output.json))))
    }

    /// Records how an attempt ended, and what follows from it.
    private func conclude(
        _ run: Resident, _ operation: PendingOperation, _ result: Result<StepOutput, Failure>, _ startedAt: Timestamp
    ) {
        guard let kind = StepRecord.Kind(operation.operation.kind) else { return }
        func end(_ outcome: Outcome, _ output: StepOutput?) {
            record(
                run,
                .stepEnded(
                    StepRecord(
                        kind: kind, ordinal: operation.ordinal, name: operation.operation.name,
                        attempt: operation.attempt, startedAt: startedAt, outcome: outcome)), output: output)
        }
        switch result {
        case .success(let output):
            end(.completed(output.json), output)
        case .failure(let failure):
            let first = operation.firstStartedAt ?? startedAt
            let decision = RetryRule.decide(
                operation.retryPolicy, attempt: operation.attempt, failure: failure, firstStartedAt: first, now: now,
                random: random.nextUnit())
            if decision == .throw { return end(.failed(failure), nil) }
            let number = operation.attempt
            var next: Timestamp?
            if case .retry(let at) = decision { next = at }
            let attempt = AttemptRecord(
                kind: kind, ordinal: operation.ordinal, name: operation.operation.name, attempt: number,
                startedAt: startedAt, firstStartedAt: first, failure: failure, nextAt: next)
            record(run, .attemptFailed(attempt))
            if settings.sabotage.contains(.attemptsForgotten) {
                run.execution?.update(operation.ordinal) { $0.attempt = 1 }
            }
            if let next {
                setTimer(next, run.id, .retry(operation.ordinal))
            } else {
                pause(
                    run,
                    PauseRecord(
                        cause: .exhausted,
                        detail: "\(operation.label) failed \(number) times, last with \(failure)"))
            }
        }
    }

    func retryDue(_ run: Resident, _ ordinal: Int32) {
        guard let operation = run.execution?.pending[ordinal], run.steps[ordinal] == nil, !operation.isExhausted,
            (operation.nextAttemptAt ?? now) <= now, run.transaction?.reference.ordinal != ordinal
        else { return }
        launch(run, operation)
    }

    func timeout(_ run: Resident, _ ordinal: Int32, _ attempt: Int32, _ failure: Failure) {
        guard run.steps[ordinal] == attempt, run.stepStarts[ordinal] != nil else { return }
        let reference = StepReference(run: run.id, ordinal: ordinal, attempt: attempt)
        outputs.append(.cancelStep(reference))
        stepEnded(reference, .failure(failure))
    }

    func heartbeat(_ reference: StepReference, _ progress: [UInt8]) {
        guard let run = runs[reference.run], run.steps[reference.ordinal] == reference.attempt,
            let operation = run.execution?.pending[reference.ordinal], run.transaction == nil
        else { return }
        run.execution?.update(reference.ordinal) { $0.lastHeartbeat = progress }
        append(run, .heartbeat(ordinal: reference.ordinal, attempt: reference.attempt, progress: progress))
        if case .step(let options, _) = operation.operation.kind, let silence = options.heartbeatTimeout {
            run.lastHeartbeats[reference.ordinal] = now
            setTimer(now + silence, run.id, .silence(reference.ordinal, attempt: reference.attempt))
        }
    }

    func silence(_ run: Resident, _ ordinal: Int32, _ attempt: Int32) {
        guard let silence = run.options(ofStep: ordinal)?.heartbeatTimeout else { return }
        if let last = run.lastHeartbeats[ordinal], last + silence > now { return }
        let failure = Failure(type: "heartbeat.timeout", message: "the step sent no heartbeat in time")
        timeout(run, ordinal, attempt, failure)
    }

    // MARK: Transactions

    /// Starts a transactional step, which carries what the run has not committed yet.
    private func launchTransaction(
        _ run: Resident, _ operation: PendingOperation, _ body: @escaping Operation.TransactionBody
    ) {
        if run.transaction != nil { return run.queuedTransactions.append(operation.ordinal) }
        // One commit at a time writes a run's entries, and an entry that belongs to another run's commit goes with that.
        if run.inFlight != nil || !run.writes.joined.isEmpty {
            let ordinal = operation.ordinal
            run.whenDurable.append(
                (
                    run.nextSeq - 1,
                    { [unowned self, unowned run] isDurable in
                        guard isDurable, !isReleased(run), let operation = run.execution?.pending[ordinal]
                        else { return }
                        launchTransaction(run, operation, body)
                    }
                ))
            return
        }
        let reference = StepReference(run: run.id, ordinal: operation.ordinal, attempt: operation.attempt)
        unpark(run)
        let writes = run.writes
        run.writes = Resident.Writes()
        run.transaction = (reference, writes, max(run.lastAt, now))
        run.stepStarts[operation.ordinal] = now
        run.execution?.update(operation.ordinal) { $0.firstStartedAt = $0.firstStartedAt ?? now }
        let (seq, at, id) = (run.nextSeq, max(run.lastAt, now), run.id)
        let record = StepRecord(
            kind: StepRecord.Kind(operation.operation.kind) ?? .transaction, ordinal: operation.ordinal,
            name: operation.operation.name, attempt: operation.attempt, startedAt: now, outcome: .completed([]))
        var base = Batch()
        add(run, writes, to: &base, withEntries: false)
        let prepared = base
        outputs.append(
            .startTransaction(
                TransactionJob(
                    reference: reference, context: context(run, operation, reference), body: body, seq: seq,
                    batch: { output in
                        var batch = prepared
                        let result = Self.resultEntry(seq, at, record, output)
                        batch.segments = [Batch.Segment(run: id, entries: writes.entries + [result])]
                        return batch
                    })))
    }

    private static func resultEntry(_ seq: Int32, _ at: Timestamp, _ record: StepRecord, _ output: StepOutput)
        -> JournalEntry
    {
        var record = record
        record.outcome = .completed(output.json)
        return JournalEntry(seq: seq, at: at, fact: .stepEnded(record))
    }

    func transactionEnded(_ reference: StepReference, _ result: Result<StepOutput, Failure>) {
        guard let run = runs[reference.run], let transaction = run.transaction, transaction.reference == reference
        else { return }
        run.transaction = nil
        let startedAt = run.stepStarts.removeValue(forKey: reference.ordinal) ?? now
        switch result {
        case .success(let output):
            isStoreReachable = true
            let operation = run.execution?.pending[reference.ordinal]
            run.lastAt = transaction.at
            run.nextSeq += 1
            run.isStored = true
            settle(run, transaction.writes)
            let entry = JournalEntry(
                seq: run.nextSeq - 1, at: run.lastAt,
                fact: .stepEnded(
                    StepRecord(
                        kind: operation.flatMap { StepRecord.Kind($0.operation.kind) } ?? .transaction,
                        ordinal: reference.ordinal, name: operation?.operation.name ?? "",
                        attempt: reference.attempt, startedAt: startedAt, outcome: .completed(output.json))))
            run.execution?.deliver(entry, output: output)
            becameDurable(run, through: entry.seq)
            endSuspicion(run.id)
        case .failure(let failure):
            run.writes = transaction.writes.followed(by: run.writes)
            markDirty(run)
            if let operation = run.execution?.pending[reference.ordinal] {
                conclude(run, operation, .failure(failure), startedAt)
            }
        }
        resumeAfterTransaction(run)
    }

    private func resumeAfterTransaction(_ run: Resident) {
        if !run.writes.isEmpty { markDirty(run) }
        // What came meanwhile goes first: a run of nothing but transactions must hear it, too.
        let (deferred, due) = (run.deferred, run.deferredTimers)
        run.deferred = []
        run.deferredTimers = []
        for event in deferred { handleDeferred(event) }
        for timer in due { fire(timer) }
        guard run.transaction == nil else { return }
        progress(run)
        guard run.transaction == nil else { return }
        let held = run.heldOperations
        run.heldOperations = []
        for ordinal in held { begin(run, ordinal) }
        progress(run)
        guard run.transaction == nil, !run.queuedTransactions.isEmpty else { return }
        let next = run.queuedTransactions.removeFirst()
        if let operation = run.execution?.pending[next] { beginStep(run, operation) }
    }

    func handleDeferred(_ event: LaneEvent) {
        switch event {
        case .stepEnded(let reference, let result): stepEnded(reference, result)
        case .signal(let run, let record, let reply): signal(run, record, reply)
        case .command(let run, let command, let reply): self.command(run, command, reply)
        case .message(let message):
            messagesUnderWay.remove(message.id)
            receive(message)
        case .foreignWake(let run): foreignWake(run)
        case .attributed(let entries, let event): attribute(entries) { handleDeferred(event) }
        default: preconditionFailure("such an event is never deferred")
        }
    }
}

extension PendingOperation {
    /// The policy of a step; whatever is no step is never tried again.
    var retryPolicy: RetryPolicy {
        switch operation.kind {
        case .step(let options, _), .transaction(let options, _), .compensation(let options, _): options.retry
        case .timer, .signal, .child, .snapshot, .event: .never
        }
    }
}
