import Synchronization
package import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

/// A store in memory with the rules of the real one: whole batches, one order, and no write of a fenced incarnation.
package final class MemoryStore: Store {
    struct State {
        var open: [RunID: RunRow] = [:]
        var journals: [RunID: [JournalEntry]] = [:]
        var closed: [RunID: Batch.Closed] = [:]
        var messages: [StoredMessage] = []
        var nextMessage: Int64 = 1
        var events: [Batch.Event] = []
        var statements: [SQLStatement] = []
        var fenced: Set<Int64> = []
        var ignoresFences = false
    }

    private let state = Mutex(State())
    /// Answers the queries of transactional steps; nil for rows that are always empty.
    private let answer: (@Sendable (SQLStatement) throws -> [SQLRow])?

    package init(answer: (@Sendable (SQLStatement) throws -> [SQLRow])? = nil) { self.answer = answer }

    // MARK: What tests look at

    /// Everything that transactional steps committed, in the order of the commits.
    package var statements: [SQLStatement] { state.withLock { $0.statements } }
    package var events: [Batch.Event] { state.withLock { $0.events } }
    package var openRows: [RunRow] { state.withLock { $0.open.values.sorted { $0.id < $1.id } } }
    package var pendingMessages: [StoredMessage] { state.withLock { $0.messages } }

    package var allRuns: [RunID] { state.withLock { $0.journals.keys.sorted() } }
    package func journal(_ run: RunID) -> [JournalEntry] { state.withLock { $0.journals[run] ?? [] } }
    package func closed(_ run: RunID) -> Batch.Closed? { state.withLock { $0.closed[run] } }

    /// From now on, refuses every write of `incarnation`.
    package func fence(_ incarnation: Int64) { state.withLock { _ = $0.fenced.insert(incarnation) } }

    /// Breaks the store on purpose: fences are set but not respected.
    package func ignoreFences() { state.withLock { $0.ignoresFences = true } }

    // MARK: Store

    package nonisolated(nonsending) func commit(_ batch: Batch, by incarnation: Int64) async throws(StoreError)
        -> Committed
    {
        try apply(batch, statements: [], by: incarnation)
    }

    package func transaction<Result: Sendable>(
        by incarnation: Int64, _ body: @Sendable (any Transaction) async throws -> (Batch, Result)
    ) async throws -> Result {
        let transaction = MemoryTransaction(answer: answer)
        let (batch, result) = try await body(transaction)
        _ = try apply(batch, statements: transaction.statements, by: incarnation)
        return result
    }

    package func hasEntry(_ run: RunID, seq: Int32, by incarnation: Int64) async throws(StoreError) -> Bool {
        state.withLock { ($0.journals[run]?.last?.seq ?? -1) >= seq }
    }

    package func load(_ runs: [RunID]) async throws(StoreError) -> [RunID: LoadedRun] {
        state.withLock { state in
            var loaded: [RunID: LoadedRun] = [:]
            for run in runs {
                if let row = state.open[run], let journal = state.journals[run] {
                    loaded[run] = .open(row, Self.fromNewestSnapshot(journal))
                } else {
                    loaded[run] = state.closed[run] != nil ? .ended : .unknown
                }
            }
            return loaded
        }
    }

    package func openRuns(in range: SlotRange, after: RunID?, limit: Int) async throws(StoreError) -> [RunRow] {
        let rows = openRows.filter { row in range.contains(row.slot) && (after.map { row.id > $0 } ?? true) }
        return Array(rows.prefix(limit))
    }

    package func dueRuns(in range: SlotRange, from: Timestamp, until: Timestamp) async throws(StoreError) -> [RunRow] {
        openRows.filter { row in
            range.contains(row.slot) && row.wakeAt.map { $0 >= from && $0 < until } == true
        }
    }

    package func messages(in range: SlotRange, after: Int64, limit: Int) async throws(StoreError) -> [StoredMessage] {
        state.withLock { state in
            let messages = state.messages.filter {
                $0.id > after && range.contains(HashSlot($0.message.run.slotNumber))
            }
            return Array(messages.prefix(limit))
        }
    }

    package func post(_ message: Batch.Message) async throws(StoreError) -> PostResult {
        state.withLock { state in
            if state.closed[message.run] != nil { return .ended }
            guard state.open[message.run] != nil else { return .unknown }
            Self.leave(message, &state)
            return .posted
        }
    }

    // MARK: -

    private func apply(_ batch: Batch, statements: [SQLStatement], by incarnation: Int64) throws(StoreError)
        -> Committed
    {
        let result: Result<Committed, StoreError> = state.withLock { state in
            if state.fenced.contains(incarnation), !state.ignoresFences {
                return .failure(StoreError(.fenced, "incarnation \(incarnation) was fenced"))
            }
            for segment in batch.segments {
                let next = (state.journals[segment.run]?.last?.seq ?? -1) + 1
                guard segment.entries.first?.seq == next else {
                    return .failure(
                        StoreError(
                            .rejected,
                            "entry \(segment.entries.first?.seq ?? -1) of \(segment.run) does not follow \(next - 1)"))
                }
            }
            for row in batch.created {
                if state.journals[row.id] != nil {
                    return .failure(StoreError(.rejected, "there is a run \(row.id) already"))
                }
                if let key = row.key, let holder = Self.holder(of: key, row.workflow, state) {
                    return .failure(StoreError(.rejected, "the open run \(holder) has the key of \(row.id)"))
                }
            }
            var committed = Committed()
            for start in batch.guarded {
                if let key = start.row.key, let holder = Self.holder(of: key, start.row.workflow, state) {
                    committed.winners[start.row.id] = holder
                } else {
                    state.open[start.row.id] = start.row
                    state.journals[start.row.id] = [start.entry]
                }
            }
            for row in batch.created { state.open[row.id] = row }
            for segment in batch.segments { state.journals[segment.run, default: []] += segment.entries }
            for row in batch.changed where state.open[row.id] != nil { state.open[row.id] = row }
            for closed in batch.closed {
                // A row that the batch does not know of stays, as in a database.
                if closed.wasOpen { state.open[closed.row.id] = nil }
                state.closed[closed.row.id] = closed
            }
            for message in batch.messages { Self.leave(message, &state) }
            let consumed = Set(batch.consumed)
            state.messages.removeAll { consumed.contains($0.id) }
            state.events += batch.events
            state.statements += statements
            return .success(committed)
        }
        return try result.get()
    }

    /// The open run of `workflow` that has the business key.
    private static func holder(of key: String, _ workflow: String, _ state: State) -> RunID? {
        state.open.values.first { $0.workflow == workflow && $0.key == key }?.id
    }

    private static func leave(_ message: Batch.Message, _ state: inout State) {
        state.messages.append(StoredMessage(id: state.nextMessage, message: message))
        state.nextMessage += 1
    }

    private static func fromNewestSnapshot(_ journal: [JournalEntry]) -> [JournalEntry] {
        let snapshot = journal.lastIndex { if case .snapshot = $0.fact { true } else { false } }
        return snapshot.map { Array(journal[$0...]) } ?? journal
    }
}

/// A transaction whose statements take effect with the commit of the step around it.
final class MemoryTransaction: Transaction {
    private let log = Mutex<[SQLStatement]>([])
    private let answer: (@Sendable (SQLStatement) throws -> [SQLRow])?

    init(answer: (@Sendable (SQLStatement) throws -> [SQLRow])?) { self.answer = answer }

    var statements: [SQLStatement] { log.withLock { $0 } }

    func query(_ statement: SQLStatement) async throws(SQLError) -> [SQLRow] {
        log.withLock { $0.append(statement) }
        do {
            return try answer?(statement) ?? []
        } catch let error as SQLError {
            throw error
        } catch {
            throw SQLError(kind: .defect, message: "the test's answer to a statement threw \(error)")
        }
    }

    func execute(_ statement: SQLStatement) async throws(SQLError) -> Int {
        try await query(statement).count
    }
}
