import WorkflowKit

/// One connection in pipeline mode, and what the server has prepared on it.
final class PipelineSession: Sendable {
    let link: Link
    private let cache = Locked(Cache())

    private struct Cache {
        /// Only what the server has confirmed. A batch that needs a statement whose preparation is still under way
        /// prepares it once more, because the other batch may yet be aborted.
        var statements = StatementCache(countMax: PostgresConnection.preparedStatementsMax)
        var evicted: [String] = []
    }

    init(link: Link) {
        self.link = link
    }

    /// One message pair to the server, answered by one group of results.
    private enum Order {
        case deallocate(name: String)
        case prepare(name: String, types: [TypeOID], item: Int)
        case execute(name: String?, item: Int)

        var owner: Int? {
            switch self {
            case .deallocate: nil
            case .prepare(_, _, let item), .execute(_, let item): item
            }
        }
    }

    nonisolated(nonsending) func exchange(_ batch: PipelineBatch) async -> PipelineOutcome {
        let (orders, reliesOnPrepared) = plan(batch)
        let outcome = await unsafe link.exchange(until: .sync(statements: orders.count), isCancellable: false) {
            connection in
            for order in orders {
                guard unsafe send(order, of: batch, on: connection) else { return false }
            }
            return unsafe sendSync(on: connection)
        }
        learn(from: outcome, orders, batch)
        let executions = orders.indices.filter { if case .execute = orders[$0] { true } else { false } }
        let result = PipelineOutcome(
            outcome: outcome, owners: orders.map(\.owner), executions: executions,
            reliedOnPreparedStatements: reliesOnPrepared,
            isUnconfirmedByStandby: link.takeAbandonedSyncWait())
        if result.wantsNewPlan { forget(orders, batch, isGone: outcome.serverError?.sqlState == "26000") }
        return result
    }

    private func plan(_ batch: PipelineBatch) -> (orders: [Order], reliesOnPrepared: Bool) {
        cache.withLock { cache in
            var orders = cache.evicted.map { Order.deallocate(name: $0) }
            cache.evicted = []
            var reliesOnPrepared = !orders.isEmpty
            /// What this very batch prepares.
            var own = StatementCache(countMax: Int.max)
            for (index, item) in batch.items.enumerated() {
                let text = item.statement.text
                let types = item.parameters.types
                guard item.statement.isPrepared else {
                    orders.append(.execute(name: nil, item: index))
                    continue
                }
                if let name = cache.statements.find(text, types: types) {
                    reliesOnPrepared = true
                    orders.append(.execute(name: name, item: index))
                } else if let name = own.find(text, types: types) {
                    orders.append(.execute(name: name, item: index))
                } else {
                    let (name, types) = cache.statements.plan(text, types: types)
                    _ = own.insert(name: name, text: text, types: types)
                    orders.append(.prepare(name: name, types: types, item: index))
                    orders.append(.execute(name: name, item: index))
                }
            }
            return (orders, reliesOnPrepared)
        }
    }

    private func send(_ order: Order, of batch: PipelineBatch, on connection: OpaquePointer) -> Bool {
        switch order {
        case .deallocate(let name):
            return unsafe sendDeallocate(name, on: connection)
        case .prepare(let name, let types, let item):
            return unsafe sendPrepare(name, batch.items[item].statement.text, types: types, on: connection)
        case .execute(let name?, let item):
            return unsafe batch.items[item].parameters.sendPrepared(name, on: connection)
        case .execute(nil, let item):
            return unsafe batch.items[item].parameters.send(batch.items[item].statement.text, on: connection)
        }
    }

    /// Takes in the statements that the server has prepared, even if the batch failed later: they outlive a rollback.
    private func learn(from outcome: Exchange.Outcome, _ orders: [Order], _ batch: PipelineBatch) {
        guard case .answered(let groups) = outcome else { return }
        cache.withLock { cache in
            for (order, group) in zip(orders, groups) {
                guard let result = group.first, group.count == 1 else { continue }
                switch order {
                case .prepare(let name, let types, let item) where !result.isFailure:
                    cache.evicted += cache.statements.insert(
                        name: name, text: batch.items[item].statement.text, types: types)
                case .deallocate(let name) where result.isSkipped:
                    cache.evicted.append(name)
                default:
                    break
                }
            }
        }
    }

    /// Has every statement of `batch` prepared anew the next time. Deallocating one that is gone already would fail,
    /// and a batch with it.
    private func forget(_ orders: [Order], _ batch: PipelineBatch, isGone: Bool) {
        cache.withLock { cache in
            for case .execute(let name?, let item) in orders {
                let wasKnown = cache.statements.remove(name: name, text: batch.items[item].statement.text)
                if wasKnown, !isGone { cache.evicted.append(name) }
            }
        }
    }
}
