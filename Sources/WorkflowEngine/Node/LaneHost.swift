import Dispatch
import Logging
import Synchronization
import WorkflowCore
import WorkflowKit

/// Gives a lane what it lacks: a place to run, a clock, and hands to carry out its orders.
///
/// One turn of the lane follows the other. Events that arrive during a turn are handled together in the next one, which
/// is what makes batches grow with the load. Turns run on a queue; but with little to do, whoever brings an event may
/// take the turn itself, and a small commit leaves in the same moment, so that an idle node loses no time in waking
/// threads.
final class LaneHost: @unchecked Sendable {
    let number: Int
    private let store: any Store
    private let clock: NodeClock
    private let logger: Logger
    private let incarnation: Int64
    private weak let delegate: (any LaneHostDelegate)?
    private let queue: DispatchQueue
    private let mailbox = Mutex(Mailbox())
    /// Held during a turn, and by whatever else touches what turns touch.
    private let turn = Mutex(())
    private let alarm: any DispatchSourceTimer

    /// A batch of more runs than this is written on a thread of its own, for it takes a while to put together.
    private static let promptCommitMax = 8

    // Touched under `turn` only.
    private var lane: Lane?
    private var stepTasks: [StepReference: Task<Void, Never>] = [:]
    private var heldSteps: [StepJob] = []
    private var alarmAt: Timestamp?

    private struct Mailbox {
        var events: [LaneEvent] = []
        var isScheduled = false
        var isHalted = false
        /// The last batch had many runs: turns take long, and whoever brings an event has better things to do.
        var isLoaded = false
        /// How much there was to do after the last turn.
        var load = 0
    }

    init(
        number: Int, registry: WorkflowRegistry, settings: LaneSettings, store: any Store, clock: NodeClock,
        incarnation: Int64, delegate: any LaneHostDelegate, logger: Logger
    ) {
        self.number = number
        self.store = store
        self.clock = clock
        self.logger = logger
        self.incarnation = incarnation
        self.delegate = delegate
        queue = DispatchQueue(label: "holdfast.lane.\(number)", qos: .userInitiated)
        alarm = DispatchSource.makeTimerSource(queue: queue)
        var generator = SystemRandomNumberGenerator()
        lane = Lane(registry: registry, settings: settings, now: clock.now, seed: generator.next()) {
            [weak self] event in self?.post(event)
        }
        alarm.setEventHandler { [weak self] in self?.takeTurn() }
        alarm.activate()
    }

    deinit { alarm.cancel() }

    /// How much there is to do, events that wait included; see ``Lane/load``.
    var load: Int { mailbox.withLock { $0.events.count + $0.load } }

    /// Hands an event to the lane. After ``halt()`` events are dropped; those that wait for a reply are refused.
    ///
    /// - Parameter mayTakeTurn: Whether the caller's thread may take the lane's turn, user code included.
    func post(_ event: LaneEvent, mayTakeTurn: Bool = false) {
        let (isScheduled, isHalted, isLoaded) = mailbox.withLock { mailbox in
            if mailbox.isHalted { return (true, true, false) }
            mailbox.events.append(event)
            defer { mailbox.isScheduled = true }
            return (mailbox.isScheduled, false, mailbox.isLoaded)
        }
        if isHalted { return refuse(event) }
        if isScheduled { return }
        if mayTakeTurn, !isLoaded, turn.withLockIfAvailable({ _ in handleEvents(untilNone: false) }) != nil { return }
        queue.async { self.takeTurn() }
    }

    /// Forgets everything at once: the incarnation may no longer write.
    func halt() {
        queue.async { [self] in
            let events = mailbox.withLock { mailbox in
                mailbox.isHalted = true
                defer { mailbox.events = [] }
                return mailbox.events
            }
            turn.withLock { _ in
                _ = lane?.handle([.halt], at: clock.now)
                for task in stepTasks.values { task.cancel() }
                stepTasks = [:]
                heldSteps = []
                lane = nil
                alarm.cancel()
            }
            for event in events { refuse(event) }
        }
    }

    /// Starts what was held back while the lease was in doubt.
    func leaseRenewed() {
        queue.async { [self] in
            turn.withLock { _ in
                let held = heldSteps
                heldSteps = []
                for job in held { startStep(job) }
            }
        }
    }

    private func takeTurn() { turn.withLock { _ in handleEvents(untilNone: true) } }

    /// - Parameter untilNone: Whether to go on with what arrived meanwhile, or to leave that to the queue.
    private func handleEvents(untilNone: Bool) {
        guard let lane else { return }
        var hasMore = false
        repeat {
            let events = mailbox.withLock { mailbox in
                defer { mailbox.events = [] }
                return mailbox.events
            }
            for case .stepEnded(let reference, _) in events { stepTasks[reference] = nil }
            for output in lane.handle(events, at: clock.now) { carryOut(output) }
            let load = lane.load
            hasMore = mailbox.withLock { mailbox in
                mailbox.load = load
                mailbox.isScheduled = !mailbox.events.isEmpty
                return mailbox.isScheduled
            }
        } while hasMore && untilNone
        if hasMore { queue.async { self.takeTurn() } }
        setAlarm(lane.nextAlarm)
    }

    private func setAlarm(_ time: Timestamp?) {
        guard time != alarmAt else { return }
        alarmAt = time
        guard let time else { return alarm.schedule(deadline: .distantFuture) }
        let delay = max(0, (time - clock.now).microseconds)
        alarm.schedule(deadline: .now() + .microseconds(Int(clamping: delay)), leeway: .microseconds(200))
        alarmAt = delay == 0 ? nil : time
    }

    private func carryOut(_ output: LaneOutput) {
        switch output {
        case .commit(let number, let batch):
            let isSmall = batch.segments.count <= Self.promptCommitMax
            mailbox.withLock { $0.isLoaded = !isSmall }
            if isSmall {
                // It leaves before this returns, and its answer is waited for where it arrives.
                Task.immediate(executorPreference: store.executor) { await self.commit(number, batch) }
            } else {
                Task { await self.commit(number, batch) }
            }
        case .load(let runs):
            Task { await self.load(runs) }
        case .startStep(let job):
            startStep(job)
        case .cancelStep(let reference):
            stepTasks.removeValue(forKey: reference)?.cancel()
            heldSteps.removeAll { $0.reference == reference }
        case .startTransaction(let job):
            Task { await self.carryOut(job) }
        case .messagesWaiting:
            delegate?.messagesWaiting()
        case .ended(let run, let outcome):
            delegate?.ended(run, outcome)
        case .log(let run, let message):
            logger.notice("\(message)", metadata: ["run": "\(run)"])
        }
    }

    // MARK: Steps

    private func startStep(_ job: StepJob) {
        guard delegate?.mayStartExternalWork == true else { return heldSteps.append(job) }
        stepTasks[job.reference] = Task {
            do {
                let output = try await job.body(job.context)
                self.post(.stepEnded(job.reference, .success(output)), mayTakeTurn: true)
            } catch {
                self.post(.stepEnded(job.reference, .failure(Failure(error))), mayTakeTurn: true)
            }
        }
    }

    private func carryOut(_ job: TransactionJob) async {
        var backoff = Backoff()
        let lastOutput = Mutex<StepOutput?>(nil)
        while true {
            do {
                let output = try await store.transaction(by: incarnation) { transaction in
                    let output = try await job.body(transaction, job.context)
                    lastOutput.withLock { $0 = output }
                    return (job.batch(output), output)
                }
                return post(.transactionEnded(job.reference, .success(output)))
            } catch let error as StoreError {
                switch error.kind {
                case .fenced:
                    delegate?.fenced(incarnation)
                    return
                case .unavailable:
                    await backoff.wait()
                    if isHalted { return }
                case .outcomeUnknown:
                    // The answer was lost with the connection; the journal tells whether it was committed.
                    guard let isCommitted = await wasCommitted(job.reference.run, job.seq) else { return }
                    if isCommitted, let output = lastOutput.withLock({ $0 }) {
                        return post(.transactionEnded(job.reference, .success(output)))
                    }
                case .rejected:
                    return post(
                        .transactionEnded(job.reference, .failure(Failure(type: "store", message: error.message))))
                }
            } catch {
                return post(.transactionEnded(job.reference, .failure(Failure(error))))
            }
        }
    }

    private var isHalted: Bool { mailbox.withLock { $0.isHalted } }

    // MARK: Store

    private nonisolated(nonsending) func commit(_ number: Int, _ batch: Batch) async {
        var refused: [RunID: String] = [:]
        var committed = Committed()
        var parts = [batch]
        while let part = parts.popLast() {
            switch await commitPart(part) {
            case .committed(let result):
                committed.winners.merge(result.winners) { first, _ in first }
            case .failed:
                // Parts of one batch that were divided to find the culprit are independent of each other.
                if parts.isEmpty && refused.isEmpty && part.runs == batch.runs { return post(.commitFailed(number)) }
                parts.append(part)
            case .rejected(let reason):
                if let (first, second) = part.halves {
                    parts += [second, first]
                } else {
                    for run in part.runs { refused[run] = reason }
                }
            case .halted:
                return
            }
        }
        post(.committed(number, committed, refused: refused))
    }

    private enum PartResult {
        case committed(Committed)
        case failed
        case rejected(String)
        case halted
    }

    private nonisolated(nonsending) func commitPart(_ batch: Batch) async -> PartResult {
        var backoff = Backoff()
        while true {
            do {
                return .committed(try await store.commit(batch, by: incarnation))
            } catch {
                switch error.kind {
                case .fenced:
                    delegate?.fenced(incarnation)
                    return .halted
                case .rejected:
                    logger.error("a batch was refused", metadata: ["error": "\(error)"])
                    return .rejected(error.message)
                case .outcomeUnknown:
                    return await outcome(ofUnacknowledged: batch)
                case .unavailable:
                    await backoff.wait()
                    if isHalted { return .halted }
                    return .failed
                }
            }
        }
    }

    /// Asks until it is known what became of the batch.
    private nonisolated(nonsending) func outcome(ofUnacknowledged batch: Batch) async -> PartResult {
        var backoff = Backoff()
        while !isHalted {
            do {
                let committed = try await store.outcome(ofUnacknowledged: batch, by: incarnation)
                return committed.map(PartResult.committed) ?? .failed
            } catch  where error.kind == .fenced {
                delegate?.fenced(incarnation)
                return .halted
            } catch {
                logger.warning("what became of a batch is not known yet", metadata: ["error": "\(error)"])
                await backoff.wait()
            }
        }
        return .halted
    }

    /// Asks until there is an answer; nil when the lane was halted meanwhile.
    private func wasCommitted(_ run: RunID, _ seq: Int32) async -> Bool? {
        var backoff = Backoff()
        while !isHalted {
            if let found = try? await store.hasEntry(run, seq: seq, by: incarnation) { return found }
            await backoff.wait()
        }
        return nil
    }

    private func load(_ runs: [RunID]) async {
        var backoff = Backoff()
        while !isHalted {
            do {
                return post(.loaded(try await store.load(runs)))
            } catch {
                logger.debug("could not load runs", metadata: ["error": "\(error)"])
                await backoff.wait()
            }
        }
    }

    private func refuse(_ event: LaneEvent) {
        switch event {
        case .start(_, let reply): reply(.failure(.unavailable))
        case .startMany(_, let reply): reply(.failure(.unavailable))
        case .fork(_, _, let reply): reply(.failure(.unavailable))
        case .signal(_, _, let reply): reply(.failure(.unavailable))
        case .command(_, _, let reply): reply(.failure(.unavailable))
        case .inspect(_, let reply): reply(.failure(.unavailable))
        case .release(_, let reply): reply(.failure(.unavailable))
        case .attributed(_, let event): refuse(event)
        default: break
        }
    }
}

/// Whoever owns the lanes of a node.
protocol LaneHostDelegate: AnyObject, Sendable {
    /// False while the lease is in doubt: no external step may start then.
    var mayStartExternalWork: Bool { get }
    func messagesWaiting()
    func ended(_ run: RunID, _ outcome: Outcome)
    func fenced(_ incarnation: Int64)
}
