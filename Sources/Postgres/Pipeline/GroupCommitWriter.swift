package import WorkflowKit

/// Writes what many tasks submit with few commits: while one is in flight, the next items gather.
///
/// There is no timer and no least delay: the first item leaves at once, and what arrives until the commit returns is
/// the next flush. A single caller pays one commit; a thousand share one.
package final class GroupCommitWriter<Item: Sendable, Output: Sendable>: Sendable {
    /// Makes the statements that write `items`, in one transaction.
    package typealias Build = @Sendable (_ items: [Item]) throws(SQLError) -> [SQLStatement]
    /// Tells each item what it came to, in the order of `items`, from the answers to the statements.
    package typealias Read =
        @Sendable (_ items: [Item], _ answers: [PipelineAnswer]) throws(SQLError) -> [Output]

    private typealias Line = [Entry]

    /// One item and the task that waits for it. A reference, since copying a value of generic type is done by looking
    /// up how at each copy.
    private final class Entry: Sendable {
        let item: Item
        let ticket: Ticket
        let continuation: CheckedContinuation<Result<Output, SQLError>, Never>

        init(item: Item, ticket: Ticket, continuation: CheckedContinuation<Result<Output, SQLError>, Never>) {
            self.item = item
            self.ticket = ticket
            self.continuation = continuation
        }
    }

    private struct State {
        /// Items that any lane may take.
        var shared: Line = []
        /// Items that must go through one lane, by lane.
        var pinned: [Line]
        var isBusy: [Bool]
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let lanes: [PostgresPipeline]
    private let itemsPerFlushMax: Int
    private let itemsPerLane: Int
    private let build: Build
    private let read: Read
    private let state: Locked<State>

    /// How often a flush that lost against another transaction is made again.
    private static var conflictRetriesMax: Int { 5 }

    /// - Parameters:
    ///   - lanes: The connections to write with. The later ones help only while many items wait.
    ///   - itemsPerFlushMax: Bounds the latency of a flush and the size of its statements.
    ///   - itemsPerLane: So many items must wait before an idle lane joins a busy one. With fewer, a second commit
    ///     makes each smaller instead of both faster (measured with 64 callers on two cores: 22,000 rows/s over two
    ///     connections, 31,000 over one).
    package init(
        lanes: [PostgresPipeline], itemsPerFlushMax: Int = 2_000, itemsPerLane: Int = 128, build: @escaping Build,
        read: @escaping Read
    ) {
        precondition(!lanes.isEmpty, "a writer needs a connection")
        self.lanes = lanes
        self.itemsPerFlushMax = itemsPerFlushMax
        self.itemsPerLane = itemsPerLane
        self.build = build
        self.read = read
        self.state = Locked(
            State(
                pinned: Array(repeating: [], count: lanes.count), isBusy: Array(repeating: false, count: lanes.count)))
    }

    /// Writes `item`; returns once it is durable.
    ///
    /// Items with the same `lane` are written in the order in which they were submitted; without one the first lane
    /// that is free takes them. A cancelled task takes its item back as long as it was not sent.
    package nonisolated(nonsending) func submit(_ item: Item, lane: Int? = nil) async throws(SQLError) -> Output {
        let ticket = Ticket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(Entry(item: item, ticket: ticket, continuation: continuation), lane: lane)
            }
        } onCancel: {
            ticket.cancel()
            takeBack(ticket)
        }
        return try result.get()
    }

    /// How many items wait to be sent.
    package var waitingCount: Int { state.withLock { $0.shared.count + $0.pinned.reduce(0) { $0 + $1.count } } }

    /// Refuses new items and waits until those submitted have their answers. The lanes stay open.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                state.isClosed = true
                let isIdle = !state.isBusy.contains(true)
                if !isIdle { state.closers.append(continuation) }
                return isIdle
            }
            if isDone { continuation.resume() }
        }
    }

    // MARK: -

    private func enqueue(_ entry: Entry, lane: Int?) {
        let (refusal, started) = state.withLock { state -> (SQLError?, Int?) in
            if state.isClosed { return (SQLError(kind: .unavailable, message: "the writer is closed"), nil) }
            if entry.ticket.isCancelled { return (Self.cancelled, nil) }
            if let lane {
                let lane = lane % lanes.count
                state.pinned[lane].append(entry)
                return (nil, start(lane, &state))
            }
            state.shared.append(entry)
            let isEnough = !state.isBusy.contains(true) || state.shared.count >= itemsPerLane
            guard isEnough, let idle = state.isBusy.firstIndex(of: false) else { return (nil, nil) }
            return (nil, start(idle, &state))
        }
        if let refusal { entry.continuation.resume(returning: .failure(refusal)) }
        if let started { Task { await drive(started) } }
    }

    private func start(_ lane: Int, _ state: inout State) -> Int? {
        if state.isBusy[lane] { return nil }
        state.isBusy[lane] = true
        return lane
    }

    private func takeBack(_ ticket: Ticket) {
        let entry = state.withLock { state -> Entry? in
            if let index = state.shared.firstIndex(where: { $0.ticket === ticket }) {
                return state.shared.remove(at: index)
            }
            for lane in state.pinned.indices {
                if let index = state.pinned[lane].firstIndex(where: { $0.ticket === ticket }) {
                    return state.pinned[lane].remove(at: index)
                }
            }
            return nil
        }
        entry?.continuation.resume(returning: .failure(Self.cancelled))
    }

    /// Flushes through `lane` until nothing is left for it.
    private func drive(_ lane: Int) async {
        while true {
            // Those whose items were just written are resumed, and often bring the next: they go first.
            await Task.yield()
            guard let line = take(lane) else { return }
            await flush(line, through: lanes[lane])
        }
    }

    private func take(_ lane: Int) -> Line? {
        let (line, closers) = state.withLock { state -> (Line?, [CheckedContinuation<Void, Never>]) in
            var line: Line = []
            Self.move(&state.pinned[lane], to: &line, upTo: itemsPerFlushMax)
            Self.move(&state.shared, to: &line, upTo: itemsPerFlushMax)
            if !line.isEmpty { return (line, []) }
            state.isBusy[lane] = false
            guard !state.isBusy.contains(true) else { return (nil, []) }
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        for closer in closers { closer.resume() }
        return line
    }

    private static func move(_ source: inout Line, to target: inout Line, upTo countMax: Int) {
        let count = min(source.count, countMax - target.count)
        if count == source.count, target.isEmpty {
            swap(&source, &target)
        } else if count > 0 {
            target += source.prefix(count)
            source.removeFirst(count)
        }
    }

    /// Writes `line` in one transaction. If the database refuses the data, halves it until the item that is refused
    /// stands alone: one bad item must not fail the others.
    private func flush(_ line: Line, through pipeline: PostgresPipeline) async {
        let items = line.map(\.item)
        var retriesLeft = Self.conflictRetriesMax
        while true {
            do throws(SQLError) {
                let batch = try PipelineBatch(try build(items))
                answer(line, items, batch, try await pipeline.commit(batch))
                return
            } catch {
                switch error.kind {
                case .conflict where retriesLeft > 0:
                    retriesLeft -= 1
                case .rejected where line.count > 1, .defect where line.count > 1, .notPermitted where line.count > 1:
                    await flush(Array(line[..<(line.count / 2)]), through: pipeline)
                    await flush(Array(line[(line.count / 2)...]), through: pipeline)
                    return
                default:
                    for entry in line { entry.continuation.resume(returning: .failure(error)) }
                    return
                }
            }
        }
    }

    /// Hands out what a flush came to. It is committed: whatever goes wrong here must not lead to another one.
    private func answer(_ line: Line, _ items: [Item], _ batch: PipelineBatch, _ results: [ServerResult]) {
        do throws(SQLError) {
            let outputs = try read(items, try batch.answers(from: results))
            precondition(outputs.count == items.count, "\(outputs.count) outputs for \(items.count) items")
            for index in line.indices { line[index].continuation.resume(returning: .success(outputs[index])) }
        } catch {
            for entry in line { entry.continuation.resume(returning: .failure(error)) }
        }
    }

    private static var cancelled: SQLError {
        SQLError(kind: .cancelled, message: "the call was cancelled before its item was sent")
    }
}
