import WorkflowCore
package import WorkflowEngine
import WorkflowKit

/// Ways to break what surrounds the lanes; the lane's own are ``Sabotage``.
package enum WorldFlaw: String, CaseIterable, Sendable {
    /// The store accepts writes of fenced incarnations.
    case storeIgnoresFences
    /// Whoever takes over reads first, and fences later.
    case fencesAfterReading
    /// A commit whose acknowledgement was lost is taken for one that was not applied.
    case lostAcknowledgementMeansFailure
    /// Nobody looks for runs that are due later than a lane remembers.
    case farTimersForgotten
    /// Messages are read only when somebody hints at them: not on taking over, and not from time to time.
    case hintsOnly
}

/// How one history is made.
package struct HistorySettings: Sendable {
    package var seed: UInt64
    /// How many things happen while faults happen, too.
    package var actions = 220
    package var sabotage: Set<Sabotage> = []
    package var flaws: Set<WorldFlaw> = []
    /// Notes what happens, to be shown with a violation.
    package var isTraced = false

    package init(seed: UInt64) { self.seed = seed }
}

/// What came of one history.
package struct History: Sendable {
    package let seed: UInt64
    package let violations: [String]
    package let trace: [String]
    package var runs = 0
    package var entries = 0
    package var crashes = 0
    package var virtualTime: Duration = .zero
}

/// A whole cluster on one thread: nodes with their lanes, the store, clients and chance.
///
/// Everything that is under way is carried out in a random order, with random faults. After a while the world heals:
/// faults stop, clients send what is still awaited, and every run must end as it should.
package final class World<S: SimulatedStore> {
    let store: S
    let settings: HistorySettings
    let laneSettings: LaneSettings
    let registry = WorkflowRegistry([(plugin: "simulation", workflows: simulatedWorkflows)])
    let outside: OutsideWorld
    let startedAt = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)

    var random: SplitMix
    var clock: Timestamp
    /// Alive or frozen.
    var nodes: [SimulatedNode] = []
    /// The incarnation that owns each quarter of the slots.
    var owners: [Int64] = []
    var fenced: Set<Int64> = []
    /// To be fenced, though others have taken over already; only with ``WorldFlaw/fencesAfterReading``.
    var lateFences: [Int64] = []
    /// What dead incarnations had in flight: it may still reach the store.
    var orphans: [(incarnation: Int64, effect: SimulatedNode.Effect)] = []
    var clients = Clients()
    var crashes = 0
    var nodesEver = 0
    var isHealing = false
    var violations: [String] = []
    var trace: [String] = []

    package init(_ store: S, _ settings: HistorySettings) {
        self.store = store
        self.settings = settings
        var random = SplitMix(seed: settings.seed)
        outside = OutsideWorld(seed: random.next())
        self.random = random
        clock = startedAt
        var laneSettings = LaneSettings()
        laneSettings.sabotage = settings.sabotage
        laneSettings.timerHorizon = .seconds(120)
        laneSettings.suspectsMax = 2
        laneSettings.batchSegmentsMax = [2, 5, 2_000][Int(random.next() % 3)]
        laneSettings.secondBatchMin = [1, 3, 1_000][Int(random.next() % 3)]
        laneSettings.nearTimer = [Duration.zero, .seconds(30)][Int(random.next() % 2)]
        laneSettings.residentRunsMax = [3, 20_000][Int(random.next() % 2)]
        laneSettings.queueLimits = ["narrow": 1]
        self.laneSettings = laneSettings
    }

    /// Lives through one history.
    package func run() async throws -> History {
        try await OutsideWorld.$current.withValue(outside) {
            let first = try await newNode()
            owners = [Int64](repeating: first.incarnation, count: Self.quarters.count)
            if chance(2) {
                let second = try await newNode()
                owners[2] = second.incarnation
                owners[3] = second.incarnation
            }
            for node in nodes { node.inbox.append(.acquired(ranges(of: node.incarnation))) }
            planStarts()
            for _ in 0..<settings.actions {
                try await act()
                if !violations.isEmpty { break }
            }
            if violations.isEmpty { try await heal() }
            if violations.isEmpty { try await judge() }
            for node in nodes { node.bury() }
        }
        var history = History(seed: settings.seed, violations: violations + outside.violations, trace: trace)
        let runs = try await store.allRuns()
        history.runs = runs.count
        for run in runs { history.entries += try await store.journal(run).count }
        history.crashes = crashes
        history.virtualTime = clock - startedAt
        return history
    }

    static var quarters: [SlotRange] {
        (0..<4).map { SlotRange(first: $0 * HashSlot.count / 4, last: ($0 + 1) * HashSlot.count / 4 - 1) }
    }

    // MARK: Chance

    /// True once in `n` times.
    func chance(_ n: UInt64) -> Bool { random.next() % n == 0 }

    func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    func note(_ text: @autoclosure () -> String) {
        if settings.isTraced { trace.append("\((clock - startedAt).microseconds / 1_000) ms: \(text())") }
    }

    func violation(_ text: String) {
        note("VIOLATION: \(text)")
        violations.append(text)
    }

    // MARK: Nodes

    @discardableResult
    func newNode() async throws -> SimulatedNode {
        let node = SimulatedNode(
            incarnation: try await store.newIncarnation(), settings: laneSettings, registry: registry, now: clock,
            seed: random.next())
        nodes.append(node)
        nodesEver += 1
        note("node \(node.incarnation) starts")
        return node
    }

    func node(_ incarnation: Int64) -> SimulatedNode? { nodes.first { $0.incarnation == incarnation } }

    func owner(of run: RunID) -> SimulatedNode? {
        node(owners[Int(run.slotNumber / (HashSlot.count / 4))])
    }

    func ranges(of incarnation: Int64) -> [SlotRange] {
        zip(Self.quarters, owners).filter { $0.1 == incarnation }.map(\.0)
    }

    func remove(_ node: SimulatedNode) {
        nodes.removeAll { $0 === node }
        node.bury()
        _ = clients.replies.take()
    }

    // MARK: What happens next

    private func act() async throws {
        let active = nodes.filter { !$0.isFrozen }
        switch pick(100) {
        case 0..<32:
            guard let node = element(active) else { return }
            try await turn(node, count: node.inbox.isEmpty ? 0 : 1 + pick(node.inbox.count))
        case 32..<68:
            guard let node = element(active.filter { !$0.effects.isEmpty }) else { return }
            try await carryOut(node.effects.remove(at: pick(node.effects.count)), on: node)
        case 68..<78: try await clientActs()
        case 78..<82: clock = clock + .milliseconds(Int64(pick(2_000)))
        case 82..<86:
            guard let alarm = active.compactMap(\.lane.nextAlarm).min() else { return }
            clock = max(clock, alarm)
        case 86: if chance(4) { clock = clock + .seconds(Int64(pick(400))) }
        case 87..<89:
            if chance(2), !settings.flaws.contains(.hintsOnly) { element(active)?.effects.append(.readMessages) }
        case 89: if let node = element(active) { try await lookForDueRuns(node) }
        case 90..<92: if let node = element(nodes), chance(2) { crash(node) }
        case 92: if let node = element(active), chance(2) { freeze(node) }
        case 93: thaw()
        case 94..<97: try await takeOver()
        case 97: try await release()
        case 98: try await orphanLands()
        default: try await lateFence()
        }
    }

    func element<T>(_ list: [T]) -> T? { list.isEmpty ? nil : list[pick(list.count)] }

    func turn(_ node: SimulatedNode, count: Int) async throws {
        for case .log(let run, let text) in node.turn(count: count, at: clock) {
            note("node \(node.incarnation): \(run) \(text)")
        }
        if let miscount = node.lane.miscount { violation("node \(node.incarnation): \(miscount)") }
        try await takeReplies(of: node)
    }

    // MARK: Faults

    private func crash(_ node: SimulatedNode) {
        note("node \(node.incarnation) dies")
        crashes += 1
        for effect in node.effects {
            switch effect {
            case .commit, .transaction: orphans.append((node.incarnation, effect))
            case .load, .step, .readMessages: break
            }
        }
        clients.lostNode(node.incarnation)
        remove(node)
    }

    private func freeze(_ node: SimulatedNode) {
        note("node \(node.incarnation) freezes")
        node.isFrozen = true
    }

    private func thaw() {
        guard let node = element(nodes.filter(\.isFrozen)) else { return }
        note("node \(node.incarnation) goes on")
        node.isFrozen = false
    }

    /// A commit that a dead process had sent reaches the store.
    private func orphanLands() async throws {
        guard !orphans.isEmpty else { return }
        let (incarnation, effect) = orphans.remove(at: pick(orphans.count))
        note("what node \(incarnation) had sent before it died arrives")
        switch effect {
        case .commit(_, let batch):
            if (try? await store.commit(batch, by: incarnation)) != nil { accepted(from: incarnation) }
        case .transaction(let job):
            let committed = try? await store.transaction(by: incarnation) { transaction in
                let output = try await job.body(transaction, job.context)
                return (job.batch(output), true)
            }
            if committed != nil { accepted(from: incarnation) }
        case .load, .step, .readMessages: break
        }
    }

    func accepted(from incarnation: Int64) {
        if fenced.contains(incarnation) { violation("a write of the fenced node \(incarnation) was accepted") }
    }

    // MARK: Ownership

    /// Somebody takes over from a node that is dead or seems to be.
    func takeOver() async throws {
        let lost = owners.filter { owner in node(owner).map(\.isFrozen) ?? true }
        guard let old = element(lost) else { return }
        let living = nodes.filter { !$0.isFrozen && !fenced.contains($0.incarnation) }
        let heir: SimulatedNode
        if let chosen = element(living), !chance(3) { heir = chosen } else { heir = try await newNode() }
        note("node \(heir.incarnation) takes over from node \(old)")
        if settings.flaws.contains(.fencesAfterReading) {
            lateFences.append(old)
        } else {
            try await store.fence(old)
            fenced.insert(old)
        }
        let taken = ranges(of: old)
        for (index, owner) in owners.enumerated() where owner == old { owners[index] = heir.incarnation }
        try await handOver(taken, to: heir, afterDeath: true)
    }

    func handOver(_ ranges: [SlotRange], to heir: SimulatedNode, afterDeath: Bool) async throws {
        heir.inbox.append(.acquired(ranges))
        for range in ranges {
            let rows = try await store.openRuns(in: range, after: nil, limit: 1_000)
            heir.inbox.append(.adopt(rows, afterDeath: afterDeath))
        }
        if !settings.flaws.contains(.hintsOnly) { heir.effects.append(.readMessages) }
    }

    func lateFence() async throws {
        guard let old = element(lateFences) else { return }
        lateFences.removeAll { $0 == old }
        try await store.fence(old)
        fenced.insert(old)
    }

    /// A node gives a quarter to another one.
    private func release() async throws {
        let living = nodes.filter { !$0.isFrozen && !fenced.contains($0.incarnation) }
        guard let node = element(living),
            let quarter = element(owners.indices.filter { owners[$0] == node.incarnation }),
            node.releasing.insert(quarter).inserted
        else { return }
        if living.count < 2 { try await newNode() }
        note("node \(node.incarnation) is to release quarter \(quarter)")
        node.inbox.append(.release([Self.quarters[quarter]], clients.releases.reply(quarter)))
    }

    /// The node has let go of a quarter.
    func released(_ quarter: Int, by node: SimulatedNode) async throws {
        node.releasing.remove(quarter)
        guard owners[quarter] == node.incarnation, !fenced.contains(node.incarnation) else { return }
        let others = nodes.filter { !$0.isFrozen && $0 !== node && !fenced.contains($0.incarnation) }
        let heir: SimulatedNode
        if let chosen = element(others) { heir = chosen } else { heir = try await newNode() }
        note("node \(node.incarnation) released quarter \(quarter) to node \(heir.incarnation)")
        owners[quarter] = heir.incarnation
        try await handOver([Self.quarters[quarter]], to: heir, afterDeath: false)
    }
}
