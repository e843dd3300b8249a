import Foundation
package import Logging
import Synchronization
package import WorkflowCore
import WorkflowKit

package struct NodeSettings: Sendable {
    /// How others call this node.
    package var name: String
    package var build: String
    /// How many lanes there are. New runs go to the first that has little to do, so a small load is one lane's.
    package var lanes = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount))
    package var lane = LaneSettings()
    /// A node that has not renewed its lease for this long is taken over.
    package var lease: Duration = .seconds(10)
    package var renewEvery: Duration = .seconds(3)

    package init(name: String, build: String) {
        self.name = name
        self.build = build
    }
}

/// One process's share of the engine: its lanes, the slots they own, and its place among the other nodes.
///
/// Slots are spread over the lanes by their number, so everything about one run happens in one lane. A node that finds
/// itself fenced forgets everything and joins again as a new incarnation.
package final class Node: Sendable {
    package let settings: NodeSettings
    package let registry: WorkflowRegistry
    package let clock = NodeClock()
    let cluster: any Cluster
    let stores: [any Store]
    let reader: any RunReader
    let inline: any InlineStore
    let logger: Logger
    let state = Mutex(State())
    let waiters: Waiters
    /// Rings when there is a call.
    private let bells: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    struct State {
        var incarnation: Int64?
        var lanes: [LaneHost] = []
        var ranges: [SlotRange] = []
        var renewedAt = ContinuousClock.now
        var isDraining = false
        var random = SplitMix(seed: SystemRandomNumberGenerator.seed())
        var knownUntil: Timestamp?
        var nextSlotOffset: Int32 = 0
        var calls = Calls()
    }

    /// What the node's loop is to see to. Kept as a set, not a queue: under load everybody calls for the same few things
    /// all the time, and what is urgent must not stand in line behind that.
    struct Calls {
        var fenced: Set<Int64> = []
        var died: Set<Int64> = []
        var isStopping = false
        var hasHint = false
        var hasMessages = false

        enum Call { case stop, fenced(Int64), died(Int64), renew, messages }

        /// The most urgent call, which is answered with this.
        mutating func next() -> Call? {
            if let incarnation = fenced.popFirst() { return .fenced(incarnation) }
            if isStopping { return .stop }
            if let incarnation = died.popFirst() { return .died(incarnation) }
            if hasHint {
                hasHint = false
                return .renew
            }
            if hasMessages {
                hasMessages = false
                return .messages
            }
            return nil
        }
    }

    private func call(_ change: (inout Calls) -> Void) {
        state.withLock { change(&$0.calls) }
        bell.yield()
    }

    /// - Parameter stores: One for each lane.
    package init(
        settings: NodeSettings, registry: WorkflowRegistry, cluster: any Cluster, stores: [any Store],
        reader: any RunReader, inline: any InlineStore, logger: Logger
    ) {
        precondition(stores.count == settings.lanes, "a node needs one store for each lane")
        self.settings = settings
        self.registry = registry
        self.cluster = cluster
        self.stores = stores
        self.reader = reader
        waiters = Waiters(reader: reader)
        self.inline = inline
        self.logger = logger
        (bells, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The incarnation under which this node writes; nil while it has none.
    package var incarnation: Int64? { state.withLock { $0.incarnation } }
    package var ownedRanges: [SlotRange] { state.withLock { $0.ranges } }

    // MARK: Life

    /// Joins the cluster, takes slots and serves them until ``stop()``. Returns when the node has left.
    package func run(onReady: @Sendable () -> Void = {}) async {
        var isReady = false
        while !isStopping {
            guard let incarnation = await join() else { break }
            if !isReady {
                isReady = true
                onReady()
            }
            await serve(incarnation)
            haltLanes()
        }
        logger.notice("the node left the cluster")
    }

    /// Hands over what the node has and ends ``run(onReady:)``.
    package func stop() {
        state.withLock { $0.isDraining = true }
        call { $0.isStopping = true }
    }

    private var isStopping: Bool { state.withLock { $0.isDraining } || Task.isCancelled }

    private func join() async -> Int64? {
        var backoff = Backoff(ceilingMax: .seconds(2))
        while !isStopping {
            do {
                let incarnation = try await cluster.join(node: settings.name, build: settings.build)
                let view = try await cluster.renew(incarnation)
                clock.set(view.now)
                let lanes = stores.indices.map { number in
                    LaneHost(
                        number: number, registry: registry, settings: settings.lane, store: stores[number],
                        clock: clock, incarnation: incarnation, delegate: self, logger: logger)
                }
                state.withLock { state in
                    state.incarnation = incarnation
                    state.lanes = lanes
                    state.ranges = []
                    state.renewedAt = .now
                    state.knownUntil = nil
                }
                await settle(view, incarnation)
                await cluster.hint()
                logger.notice("the node joined the cluster", metadata: ["incarnation": "\(incarnation)"])
                return incarnation
            } catch {
                logger.error("could not join the cluster", metadata: ["error": "\(error)"])
                await backoff.wait()
            }
        }
        return nil
    }

    private func haltLanes() {
        let lanes = state.withLock { state in
            defer {
                state.lanes = []
                state.ranges = []
                state.incarnation = nil
            }
            return state.lanes
        }
        for lane in lanes { lane.halt() }
    }

    /// Keeps the lease, takes over from the dead and passes on what waits, until the node stops or is fenced.
    private func serve(_ incarnation: Int64) async {
        let notices = Task { [self] in
            for await notice in cluster.notices(for: incarnation) {
                call { calls in
                    switch notice {
                    case .hint: calls.hasHint = true
                    case .died(let dead): calls.died.insert(dead)
                    }
                }
            }
        }
        let ticks = Task { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: settings.renewEvery)
                // What the loop is busy with may take longer than the lease: steps of slots that it gives up, a million
                // runs that it takes up.
                await renewIfOverdue(incarnation)
                call { $0.hasHint = true }
            }
        }
        defer {
            notices.cancel()
            ticks.cancel()
        }
        for await _ in bells {
            while let call = state.withLock({ $0.calls.next() }) {
                switch call {
                case .fenced(let fenced) where fenced == incarnation:
                    logger.warning("the node was fenced", metadata: ["incarnation": "\(incarnation)"])
                    return
                case .fenced: break
                case .messages: await readMessages()
                case .renew: await renewAndSettle(incarnation)
                case .died(let dead):
                    await takeOver(dead, incarnation)
                    await renewAndSettle(incarnation)
                case .stop:
                    await drain(incarnation)
                    return
                }
            }
        }
    }

    /// Renews the lease if the loop has not done so in time.
    private func renewIfOverdue(_ incarnation: Int64) async {
        let isOverdue = state.withLock { ContinuousClock.now - $0.renewedAt > settings.renewEvery * 3 / 2 }
        guard isOverdue else { return }
        do {
            let view = try await cluster.renew(incarnation)
            clock.set(view.now)
            let lanes = state.withLock { state in
                state.renewedAt = .now
                return state.lanes
            }
            for lane in lanes { lane.leaseRenewed() }
        } catch {
            if error.kind == .fenced { fenced(incarnation) }
        }
    }

    private func renewAndSettle(_ incarnation: Int64) async {
        do {
            let view = try await cluster.renew(incarnation)
            clock.set(view.now)
            let lanes = state.withLock { state in
                state.renewedAt = .now
                return state.lanes
            }
            for lane in lanes { lane.leaseRenewed() }
            for member in view.members where member.isExpired && member.incarnation != incarnation {
                await takeOver(member.incarnation, incarnation)
            }
            await settle(view, incarnation)
            if view.hasMessages { await readMessages() }
            await loadDueRuns(view.now)
        } catch {
            if error.kind == .fenced { return fenced(incarnation) }
            logger.warning("could not renew the lease", metadata: ["error": "\(error)"])
        }
    }

    /// Takes what nobody owns, and gives up what others should have.
    private func settle(_ view: ClusterView, _ incarnation: Int64) async {
        let members = view.members.filter { !$0.isDraining && !$0.isExpired }.map(\.incarnation)
        let alive = Set(members)
        // What a dead incarnation owns is taken over, with a fence, not planned for.
        let holdings = view.holdings.filter { holding in holding.owner.map(alive.contains) ?? true }
        await own(view.ranges(of: incarnation), afterDeath: false)
        for move in SlotPlan.moves(holdings: holdings, members: members) {
            do {
                if move.from == nil, move.to == incarnation {
                    if try await cluster.handOver(move.range, from: nil, to: incarnation) {
                        // Whoever had it left in order, after everything of it had come to rest.
                        await own([move.range], afterDeath: false)
                    }
                } else if move.from == incarnation {
                    try await give(move.range, to: move.to, incarnation)
                }
            } catch {
                logger.warning("could not move slots", metadata: ["error": "\(error)"])
            }
        }
    }

    private func give(_ range: SlotRange, to heir: Int64, _ incarnation: Int64) async throws(StoreError) {
        disown(range)
        await release([range])
        if try await cluster.handOver(range, from: incarnation, to: heir) {
            await cluster.hint()
        }
    }

    private func takeOver(_ dead: Int64, _ incarnation: Int64) async {
        do {
            let ranges = try await cluster.takeOver(dead, by: incarnation)
            guard !ranges.isEmpty else { return }
            logger.notice(
                "took over the slots of a dead node",
                metadata: ["dead": "\(dead)", "slots": "\(ranges.reduce(0) { $0 + Int($1.count) })"])
            await own(ranges, afterDeath: true)
            await readMessages()
        } catch {
            if error.kind == .fenced { return fenced(incarnation) }
            logger.warning("could not take over from a dead node", metadata: ["error": "\(error)"])
        }
    }

    private func drain(_ incarnation: Int64) async {
        let ranges = state.withLock { state in
            defer { state.ranges = [] }
            return state.ranges
        }
        await release(ranges)
        do {
            try await cluster.leave(incarnation)
            await cluster.hint()
        } catch {
            logger.warning("could not leave the cluster in order", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Slots

    /// Starts to serve the runs of `ranges` that are not served yet.
    private func own(_ ranges: [SlotRange], afterDeath: Bool) async {
        let (fresh, lanes) = state.withLock { state in
            (ranges.filter { !state.covers($0) }, state.lanes)
        }
        guard !fresh.isEmpty else { return }
        // The lanes hear of it before anybody can send them something for these slots.
        for lane in lanes { lane.post(.acquired(fresh)) }
        state.withLock { $0.ranges += fresh }
        for range in fresh { await adoptRuns(in: range, afterDeath: afterDeath) }
    }

    /// Hands every open run of `range` to its lane. Until that is done the range is not served, so it is tried again
    /// for as long as this node may own it.
    private func adoptRuns(in range: SlotRange, afterDeath: Bool) async {
        let incarnation = incarnation
        var backoff = Backoff()
        var after: RunID?
        repeat {
            do {
                let rows = try await stores[0].openRuns(in: range, after: after, limit: 1_000)
                for (lane, rows) in Dictionary(grouping: rows, by: { laneNumber($0.slot) }) {
                    host(lane)?.post(.adopt(rows, afterDeath: afterDeath))
                }
                guard rows.count == 1_000 else { return }
                after = rows.last?.id
            } catch {
                logger.warning("could not read open runs", metadata: ["error": "\(error)"])
                await backoff.wait()
            }
        } while self.incarnation == incarnation && !Task.isCancelled
    }

    private func disown(_ range: SlotRange) {
        state.withLock { state in
            state.ranges = state.ranges.flatMap { held -> [SlotRange] in
                guard held.first <= range.last, range.first <= held.last else { return [held] }
                var rest: [SlotRange] = []
                if held.first < range.first { rest.append(SlotRange(first: held.first, last: range.first - 1)) }
                if held.last > range.last { rest.append(SlotRange(first: range.last + 1, last: held.last)) }
                return rest
            }
        }
    }

    /// Waits until nothing of `ranges` is under way any more.
    private func release(_ ranges: [SlotRange]) async {
        for lane in state.withLock({ $0.lanes }) {
            await withCheckedContinuation { continuation in
                lane.post(.release(ranges) { _ in continuation.resume() })
            }
        }
    }

    private func loadDueRuns(_ now: Timestamp) async {
        let (ranges, from) = state.withLock { ($0.ranges, $0.knownUntil) }
        let horizon = settings.lane.timerHorizon
        if let from, from > now + horizon / 2 { return }
        let until = now + horizon
        for range in ranges {
            guard let rows = try? await stores[0].dueRuns(in: range, from: from ?? .distantPast, until: until) else {
                return
            }
            for (lane, rows) in Dictionary(grouping: rows, by: { laneNumber($0.slot) }) {
                host(lane)?.post(.adopt(rows, afterDeath: false))
            }
        }
        state.withLock { $0.knownUntil = until }
    }

    private func readMessages() async {
        for range in ownedRanges {
            guard let messages = try? await stores[0].messages(in: range, after: 0, limit: 1_000) else { return }
            for message in messages {
                host(laneNumber(HashSlot(message.message.run.slotNumber)))?.post(.message(message))
            }
        }
    }

    // MARK: Lanes

    func laneNumber(_ slot: HashSlot) -> Int { Int(slot.number) % settings.lanes }

    func host(_ number: Int) -> LaneHost? {
        state.withLock { $0.lanes.indices.contains(number) ? $0.lanes[number] : nil }
    }

    /// The lane that owns the run; nil when another node does, or none.
    func ownHost(_ run: RunID) -> LaneHost? {
        let slot = HashSlot(run.slotNumber)
        return state.withLock { state in
            guard state.ranges.contains(where: { $0.contains(slot) }) else { return nil }
            let number = Int(slot.number) % settings.lanes
            return state.lanes.indices.contains(number) ? state.lanes[number] : nil
        }
    }
}

extension Node: LaneHostDelegate {
    var mayStartExternalWork: Bool {
        state.withLock { ContinuousClock.now - $0.renewedAt < settings.lease * 2 / 3 }
    }

    func messagesWaiting() {
        call { $0.hasMessages = true }
        Task { await cluster.hint() }
    }

    /// The lanes forget everything at once: the loop may be waiting for them to finish something.
    func fenced(_ incarnation: Int64) {
        let lanes = state.withLock { $0.incarnation == incarnation ? $0.lanes : [] }
        for lane in lanes { lane.halt() }
        call { $0.fenced.insert(incarnation) }
    }

    func ended(_ run: RunID, _ outcome: Outcome) {
        waiters.ended(run)
    }
}

extension Node.State {
    func covers(_ range: SlotRange) -> Bool {
        ranges.contains { $0.first <= range.first && $0.last >= range.last }
    }

    /// A slot of this node for a run that needs none in particular; they take turns.
    mutating func ownSlot() -> HashSlot? {
        guard !ranges.isEmpty else { return nil }
        let range = ranges[Int(nextSlotOffset) % ranges.count]
        nextSlotOffset &+= 1
        if nextSlotOffset < 0 { nextSlotOffset = 0 }
        let slot = range.first + (nextSlotOffset % range.count)
        guard let lane = laneForMore else { return HashSlot(slot) }
        let (count, number) = (Int32(lanes.count), Int32(lane))
        let above = slot + (number - slot % count + count) % count
        return HashSlot(above <= range.last ? above : above - count >= range.first ? above - count : slot)
    }

    /// The lane that a new run had best go to: the first one that has little to do, so that its commits are shared by
    /// many, or else the one that has least. Nil when it makes no difference. Which lane is the first changes after some
    /// thousand starts, so that runs that live long are spread over all.
    private var laneForMore: Int? {
        guard lanes.count > 1 else { return nil }
        let first = Int(nextSlotOffset) / Self.startsPerLane % lanes.count
        let loads = lanes.indices.map { number -> (lane: Int, load: Int) in
            let lane = (first + number) % lanes.count
            return (lane, lanes[lane].load)
        }
        return (loads.first { $0.load < Lane.littleLoad } ?? loads.min { $0.load < $1.load })?.lane
    }

    private static let startsPerLane = 4_096

    /// A slot of whoever has it, for a run that another node is to take up.
    mutating func anySlot() -> HashSlot { HashSlot(Int32(random.next() % UInt64(HashSlot.count))) }
}

extension SystemRandomNumberGenerator {
    static func seed() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
