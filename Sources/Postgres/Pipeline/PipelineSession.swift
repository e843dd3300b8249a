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

    /// One message of a batch, answered by one group of results.
    private struct Order {
        let message: Message
        /// The item of the batch that it belongs to; nil for what the session does for itself.
        let owner: Int?

        var isExecution: Bool {
            switch message {
            case .execute, .executeOnce: true
            default: false
            }
        }
    }

    nonisolated(nonsending) func exchange(_ batch: PipelineBatch) async -> PipelineOutcome {
        let (orders, reliesOnPrepared) = plan(batch)
        let outcome = await link.exchange(
            orders.map(\.message) + [.sync], until: .sync(statements: orders.count), isCancellable: false)
        learn(from: outcome, orders)
        let executions = orders.indices.filter { orders[$0].isExecution }
        let result = PipelineOutcome(
            outcome: outcome, owners: orders.map(\.owner), executions: executions,
            reliedOnPreparedStatements: reliesOnPrepared,
            isUnconfirmedByStandby: link.takeAbandonedSyncWait())
        if result.wantsNewPlan { forget(orders, batch, isGone: outcome.serverError?.sqlState == "26000") }
        return result
    }

    private func plan(_ batch: PipelineBatch) -> (orders: [Order], reliesOnPrepared: Bool) {
        cache.withLock { cache in
            var orders = cache.evicted.map { Order(message: .deallocate(name: $0), owner: nil) }
            cache.evicted = []
            var reliesOnPrepared = !orders.isEmpty
            /// What this very batch prepares.
            var own = StatementCache(countMax: Int.max)
            for (index, item) in batch.items.enumerated() {
                let text = item.statement.text
                let types = item.parameters.types
                guard item.statement.isPrepared else {
                    orders.append(Order(message: .executeOnce(text: text, item.parameters), owner: index))
                    continue
                }
                if let name = cache.statements.find(text, types: types) {
                    reliesOnPrepared = true
                    orders.append(Order(message: .execute(name: name, item.parameters), owner: index))
                } else if let name = own.find(text, types: types) {
                    orders.append(Order(message: .execute(name: name, item.parameters), owner: index))
                } else {
                    let (name, types) = cache.statements.plan(text, types: types)
                    _ = own.insert(name: name, text: text, types: types)
                    orders.append(Order(message: .prepare(name: name, text: text, types: types), owner: index))
                    orders.append(Order(message: .execute(name: name, item.parameters), owner: index))
                }
            }
            return (orders, reliesOnPrepared)
        }
    }

    /// Takes in the statements that the server has prepared, even if the batch failed later: they outlive a rollback.
    private func learn(from outcome: Exchange.Outcome, _ orders: [Order]) {
        guard case .answered(let groups) = outcome else { return }
        cache.withLock { cache in
            for (order, group) in zip(orders, groups) {
                guard let result = group.first, group.count == 1 else { continue }
                switch order.message {
                case .prepare(let name, let text, let types) where !result.isFailure:
                    cache.evicted += cache.statements.insert(name: name, text: text, types: types)
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
            for order in orders {
                guard case .execute(let name, _) = order.message, let owner = order.owner else { continue }
                let wasKnown = cache.statements.remove(name: name, text: batch.items[owner].statement.text)
                if wasKnown, !isGone { cache.evicted.append(name) }
            }
        }
    }
}
