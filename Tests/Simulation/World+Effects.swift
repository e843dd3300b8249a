import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Carrying out what lanes order, as a host would, with faults.
extension World {
    func carryOut(_ effect: SimulatedNode.Effect, on node: SimulatedNode) async throws {
        switch effect {
        case .commit(let number, let batch): try await commit(number, batch, on: node)
        case .load(let runs):
            if !isHealing, chance(10) { return node.effects.append(effect) }
            node.inbox.append(.loaded(try await store.load(runs)))
        case .step(let job): try await carryOut(job, on: node)
        case .transaction(let job): try await carryOut(job, on: node)
        case .readMessages: try await readMessages(node)
        }
    }

    // MARK: Commits

    private enum Fault { case none, lostAcknowledgement, notApplied }

    private func fault() -> Fault {
        guard !isHealing else { return .none }
        switch pick(20) {
        case 0: return .lostAcknowledgement
        case 1: return .notApplied
        default: return .none
        }
    }

    private func commit(_ number: Int, _ batch: Batch, on node: SimulatedNode) async throws {
        let fault = fault()
        if fault == .notApplied {
            note("a commit of node \(node.incarnation) fails")
            return node.inbox.append(.commitFailed(number))
        }
        do {
            let committed = try await store.commit(batch, by: node.incarnation)
            accepted(from: node.incarnation)
            note("node \(node.incarnation) commits \(Self.describe(batch))")
            if !batch.guarded.isEmpty || batch.created.contains(where: { $0.key != nil }) { try await checkKeys() }
            if fault == .none { return node.inbox.append(.committed(number, committed, refused: [:])) }
            note("the acknowledgement of node \(node.incarnation)'s commit is lost")
            if settings.flaws.contains(.lostAcknowledgementMeansFailure) {
                return node.inbox.append(.commitFailed(number))
            }
            let outcome = try await store.outcome(ofUnacknowledged: batch, by: node.incarnation)
            node.inbox.append(outcome.map { .committed(number, $0, refused: [:]) } ?? .commitFailed(number))
        } catch let error as StoreError {
            refused(error, node)
        }
    }

    private func refused(_ error: StoreError, _ node: SimulatedNode) {
        if error.kind == .fenced {
            note("node \(node.incarnation) finds itself fenced and halts")
            clients.lostNode(node.incarnation)
            return remove(node)
        }
        violation("node \(node.incarnation): the store refused: \(error)")
    }

    private func checkKeys() async throws {
        var holders: [String: RunID] = [:]
        for row in try await store.allOpenRows() {
            guard let key = row.key else { continue }
            if let other = holders.updateValue(row.id, forKey: "\(row.workflow)/\(key)") {
                violation("\(other) and \(row.id) are both open with the key \(key)")
            }
        }
    }

    // MARK: Steps

    private func carryOut(_ job: StepJob, on node: SimulatedNode) async throws {
        let reference = job.reference
        note("node \(node.incarnation) carries out \(job.context.name) \(reference.attempt) of \(reference.run)")
        if job.context.name.hasPrefix("ext") { try await checkOutputCommit(job) }
        do {
            let output = try await job.body(job.context)
            node.inbox.append(.stepEnded(job.reference, .success(output)))
        } catch {
            node.inbox.append(.stepEnded(job.reference, .failure(Failure(error))))
        }
    }

    /// An external step has started: everything that came before it must be in the store.
    private func checkOutputCommit(_ job: StepJob) async throws {
        let journal = try await store.journal(job.reference.run)
        guard case .started(let start) = journal.first?.fact else {
            return violation("\(job.context.name) of \(job.reference.run) started before its run was stored")
        }
        if job.reference.attempt > 1 {
            let failed = journal.contains {
                if case .attemptFailed(let record) = $0.fact {
                    record.ordinal == job.reference.ordinal && record.attempt == job.reference.attempt - 1
                } else {
                    false
                }
            }
            if !failed {
                violation("attempt \(job.reference.attempt) of \(job.context.name) does not follow a stored one")
            }
        }
        guard start.workflow == SequenceScenario.name else { return }
        let answered = Set(journal.compactMap(\.fact.ordinal))
        for ordinal in 1..<job.reference.ordinal where !answered.contains(ordinal) {
            violation("\(job.context.name) of \(job.reference.run) started before operation \(ordinal) was stored")
        }
    }

    private func carryOut(_ job: TransactionJob, on node: SimulatedNode) async throws {
        let fault = fault()
        let name = "\(job.context.name) \(job.reference.attempt) of \(job.reference.run)"
        if fault == .notApplied {
            note("\(name) on node \(node.incarnation) cannot reach the database")
            let failure = Failure(type: "unavailable", message: "the database is away")
            if chance(2) { return node.effects.append(.transaction(job)) }
            return node.inbox.append(.transactionEnded(job.reference, .failure(failure)))
        }
        do {
            let output = try await store.transaction(by: node.incarnation) { transaction in
                let output = try await job.body(transaction, job.context)
                return (job.batch(output), output)
            }
            accepted(from: node.incarnation)
            note("node \(node.incarnation) commits \(name)")
            if fault == .lostAcknowledgement {
                note("the acknowledgement of \(name) is lost")
                if settings.flaws.contains(.lostAcknowledgementMeansFailure) {
                    let failure = Failure(type: "unavailable", message: "the connection was lost")
                    return node.inbox.append(.transactionEnded(job.reference, .failure(failure)))
                }
                // What the body returned outlives the acknowledgement; the journal tells whether it counts.
                guard try await store.hasEntry(job.reference.run, seq: job.seq, by: node.incarnation) else {
                    return violation("\(name) was committed without its entry")
                }
            }
            node.inbox.append(.transactionEnded(job.reference, .success(output)))
        } catch let error as StoreError {
            refused(error, node)
        } catch {
            note("\(name) fails on node \(node.incarnation)")
            node.inbox.append(.transactionEnded(job.reference, .failure(Failure(error))))
        }
    }

    // MARK: Reading

    private func readMessages(_ node: SimulatedNode) async throws {
        for range in ranges(of: node.incarnation) {
            node.inbox += try await store.messages(in: range, after: 0, limit: 100).map(LaneEvent.message)
        }
    }

    func lookForDueRuns(_ node: SimulatedNode) async throws {
        if settings.flaws.contains(.farTimersForgotten) { return }
        for range in ranges(of: node.incarnation) {
            let rows = try await store.dueRuns(in: range, from: startedAt, until: clock + laneSettings.timerHorizon)
            if !rows.isEmpty { node.inbox.append(.adopt(rows, afterDeath: false)) }
        }
    }

    static func describe(_ batch: Batch) -> String {
        var parts = batch.segments.map { segment in
            "\(segment.run) [\(segment.entries.map { "\($0.seq) \($0.fact.label)" }.joined(separator: ", "))]"
        }
        parts += batch.guarded.map { "\($0.row.id) if its key is free" }
        parts += batch.changed.map { "\($0.id) as \($0.state)" }
        parts += batch.closed.map { "\($0.row.id) as closed" }
        parts += batch.messages.map { "a message for \($0.run)" }
        if !batch.consumed.isEmpty { parts.append("messages \(batch.consumed) as taken") }
        return parts.joined(separator: "; ")
    }
}

extension JournalEntry.Fact {
    /// The number of the operation that it answers; nil for other facts.
    var ordinal: Int32? {
        switch self {
        case .stepEnded(let record): record.ordinal
        case .timerFired(let ordinal, _), .childEnded(let ordinal, _, _), .eventEmitted(let ordinal, _): ordinal
        case .snapshot(let record): record.ordinal
        default: nil
        }
    }

    var label: String {
        switch self {
        case .stepEnded(let record): "\(record.name) ended"
        case .attemptFailed(let record): "attempt \(record.attempt) of \(record.name) failed"
        case .signalReceived(let record): "signal \(record.text)"
        case .paused(let record): "paused \(record.cause.rawValue): \(record.detail)"
        default: String(String(describing: self).prefix { $0 != "(" })
        }
    }
}
