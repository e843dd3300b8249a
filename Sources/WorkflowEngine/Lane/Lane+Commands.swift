import WorkflowCore
import WorkflowKit

extension Lane {
    // MARK: Signals

    func signal(_ id: RunID, _ record: SignalRecord, _ reply: @escaping Reply<Void>) {
        withRun(id) { [self] result in
            switch result {
            case .failure(let refusal): reply(.failure(refusal))
            case .success(let run): signal(run, record, reply)
            }
        }
    }

    private func signal(_ run: Resident, _ record: SignalRecord, _ reply: @escaping Reply<Void>) {
        guard run.outcome == nil else { return whenDurable(run) { _ in reply(.failure(.runEnded)) } }
        if run.isBusy { return run.deferred.append(attributed(.signal(run.id, record, reply))) }
        if settings.sabotage.contains(.signalLostWhileParking), run.isParking { return reply(.success(())) }
        accept(run, .signalReceived(record))
        progress(run)
        whenDurable(run) { isDurable in reply(isDurable ? .success(()) : .failure(.outcomeUnknown)) }
        leaveIfQuiet(run)
    }

    /// Records what came from outside, in whatever state the run is.
    private func accept(_ run: Resident, _ fact: JournalEntry.Fact) {
        switch run.mode {
        case .queued(let entries): run.mode = .queued(entries + [append(run, fact)])
        case .suspected(let entries): run.mode = .suspected(entries + [append(run, fact)])
        case .admitted(let entries): run.mode = .admitted(entries + [append(run, fact)])
        case .executing: record(run, fact)
        case .dormant, .guarded: append(run, fact)
        }
    }

    // MARK: Messages

    /// A message that another owner, or the end of a child, left in the store.
    func receive(_ message: StoredMessage) {
        guard !messagesTaken.contains(message.id), messagesUnderWay.insert(message.id).inserted else { return }
        if settings.sabotage.contains(.messageTakenBeforeItsEntry) { loose.consumed.append(message.id) }
        if case .adopt = message.message.body {
            return withRun(message.message.run) { [self] result in consume(message.id, with: try? result.get()) }
        }
        withRun(message.message.run) { [self] result in
            switch result {
            case .failure(.unknownRun), .failure(.runEnded): consume(message.id, with: nil)
            case .failure: messagesUnderWay.remove(message.id)
            case .success(let run): take(message, run)
            }
        }
    }

    private func take(_ message: StoredMessage, _ run: Resident) {
        if run.isBusy { return run.deferred.append(.message(message)) }
        guard run.outcome == nil else {
            return whenDurable(run) { [self] isDurable in
                if isDurable { consume(message.id, with: nil) } else { messagesUnderWay.remove(message.id) }
            }
        }
        switch message.message.body {
        case .signal(let record):
            accept(run, .signalReceived(record))
        case .childEnded(let ordinal, let child, let outcome):
            let isAwaited = run.execution.map { $0.pending[ordinal]?.child == child } ?? true
            if isAwaited { accept(run, .childEnded(ordinal: ordinal, child: child, outcome: outcome)) }
        case .command(let command):
            self.command(run, command) { _ in }
        case .adopt:
            break
        }
        consume(message.id, with: run)
        progress(run)
        leaveIfQuiet(run)
    }

    /// Removes the message with the next commit: that of the run, if it is in memory.
    private func consume(_ message: Int64, with run: Resident?) {
        if let run, runs[run.id] === run {
            run.writes.consumed.append(message)
            markDirty(run)
        } else {
            loose.consumed.append(message)
        }
    }

    // MARK: Commands

    func command(_ id: RunID, _ command: RunCommand, _ reply: @escaping Reply<RunStatus>) {
        withRun(id) { [self] result in
            switch result {
            case .failure(let refusal): reply(.failure(refusal))
            case .success(let run):
                if run.isBusy { return run.deferred.append(attributed(.command(id, command, reply))) }
                self.command(run, command, reply)
            }
        }
    }

    private func command(_ run: Resident, _ command: RunCommand, _ reply: @escaping Reply<RunStatus>) {
        guard run.outcome == nil else { return whenDurable(run) { _ in reply(.failure(.runEnded)) } }
        switch command {
        case .cancel(let reason): cancel(run, reason)
        case .pause:
            pause(run, PauseRecord(cause: .requested, detail: "somebody paused it"))
        case .resume, .retry:
            guard resume(run) else {
                if command == .retry {
                    return reply(.failure(.conflict("the run is \(run.status.rawValue), not paused")))
                }
                break
            }
        }
        whenDurable(run) { isDurable in
            reply(isDurable ? .success(run.status) : .failure(.outcomeUnknown))
        }
        leaveIfQuiet(run)
    }

    private func cancel(_ run: Resident, _ reason: String?) {
        switch run.mode {
        case .queued(let entries) where !hasBegun(entries):
            append(run, .cancelRequested(reason: reason))
            end(run, .cancelled(reason: reason))
        case .executing(let execution):
            guard execution.cancellation == nil else { return }
            record(run, .cancelRequested(reason: reason))
            progress(run)
        case .suspected, .admitted:
            accept(run, .cancelRequested(reason: reason))
        case .queued, .dormant, .guarded:
            append(run, .cancelRequested(reason: reason))
            cleanUp(run)
        }
    }

    /// Has the run come back at once, whether its queue has room or not, to undo what it did.
    private func cleanUp(_ run: Resident) {
        run.mode = .dormant
        cancelSteps(run)
        reload(run, .active)
    }

    /// Whether the function of a run that waits for its turn may have done something before.
    private func hasBegun(_ entries: [JournalEntry]) -> Bool {
        entries.contains { if case .resumed = $0.fact { true } else { $0.fact.answersOperation } }
    }

    /// Lets a paused run go on from its journal, when it is its turn; false when it is not paused.
    private func resume(_ run: Resident) -> Bool {
        guard run.row.state == .paused || run.row.state == .quarantined else { return false }
        append(run, .resumed)
        reload(run, queue(of: run).limit == nil || run.isPastDeadline ? .active : .queued)
        return true
    }

    /// Lets the run leave memory once all is committed, and return by replay.
    private func reload(_ run: Resident, _ state: RunRow.State) {
        changeState(run, state)
        run.reloadsWhenDurable = true
    }

    // MARK: Deadlines

    func deadlinePassed(_ run: Resident) {
        guard run.outcome == nil, !run.isPastDeadline, let deadline = run.row.deadline, deadline <= now else { return }
        if case .guarded = run.mode { return }
        // A transaction that began as soon as the run was loaded; the timer waits for its end.
        if run.transaction != nil { return setTimer(deadline, run.id, .deadline) }
        run.isPastDeadline = true
        switch run.mode {
        case .guarded: break
        case .suspected, .admitted: accept(run, .deadlinePassed)
        case .queued(let entries) where !hasBegun(entries):
            append(run, .deadlinePassed)
            end(run, .failed(.permanent("deadline.exceeded", "the run did not end before its deadline")))
        case .executing:
            record(run, .deadlinePassed)
            progress(run)
        case .queued, .dormant:
            append(run, .deadlinePassed)
            cleanUp(run)
        }
    }
}
