import HeapModule
import WorkflowCore
package import WorkflowKit

/// The single writer of a part of the open runs: it decides everything about them, in memory, one event at a time.
///
/// A lane does no input or output and has no clock and no tasks of its own except those of the workflow functions,
/// which it drives itself. Events and the time go in, orders come out; whoever hosts it carries them out and reports
/// back with further events. That is why the same lane runs in a server and in a simulation.
///
/// Two rules hold everywhere:
/// - nothing leaves before what it depends on is committed: no reply, no external step, no message;
/// - of one run, entries are committed in the order of their numbers, and at most one commit at a time carries them.
///   Two commits may be under way if they have no run in common.
package final class Lane {
    let registry: WorkflowRegistry
    let settings: LaneSettings
    /// Called with events that come from outside the lane's own turn: heartbeats of steps, foreign wake-ups.
    let post: @Sendable (LaneEvent) -> Void

    var now: Timestamp
    var runs: [RunID: Resident] = [:]
    var dirty: [RunID] = []
    var outputs: [LaneOutput] = []
    var timers = Heap<LaneTimer>()
    var timerNumber: UInt64 = 0
    /// Runs that are over and may still have timers far away.
    private var endedWithTimers: Set<RunID> = []
    var random: SplitMix

    /// The batches that are out, by their number.
    var commits: [Int: CommitUnderWay] = [:]
    var commitNumber = 0
    /// Runs that belong into one commit wait for another one: the next batch is cut when none is out, and takes them all.
    var isGroupHeldUp = false
    /// Writes that belong to no run in memory.
    var loose = LooseWrites()
    /// False from a failed commit until the next one succeeds: new work is refused at once instead of piling up.
    var isStoreReachable = true

    var loading: [RunID: [(Result<Resident, Refusal>) -> Void]] = [:]
    var toLoad: [RunID] = []
    var isLoading = false
    /// Runs to be loaded whose process died while they were under way.
    var suspects: [RunID] = []
    var suspectsUnderTest: Set<RunID> = []
    var expectsSuspicion: Set<RunID> = []
    var messagesUnderWay: Set<Int64> = []
    /// Messages whose taking is committed: they may come once more, from somebody who had read them before.
    var messagesTaken = RecentNumbers(countMax: 10_000)

    var queues: [String: LaneQueue] = [:]
    /// Runs whose turn has come, and whose function starts as soon as the store has them as under way.
    var starting: Set<RunID> = []
    /// Parked runs that still count as under way in their limited queue, and that queue.
    var parkedTurns: [RunID: String] = [:]
    var executingCount = 0
    var releasing: [(ranges: [SlotRange], reply: Reply<Void>)] = []
    /// Slots that were given up: whatever comes for their runs is refused. Kept only for a host that says when slots come
    /// back, for otherwise they would be refused for ever.
    var givenUp: [SlotRange] = []
    var isToldOfAcquisitions = false
    /// What the audit log is to say about the first entry that the event at hand leads to.
    var attribution: [AuditEntry] = []
    private(set) var isHalted = false

    package init(
        registry: WorkflowRegistry, settings: LaneSettings, now: Timestamp, seed: UInt64,
        post: @escaping @Sendable (LaneEvent) -> Void
    ) {
        self.registry = registry
        self.settings = settings
        self.now = now
        self.post = post
        random = SplitMix(seed: seed)
    }

    /// When the lane wants to be called even if nothing happens; nil for never.
    package var nextAlarm: Timestamp? { timers.min?.due }

    /// Where the counts that admission goes by disagree with the runs that they count; nil when all is well.
    package var miscount: String? {
        let executing = runs.values.filter { $0.execution != nil }.count
        let inFlight = runs.values.count { $0.inFlight != nil }
        let committing = Set(commits.values.flatMap(\.runs)).filter { runs[$0]?.inFlight != nil }.count
        if inFlight != committing || commits.values.contains(where: { Set($0.runs).count != $0.runs.count }) {
            return "\(inFlight) runs are in flight, and \(committing) are in commits"
        }
        let isStarting = runs.values.filter { if case .admitted = $0.mode { true } else { false } }.map(\.id)
        if Set(isStarting) != starting { return "\(isStarting.count) runs start, and \(starting.count) are counted" }
        if executing != executingCount { return "\(executing) runs execute, and \(executingCount) are counted" }
        for (name, queue) in queues {
            let admitted = runs.values.filter { $0.isAdmitted && ($0.row.queue ?? Self.defaultQueue) == name }.count
            let parked = parkedTurns.values.filter { $0 == name }.count
            if admitted + parked != queue.admitted {
                return "queue \"\(name)\" has \(admitted) runs and \(parked) parked, and \(queue.admitted) are counted"
            }
        }
        return nil
    }

    /// How much there is to do: runs with something in a commit or for the next one, and, with little weight, runs in
    /// memory, of which ``littleLoad`` times as many fit as a lane serves well.
    package var load: Int {
        dirty.count + commits.values.reduce(0) { $0 + $1.runs.count }
            + executingCount * Self.littleLoad / settings.residentRunsMax
    }

    /// As much as one lane does as fast alone as two would.
    package static let littleLoad = 128

    /// How many runs are in memory.
    package var residentCount: Int { runs.count }

    /// Handles what happened until `time`, and returns what is to be done.
    package func handle(_ events: [LaneEvent], at time: Timestamp) -> [LaneOutput] {
        now = max(now, time)
        for event in events where !isHalted { handle(event) }
        if !isHalted {
            fireTimers()
            // Runs that leave make room for others, so this comes before those are let in.
            finishReleases()
            admitWaiting()
            loadNext()
            cutBatch()
        }
        defer { outputs = [] }
        return outputs
    }

    private func handle(_ event: LaneEvent) {
        switch event {
        case .start(let request, let reply): start(request, reply)
        case .startMany(let requests, let reply): startMany(requests, reply)
        case .fork(let request, let entries, let reply): fork(request, entries, reply)
        case .signal(let run, let record, let reply): signal(run, record, reply)
        case .command(let run, let command, let reply): self.command(run, command, reply)
        case .attributed(let entries, let event): attribute(entries) { handle(event) }
        case .inspect(let run, let reply): reply(.success(runs[run].map(inspection)))
        case .message(let message): receive(message)
        case .stepEnded(let reference, let result): stepEnded(reference, result)
        case .transactionEnded(let reference, let result): transactionEnded(reference, result)
        case .heartbeat(let reference, let progress): heartbeat(reference, progress)
        case .committed(let number, let committed, let refused): self.committed(number, committed, refused: refused)
        case .commitFailed(let number): commitFailed(number)
        case .loaded(let loaded): self.loaded(loaded)
        case .adopt(let rows, let afterDeath): adopt(rows, afterDeath: afterDeath)
        case .foreignWake(let run): foreignWake(run)
        case .acquired(let ranges): acquired(ranges)
        case .release(let ranges, let reply): releasing.append((ranges, reply))
        case .halt: halt()
        case .tick: break
        }
    }

    // MARK: Attribution

    /// Does what an event asks for; its first entry takes `entries` along to the audit log.
    func attribute(_ entries: [AuditEntry], _ body: () -> Void) {
        attribution = entries
        body()
        attribution = []
    }

    /// The event for later, with its attribution.
    func attributed(_ event: LaneEvent) -> LaneEvent {
        attribution.isEmpty ? event : .attributed(attribution, event)
    }

    // MARK: Entries

    /// Adds a fact to the run's journal, to be committed with the next batch.
    ///
    /// - Parameter at: When it happened; nil for now.
    @discardableResult
    func append(_ run: Resident, _ fact: JournalEntry.Fact, at: Timestamp? = nil) -> JournalEntry {
        precondition(run.transaction == nil, "a transaction under way has the run's next entry")
        run.lastAt = max(run.lastAt, at ?? now)
        let entry = JournalEntry(seq: run.nextSeq, at: run.lastAt, fact: fact)
        run.writes.audit += attribution
        attribution = []
        run.nextSeq += 1
        run.writes.entries.append(entry)
        unpark(run)
        markDirty(run)
        return entry
    }

    /// The run has something to do: it stays in memory.
    func unpark(_ run: Resident) {
        run.isParking = false
        run.idleSince = nil
        guard run.row.state == .parked else { return }
        run.row.state = .active
        run.row.wakeAt = nil
        run.row.reason = nil
        run.writes.rowChanged = true
        markDirty(run)
    }

    /// The writes of the two runs go into the same commit.
    func join(_ first: Resident, _ second: Resident) {
        first.writes.joined.insert(second.id)
        second.writes.joined.insert(first.id)
    }

    /// Adds a fact and hands it to the workflow function.
    func record(_ run: Resident, _ fact: JournalEntry.Fact, output: StepOutput? = nil) {
        let entry = append(run, fact)
        run.execution?.deliver(entry, output: output)
    }

    func markDirty(_ run: Resident) {
        guard !run.isDirty else { return }
        run.isDirty = true
        dirty.append(run.id)
    }

    func changeRow(_ run: Resident, _ change: (inout RunRow) -> Void) {
        change(&run.row)
        run.writes.rowChanged = true
        markDirty(run)
    }

    /// Calls `body` once everything that the run's journal has so far is committed: with true, or with false when it can
    /// no longer be.
    func whenDurable(_ run: Resident, _ body: @escaping (Bool) -> Void) {
        let seq = run.nextSeq - 1
        if run.durableSeq >= seq {
            body(true)
        } else {
            run.whenDurable.append((seq, body))
        }
    }

    func setTimer(_ due: Timestamp, _ run: RunID, _ kind: LaneTimer.Kind) {
        timerNumber += 1
        timers.insert(LaneTimer(due: due, number: timerNumber, run: run, kind: kind))
        if due > now + Self.farTimer { runs[run]?.hasFarTimer = true }
    }

    /// Drops the timers of runs that ended, once they are a good part of all: a deadline a day away would otherwise stay
    /// for a day.
    func dropTimers(ofEnded run: RunID) {
        endedWithTimers.insert(run)
        guard endedWithTimers.count > Self.endedWithTimersMax, endedWithTimers.count > timers.count / 4 else { return }
        timers = Heap(timers.unordered.filter { !endedWithTimers.contains($0.run) })
        endedWithTimers = []
    }

    private static let farTimer: Duration = .seconds(60)
    private static let endedWithTimersMax = 1_000

    func log(_ run: Resident, _ message: String) { outputs.append(.log(run.id, message)) }

    private func halt() {
        isHalted = true
        for run in runs.values.sorted(by: { $0.id < $1.id }) {
            run.execution?.evict()
            if case .guarded(let reply) = run.mode { reply(.failure(.unavailable)) }
            for (_, call) in run.whenDurable { call(false) }
            cancelSteps(run)
            refuse(run.deferred)
        }
        for waiting in loading.values { for call in waiting { call(.failure(.unavailable)) } }
        for release in releasing { release.reply(.failure(.unavailable)) }
        runs = [:]
        loading = [:]
        releasing = []
        timers = Heap()
    }

    /// Stops the attempts under way; what they return is not wanted any more.
    func cancelSteps(_ run: Resident) {
        for (ordinal, attempt) in run.steps.sorted(by: { $0.key < $1.key }) {
            outputs.append(.cancelStep(StepReference(run: run.id, ordinal: ordinal, attempt: attempt)))
        }
        run.steps = [:]
        run.stepStarts = [:]
    }

    func refuse(_ events: [LaneEvent]) {
        for event in events {
            switch event {
            case .signal(_, _, let reply): reply(.failure(.unavailable))
            case .command(_, _, let reply): reply(.failure(.unavailable))
            case .attributed(_, let event): refuse([event])
            case .message(let message): messagesUnderWay.remove(message.id)
            default: break
            }
        }
    }
}
