import DequeModule
package import WorkflowCore
package import WorkflowKit

/// A workflow function under way: it is fed journal entries, and tells what the function asks for next.
///
/// The same code serves replay and live work. An entry is applied, the tasks of the run are driven until all of them
/// wait, and only then comes the next entry: the order of the entries is the order in which the function sees results,
/// whether they happen now or happened before a crash.
///
/// Not thread-safe by itself. It is touched by the lane that owns the run, and by the run's own tasks, which run only
/// while that lane drives them; hence the unchecked conformance.
package final class Execution: RunDriver, @unchecked Sendable {
    package let runID: RunID
    let start: StartRecord
    private let workflow: WorkflowType
    private let executor: RunExecutor
    private let sabotage: Set<Sabotage>
    private var task: Task<Void, Never>?

    private var replay: Deque<JournalEntry> = []
    private(set) var pending: [Int32: PendingOperation] = [:]
    private var requests: Deque<PendingOperation> = []
    /// Operations whose task the workflow cancelled, such as the rest of a group; in the order of the cancelling.
    private var cancelledTasks: Deque<Int32> = []
    /// Those of them that had not been looked at yet.
    private var cancelledRequests: Set<Int32> = []
    private var nextOrdinal: Int32 = 1
    private var bufferedSignals: [SignalRecord] = []
    private var seenSignals: Set<RunID> = []
    /// The signals in `seenSignals`, oldest first.
    private var signalsInOrder: Deque<RunID> = []
    private var random: SplitMix
    private var changes: Set<String> = []
    private var unchanged: Set<String> = []
    private var compensations: [(operation: Operation, name: String)] = []

    package private(set) var now: Timestamp
    package private(set) var restoredState: [UInt8]?
    private(set) var cancellation: RunCancelled?
    private(set) var isPastDeadline = false
    private var isEvicted = false
    private var evictedCalls = 0

    /// How the function ended; nil while it is under way.
    package private(set) var outcome: Outcome?
    /// Why the function cannot go on; nil while all is well.
    package private(set) var problem: PauseRecord?
    /// Operations asked for since the last look, none of them answered by the journal.
    private(set) var unanswered: [Int32] = []
    /// Operations that the function no longer waits for although they are being carried out.
    private(set) var abandoned: [PendingOperation] = []
    /// Change markers met for the first time.
    private(set) var newChanges: [String] = []

    /// A call after eviction returns at once this often, so that a function can unwind through its `catch` clauses; one
    /// that goes on calling is left suspended.
    private static let evictedCallsMax = 100
    /// A signal is recognised as sent twice unless this many others came in between.
    private static let seenSignalsMax = 1_000

    /// - Parameter entries: The run's journal from its beginning or newest snapshot on; its first entry tells the start.
    package init(
        runID: RunID, workflow: WorkflowType, entries: some Collection<JournalEntry>,
        sabotage: Set<Sabotage> = [], onForeignWake: @escaping @Sendable () -> Void
    ) {
        guard let first = entries.first else { preconditionFailure("a journal has at least its first entry") }
        self.runID = runID
        self.workflow = workflow
        self.sabotage = sabotage
        now = first.at
        switch first.fact {
        case .started(let record):
            start = record
            random = SplitMix(seed: record.seed)
        case .snapshot(let record):
            start = record.start
            random = SplitMix(seed: record.randomState)
            restoredState = record.state
            nextOrdinal = record.ordinal + 1
            bufferedSignals = record.waitingSignals
            changes = Set(record.changes)
            unchanged = Set(record.unchanged)
            signalsInOrder = Deque(record.seenSignals)
            seenSignals = Set(record.seenSignals)
        default:
            preconditionFailure("a journal begins with a start or a snapshot")
        }
        replay = Deque(entries.dropFirst())
        for case .changed(let change) in entries.lazy.map(\.fact) { changes.insert(change) }
        executor = RunExecutor(onForeignWake: onForeignWake)
    }

    // MARK: Driving

    /// Starts the function and replays what the journal has.
    package func begin() {
        let context = WorkflowContext(driver: self)
        let (workflow, input) = (workflow, start.input)
        executor.drive {
            task = Task(executorPreference: executor) { [self] in
                do {
                    outcome = .completed(try await workflow.run(input, context))
                } catch is RunEvicted {
                } catch {
                    await compensate()
                    if !isEvicted { outcome = outcome(of: error) }
                }
            }
            settle()
            while problem == nil, outcome == nil, let entry = replay.popFirst() {
                apply(entry, output: nil)
                settle()
            }
        }
        checkQuiescence()
    }

    /// Hands an entry that was just made to the function. `output` is the value itself where there is one, to save
    /// decoding it.
    package func deliver(_ entry: JournalEntry, output: StepOutput? = nil) {
        executor.drive {
            apply(entry, output: output)
            settle()
        }
        checkQuiescence()
    }

    /// Unwinds the function and frees its memory; nothing is carried out or recorded on the way.
    package func evict() {
        isEvicted = true
        executor.drive {
            task?.cancel()
            cancelledTasks = []
            let waiting = pending.values.sorted { $0.ordinal < $1.ordinal } + Array(requests)
            pending = [:]
            requests = []
            for operation in waiting { unsafe operation.continuation.resume(returning: .evicted) }
            executor.drain()
        }
        task = nil
    }

    func takeUnanswered() -> [Int32] {
        defer { unanswered = [] }
        return unanswered
    }

    func takeAbandoned() -> [PendingOperation] {
        defer { abandoned = [] }
        return abandoned
    }

    func takeNewChanges() -> [String] {
        defer { newChanges = [] }
        return newChanges
    }

    func update(_ ordinal: Int32, _ change: (PendingOperation) -> Void) {
        if let operation = pending[ordinal] { change(operation) }
    }

    /// Everything a later replay needs that lies before the snapshot operation `ordinal`.
    func snapshot(ordinal: Int32, state: [UInt8]) -> SnapshotRecord {
        SnapshotRecord(
            ordinal: ordinal, state: state, waitingSignals: bufferedSignals, randomState: random.state,
            changes: changes.sorted(), unchanged: unchanged.sorted(), seenSignals: Array(signalsInOrder), start: start)
    }

    // MARK: RunDriver

    package func perform(_ operation: Operation) async -> Resolution {
        if isEvicted {
            evictedCalls += 1
            if evictedCalls <= Self.evictedCallsMax { return .evicted }
        }
        if case .compensation = operation.kind, outcome == nil, !isCompensating {
            compensations.append((operation, operation.name))
            return .none
        }
        let ordinal = nextOrdinal
        nextOrdinal += 1
        if operation.isShielded { return await request(operation, ordinal) }
        return await withTaskCancellationHandler {
            await request(operation, ordinal)
        } onCancel: {
            // Whoever cancels a task of the run is another task of it, or its lane: nothing else runs at this moment.
            cancelledTasks.append(ordinal)
        }
    }

    private func request(_ operation: Operation, _ ordinal: Int32) async -> Resolution {
        await unsafe withUnsafeContinuation { continuation in
            let request = unsafe PendingOperation(
                ordinal: ordinal, operation: operation, continuation: continuation, requestedAt: now)
            requests.append(request)
        }
    }

    package func nextRandom() -> UInt64 { random.next() }

    package func isChanged(_ change: String) -> Bool {
        if changes.contains(change) { return true }
        if unchanged.contains(change) { return false }
        if !replay.isEmpty {
            unchanged.insert(change)
            return false
        }
        changes.insert(change)
        newChanges.append(change)
        return true
    }

    // MARK: -

    private var isCompensating = false

    /// Undoes what the function registered, last first. A compensation that fails for good does not keep the others
    /// from being carried out.
    private func compensate() async {
        isCompensating = true
        let order = sabotage.contains(.compensationsInOrder) ? compensations : compensations.reversed()
        for (operation, name) in order {
            _ = await perform(Operation(kind: operation.kind, name: name, isShielded: true))
        }
        compensations = []
    }

    private func outcome(of error: any Error) -> Outcome {
        if isPastDeadline {
            return .failed(.permanent("deadline.exceeded", "the run did not end before its deadline"))
        }
        if let error = error as? RunCancelled { return .cancelled(reason: error.reason) }
        if cancellation != nil, error is CancellationError { return .cancelled(reason: cancellation?.reason) }
        return .failed(Failure(error))
    }

    /// Runs the tasks until all of them wait, and answers what can be answered without the world.
    private func settle() {
        executor.drain()
        while true {
            if let ordinal = cancelledTasks.popFirst() {
                taskCancelled(ordinal)
                continue
            }
            guard let request = requests.popFirst() else { return }
            if let resolution = immediateResolution(request) {
                unsafe request.continuation.resume(returning: resolution)
                executor.drain()
            } else {
                pending[request.ordinal] = request
                unanswered.append(request.ordinal)
            }
        }
    }

    /// The function cancelled the task that waits for the operation, and with it the wait.
    private func taskCancelled(_ ordinal: Int32) {
        if let operation = pending[ordinal] {
            abandoned.append(operation)
            resolve(operation, .failed(Failure(CancellationError())))
            executor.drain()
        } else if requests.contains(where: { $0.ordinal == ordinal }) {
            cancelledRequests.insert(ordinal)
        }
    }

    private func immediateResolution(_ request: PendingOperation) -> Resolution? {
        if isEvicted { return .evicted }
        if let cancellation, !request.operation.isShielded { return .cancelled(cancellation) }
        if cancelledRequests.remove(request.ordinal) != nil { return .failed(Failure(CancellationError())) }
        if case .signal = request.operation.kind,
            let index = bufferedSignals.firstIndex(where: { $0.name == request.operation.name })
        {
            return .recorded(bufferedSignals.remove(at: index).payload)
        }
        return nil
    }

    private func apply(_ entry: JournalEntry, output: StepOutput?) {
        now = max(now, entry.at)
        switch entry.fact {
        case .stepEnded(let record):
            guard let operation = expect(entry, record.ordinal, record.kind, record.name) else { return }
            resolve(operation, resolution(of: record.outcome, output: output))
        case .attemptFailed(let record):
            guard expect(entry, record.ordinal, record.kind, record.name) != nil else { return }
            update(record.ordinal) { operation in
                operation.attempt = record.attempt + 1
                operation.firstStartedAt = record.firstStartedAt
                operation.nextAttemptAt = record.nextAt
                operation.isExhausted = record.nextAt == nil
            }
        case .heartbeat(let ordinal, _, let progress):
            update(ordinal) { $0.lastHeartbeat = progress }
        case .timerFired(let ordinal, let name):
            guard let operation = expect(entry, ordinal, name: name, { $0.due != nil }, "a timer") else { return }
            resolve(operation, .none)
        case .signalReceived(let record):
            receive(record)
        case .childStarted(let ordinal, let name, let child):
            guard
                let operation = expect(
                    entry, ordinal, name: name, { if case .child = $0.operation.kind { true } else { false } },
                    "child \"\(name)\"")
            else { return }
            update(ordinal) { $0.child = child }
            if case .child(let request) = operation.operation.kind, !request.awaitsResult {
                resolve(operation, .recorded(JSON.string(child.description).bytes))
            }
        case .childEnded(let ordinal, _, let outcome):
            // It may have come while the run was paused, after the function had stopped waiting for the child.
            if pending[ordinal] == nil, ordinal < nextOrdinal { return }
            guard let operation = expect(entry, ordinal, name: nil, { $0.child != nil }, "the end of a child") else {
                return
            }
            if sabotage.contains(.childResultsSwapped),
                let first = pending.values.filter({ $0.child != nil }).min(by: { $0.ordinal < $1.ordinal })
            {
                return resolve(first, childResolution(of: outcome))
            }
            resolve(operation, childResolution(of: outcome))
        case .eventEmitted(let ordinal, let name):
            guard
                let operation = expect(
                    entry, ordinal, name: name, { if case .event = $0.operation.kind { true } else { false } },
                    "event \"\(name)\"")
            else { return }
            resolve(operation, .none)
        case .snapshot(let record):
            guard let operation = expect(entry, record.ordinal, name: "snapshot", { _ in true }, "a snapshot") else {
                return
            }
            resolve(operation, .none)
        case .cancelRequested(let reason):
            cancel(RunCancelled(reason: reason))
        case .deadlinePassed:
            isPastDeadline = true
            cancel(RunCancelled(reason: "deadline.exceeded"))
        case .resumed:
            for ordinal in pending.keys {
                update(ordinal) { operation in
                    guard operation.isExhausted else { return }
                    operation.isExhausted = false
                    operation.attempt = 1
                    operation.firstStartedAt = nil
                }
            }
        case .started, .changed, .paused, .suspected, .ended:
            break
        }
    }

    private func resolution(of outcome: Outcome, output: StepOutput?) -> Resolution {
        switch outcome {
        case .completed(let json): output.map(Resolution.output) ?? .recorded(json)
        case .failed(let failure): .failed(failure)
        case .cancelled(let reason): .cancelled(RunCancelled(reason: reason))
        }
    }

    private func childResolution(of outcome: Outcome) -> Resolution {
        guard case .cancelled(let reason) = outcome else { return resolution(of: outcome, output: nil) }
        return .failed(.permanent("child.cancelled", reason ?? "the child was cancelled"))
    }

    private func resolve(_ operation: PendingOperation, _ resolution: Resolution) {
        pending[operation.ordinal] = nil
        unsafe operation.continuation.resume(returning: resolution)
    }

    private func receive(_ signal: SignalRecord) {
        guard seenSignals.insert(signal.id).inserted || sabotage.contains(.signalsNotRecognised) else { return }
        signalsInOrder.append(signal.id)
        if signalsInOrder.count > Self.seenSignalsMax, let oldest = signalsInOrder.popFirst() {
            seenSignals.remove(oldest)
        }
        let waiting = pending.values
            .filter { if case .signal = $0.operation.kind { $0.operation.name == signal.name } else { false } }
            .min { $0.ordinal < $1.ordinal }
        if let waiting {
            resolve(waiting, .recorded(signal.payload))
        } else {
            bufferedSignals.append(signal)
        }
    }

    private func cancel(_ error: RunCancelled) {
        guard cancellation == nil else { return }
        cancellation = error
        task?.cancel()
        for operation in pending.values.sorted(by: { $0.ordinal < $1.ordinal }) where !operation.operation.isShielded {
            abandoned.append(operation)
            resolve(operation, .cancelled(error))
        }
    }

    // MARK: Whether code and journal agree

    private func expect(_ entry: JournalEntry, _ ordinal: Int32, _ kind: StepRecord.Kind, _ name: String)
        -> PendingOperation?
    {
        expect(
            entry, ordinal, name: name, { StepRecord.Kind($0.operation.kind) == kind },
            "\(kind.rawValue) \"\(name)\"")
    }

    /// The operation that `entry` answers; nil, and the run has a problem, if the function did not ask for it.
    private func expect(
        _ entry: JournalEntry, _ ordinal: Int32, name: String?, _ isOfKind: (PendingOperation) -> Bool,
        _ label: @autoclosure () -> String
    ) -> PendingOperation? {
        if let operation = pending[ordinal], isOfKind(operation), name == nil || operation.operation.name == name {
            return operation
        }
        let found =
            pending[ordinal].map(\.label)
            ?? (pending.isEmpty
                ? "nothing"
                : "only \(pending.values.sorted { $0.ordinal < $1.ordinal }.map(\.label).joined(separator: ", "))")
        report(
            .mismatch,
            "the code does not follow the journal at entry \(entry.seq): expected \(label()) as operation \(ordinal), "
                + "found \(found)")
        return nil
    }

    private func checkQuiescence() {
        guard problem == nil, !isEvicted else { return }
        if outcome != nil, let entry = replay.first(where: { $0.fact.answersOperation }) {
            return report(
                .mismatch,
                "the code does not follow the journal at entry \(entry.seq): the workflow ended where the journal goes "
                    + "on")
        }
        if outcome == nil, pending.isEmpty {
            report(
                .foreignWait,
                "the workflow waits for something that is not an operation of its context, such as Task.sleep or an "
                    + "actor")
        }
    }

    private func report(_ cause: PauseRecord.Cause, _ detail: String) {
        if problem == nil { problem = PauseRecord(cause: cause, detail: detail) }
    }
}

extension JournalEntry.Fact {
    /// Whether it answers something that the workflow must have asked for. A child's end may come when nobody waits for
    /// it any more.
    var answersOperation: Bool {
        switch self {
        case .stepEnded, .timerFired, .childStarted, .eventEmitted, .snapshot: true
        default: false
        }
    }
}
