import WorkflowCore
import WorkflowEngine
import WorkflowKit

extension World {
    // MARK: Starts

    func planStarts() {
        for _ in 0..<(2 + pick(4)) { clients.add(.start(newStart())) }
    }

    /// One of the scenarios, with chance deciding its input.
    private func newStart() -> StartRequest {
        var record: StartRecord
        var slot = HashSlot(Int32(pick(Int(HashSlot.count))))
        switch pick(13) {
        case 0..<4:
            let letters = Array("eltrsvneltec")
            let plan = String((0..<(1 + pick(7))).map { _ in letters[pick(letters.count)] })
            let seconds = [1, 4, 50, 300][pick(4)]
            record = start(SequenceScenario.self, .init(plan: plan, seconds: Int64(seconds)))
            if chance(3) { record.key = "K\(pick(2))" }
            if chance(4) { record.queue = "narrow" }
            if chance(6) { record.startAt = clock + .seconds(Int64(pick(200))) }
        case 4: record = start(FanOutScenario.self, .init(children: 1 + pick(3)))
        case 5, 6:
            let counts = chance(2) ? [3, 2] : [2]
            record = start(SignalsScenario.self, .init(counts: counts, timeout: chance(3) ? Int64(1 + pick(40)) : nil))
        case 7: record = start(LoopScenario.self, .init(counts: chance(2) ? [4, 3] : [5]))
        case 8: record = start(SagaScenario.self, .init(steps: 1 + pick(3), fails: !chance(3)))
        case 9:
            let attemptsMax = 1 + pick(4)
            record = start(
                FlakyScenario.self,
                .init(
                    failures: pick(attemptsMax + 2), attemptsMax: attemptsMax, pauses: chance(2),
                    isTransaction: chance(2)))
        case 10:
            record = start(HangScenario.self, .init(hasChild: chance(2)))
            if chance(2) { record.deadline = clock + .seconds(Int64(20 + pick(100))) }
        case 11: record = start(RaceScenario.self, .init(seconds: [5, 100][pick(2)]))
        default:
            let key = "K\(pick(2))"
            record = start(KeyedParentScenario.self, .init(key: key))
            slot = HashSlot(of: "\(LeafScenario.name)/\(key)")
        }
        return StartRequest(id: RunID(at: clock, slot: slot, using: &random), record: record)
    }

    private func start<W: Workflow>(_ type: W.Type, _ input: W.Input) -> StartRecord {
        guard let bytes = try? JSONCoding.encodeBytes(input) else { preconditionFailure("an input cannot be encoded") }
        return StartRecord(workflow: W.name, version: Int32(W.version), input: bytes, seed: random.next())
    }

    // MARK: Acting

    func clientActs() async throws {
        switch pick(20) {
        case 0..<10:
            guard let operation = element(clients.operations.filter { $0.state == .waiting }) else { return }
            try await send(operation)
        case 10..<14:
            guard let sender = element(clients.senders.filter { $0.isReady }) else { return }
            sendNext(sender)
        case 14: repeatSignal()
        case 15: try await losePatience()
        case 16, 17: commandSomething()
        case 18: if chance(3) { try await fork() }
        default: if chance(6) { clients.add(.start(newStart())) }
        }
    }

    func sendNext(_ sender: Clients.Sender) {
        let value = sender.first + Int64(sender.acknowledged.count)
        let id = RunID(at: clock, slot: HashSlot(0), using: &random)
        sender.isBusy = true
        clients.add(.signal(sender, SignalRecord(name: "number", id: id, payload: Array("\(value)".utf8))))
    }

    /// A client sends a signal again that was acknowledged long ago.
    private func repeatSignal() {
        guard let sender = element(clients.senders.filter { !$0.acknowledged.isEmpty && !$0.usesStore }),
            let record = element(sender.acknowledged), let node = owner(of: sender.run)
        else { return }
        note("signal \(record.text) is sent again to \(sender.run)")
        node.inbox.append(.signal(sender.run, record) { _ in })
    }

    /// Somebody waited too long for an answer and asks again, perhaps elsewhere.
    private func losePatience() async throws {
        let waiting = clients.operations.filter { operation in
            guard case .sent = operation.state else { return false }
            switch operation.kind {
            case .signal(let sender, _): return !sender.usesStore
            case .command: return true
            case .start, .fork: return false
            }
        }
        element(waiting)?.state = .waiting
    }

    private func commandSomething() {
        guard let (run, workflow) = element(clients.known) else { return }
        switch pick(8) {
        case 0, 1: clients.add(.command(run, .pause))
        case 2...4: clients.add(.command(run, .resume))
        case 5: clients.add(.command(run, .retry))
        default:
            if workflow == HangScenario.name || chance(5) { clients.add(.command(run, .cancel(reason: "a client"))) }
        }
    }

    private func fork() async throws {
        guard let (run, workflow) = element(clients.known), workflow == SequenceScenario.name,
            try await store.closed(run) != nil
        else { return }
        let journal = try await store.journal(run)
        guard case .started(var record) = journal.first?.fact, record.startAt == nil, record.fork == nil,
            !journal.contains(where: \.fact.isCancellation)
        else { return }
        let length = 1 + pick(journal.count - 1)
        let shared = journal[1..<length]
        let pendingChild = Set(shared.compactMap(\.fact.startedOrdinal)).subtracting(shared.compactMap(\.fact.ordinal))
        guard pendingChild.isEmpty else { return }
        record.key = nil
        record.queue = nil
        record.fork = StartRecord.Fork(run: run, seq: Int32(length))
        let request = StartRequest(
            id: RunID(at: clock, slot: HashSlot(Int32(pick(Int(HashSlot.count)))), using: &random), record: record)
        let entries = shared.filter { $0.fact.ordinal != nil || $0.fact.startedOrdinal != nil }
        // The fork's journal is to begin exactly as the other's does.
        if entries.count == shared.count { clients.add(.fork(request, [journal[0]] + entries)) }
    }

    // MARK: Sending

    func send(_ operation: Clients.Operation) async throws {
        let (number, replies) = (operation.number, clients.replies)
        switch operation.kind {
        case .start(var request):
            if operation.state == .waiting, try await !store.journal(request.id).isEmpty {
                // It had been stored although nobody said so.
                return operation.state = .done
            }
            // Sent anew under another number: the first may have been lost, or may still arrive.
            request.id = RunID(at: clock, slot: HashSlot(request.id.slotNumber), using: &random)
            operation.kind = .start(request)
            guard let node = owner(of: request.id) else { return }
            note("\(request.record.workflow) \(request.id) is to be started on node \(node.incarnation)")
            operation.state = .sent(node.incarnation)
            node.inbox.append(.start(request) { replies.put(.started(number, $0)) })
        case .fork(var request, let entries):
            request.id = RunID(at: clock, slot: HashSlot(request.id.slotNumber), using: &random)
            operation.kind = .fork(request, entries)
            guard let node = owner(of: request.id) else { return }
            note("\(request.id) is to be forked from \(request.record.fork!.run) at \(request.record.fork!.seq)")
            operation.state = .sent(node.incarnation)
            node.inbox.append(.fork(request, entries) { replies.put(.started(number, $0)) })
        case .signal(let sender, let record):
            if sender.usesStore { return try await leave(operation, sender, record) }
            guard let node = owner(of: sender.run) else { return }
            note("signal \(record.text) for \(sender.run) to node \(node.incarnation)")
            operation.state = .sent(node.incarnation)
            node.inbox.append(.signal(sender.run, record) { replies.put(.signalled(number, $0)) })
        case .command(let run, let command):
            if number % 3 == 0 { return try await leave(operation, run, command) }
            guard let node = owner(of: run) else { return }
            note("[\(number)] \(command) for \(run) to node \(node.incarnation)")
            operation.state = .sent(node.incarnation)
            node.inbox.append(.command(run, command) { replies.put(.commanded(number, $0)) })
        }
    }

    private func leave(_ operation: Clients.Operation, _ sender: Clients.Sender, _ record: SignalRecord) async throws {
        let result = try await store.post(Batch.Message(run: sender.run, body: .signal(record)))
        note("signal \(record.text) for \(sender.run) is left in the store: \(result)")
        operation.state = .done
        switch result {
        case .posted:
            sender.acknowledged.append(record)
            sender.isBusy = false
            if chance(2) { owner(of: sender.run)?.effects.append(.readMessages) }
        case .ended: break
        case .unknown: violation("the store does not know \(sender.run), which was acknowledged")
        }
    }

    private func leave(_ operation: Clients.Operation, _ run: RunID, _ command: RunCommand) async throws {
        let result = try await store.post(Batch.Message(run: run, body: .command(command)))
        note("[\(operation.number)] \(command) for \(run) is left in the store: \(result)")
        operation.state = .done
        if result == .unknown { violation("the store does not know \(run), which was acknowledged") }
    }

    // MARK: Answers

    func takeReplies(of node: SimulatedNode) async throws {
        for answer in clients.replies.take() {
            switch answer {
            case .released(let quarter, _): try await released(quarter, by: node)
            case .started(let number, let result): try await started(clients.operations[number], result)
            case .signalled(let number, let result): try await signalled(clients.operations[number], result)
            case .commanded(let number, let result): try await commanded(clients.operations[number], result)
            }
        }
    }

    private func started(_ operation: Clients.Operation, _ result: Result<Started, Refusal>) async throws {
        guard case .success(let started) = result else { return operation.state = .waiting }
        operation.state = .done
        note("\(started.run) is acknowledged")
        guard case .started(let record) = try await store.journal(started.run).first?.fact else {
            return violation("\(started.run) was acknowledged, but is not stored")
        }
        if started.isNew, !clients.known.contains(where: { $0.run == started.run }) {
            clients.known.append((started.run, record.workflow))
            serve(started.run, record)
        }
    }

    /// Lets senders send what the run waits for.
    func serve(_ run: RunID, _ record: StartRecord) {
        guard !clients.isServed(run), let counts = Self.signalCounts(record) else { return }
        for (index, count) in counts.enumerated() {
            clients.senders.append(
                Clients.Sender(run: run, first: Int64(index) * 1_000, count: count, usesStore: chance(2)))
        }
    }

    static func signalCounts(_ record: StartRecord) -> [Int]? {
        switch record.workflow {
        case SignalsScenario.name: try? JSONCoding.decode(SignalsScenario.Input.self, from: record.input).counts
        case LoopScenario.name: try? JSONCoding.decode(LoopScenario.Input.self, from: record.input).counts
        default: nil
        }
    }

    private func signalled(_ operation: Clients.Operation, _ result: Result<Void, Refusal>) async throws {
        guard case .signal(let sender, let record) = operation.kind, operation.state != .done else { return }
        switch result {
        case .success:
            operation.state = .done
            sender.acknowledged.append(record)
            sender.isBusy = false
            let journal = try await store.journal(sender.run)
            let isStored = journal.contains {
                if case .signalReceived(let stored) = $0.fact { stored.id == record.id } else { false }
            }
            if !isStored { violation("a signal for \(sender.run) was acknowledged, but is not stored") }
        case .failure(.runEnded):
            operation.state = .done
            if try await store.closed(sender.run) == nil {
                violation("\(sender.run) is said to have ended, but has not")
            }
        case .failure(.unknownRun):
            violation("\(sender.run) was acknowledged, but is unknown")
        case .failure:
            operation.state = .waiting
        }
    }

    private func commanded(_ operation: Clients.Operation, _ result: Result<RunStatus, Refusal>) async throws {
        guard case .command(let run, let command) = operation.kind, operation.state != .done else { return }
        switch result {
        case .success:
            operation.state = .done
            guard case .cancel = command else { return }
            let isStored = try await store.journal(run).contains {
                $0.fact == .deadlinePassed || $0.fact.isCancellation
            }
            if !isStored { violation("the cancelling of \(run) was acknowledged, but is not stored") }
        case .failure(.unavailable), .failure(.outcomeUnknown): operation.state = .waiting
        case .failure(.unknownRun): violation("\(run) was acknowledged, but is unknown")
        case .failure(.runEnded):
            operation.state = .done
            if try await store.closed(run) == nil { violation("\(run) is said to have ended, but has not") }
        case .failure(.conflict): operation.state = .done
        }
    }
}

extension SignalRecord {
    /// Its payload, for people.
    var text: String { String(decoding: payload, as: UTF8.self) }
}

extension Clients.Sender {
    var isReady: Bool { !isBusy && acknowledged.count < count }
}

extension JournalEntry.Fact {
    var isCancellation: Bool { if case .cancelRequested = self { true } else { false } }

    /// The number of the child operation that it begins; nil for other facts.
    var startedOrdinal: Int32? {
        if case .childStarted(let ordinal, _, _) = self { ordinal } else { nil }
    }
}
