import WorkflowCore
package import WorkflowKit

extension Node: RunLauncher {
    package func start<Started: Workflow>(
        _ workflow: Started.Type, _ input: Started.Input, key: String?, in transaction: any Transaction
    ) async throws -> (run: RunID, isNew: Bool) {
        var specification = RunSpecification(
            workflow: Started.name, input: try JSONCoding.encodeBytes(input, exactTimes: true))
        specification.key = key
        let started = try await start([specification], in: transaction)
        return (started[0].run, started[0].isNew)
    }

    /// Starts runs inside `transaction`; call ``transactionCommitted()`` after its commit.
    package func start(
        _ specifications: [RunSpecification], in transaction: any Transaction
    ) async throws -> [Started] {
        let requests = specifications.compactMap { request($0) }
        guard requests.count == specifications.count else { throw Refusal.unavailable }
        let batch = self.batch(starting: requests)
        let committed = try await inline.apply(batch, in: transaction)
        return requests.map { request in
            let winner = committed.winners[request.id]
            return Started(run: winner ?? request.id, isNew: winner == nil)
        }
    }

    package func signal<Payload: Encodable & Sendable>(
        workflow: String, key: String, name: String, _ payload: Payload, in transaction: any Transaction
    ) async throws -> Bool {
        guard let run = try await inline.openRun(workflow: workflow, key: key, in: transaction) else { return false }
        let record = SignalRecord(
            name: name, id: newID(slot: HashSlot(run.slotNumber)),
            payload: try JSONCoding.encodeBytes(payload, exactTimes: true))
        return try await inline.post(Batch.Message(run: run, body: .signal(record)), in: transaction) == .posted
    }

    package func post(
        _ body: Batch.Message.Body, to run: RunID, in transaction: any Transaction
    ) async throws -> PostResult {
        try await inline.post(Batch.Message(run: run, body: body), in: transaction)
    }

    /// Hands what was left for the run to its lane, if this node has it.
    package func readInbox(of run: RunID) async {
        guard let host = ownHost(run) else { return }
        let slot = SlotRange(first: run.slotNumber, last: run.slotNumber)
        for message in (try? await stores[0].messages(in: slot, after: 0, limit: 1_000)) ?? [] {
            host.post(.message(message))
        }
    }

    package func transactionCommitted() { messagesWaiting() }
}
