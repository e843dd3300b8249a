import WorkflowCore
import WorkflowEngine
import WorkflowKit

extension World {
    /// No more faults: everything that is open must come to its end.
    func heal() async throws {
        note("the world heals")
        isHealing = true
        for node in nodes { node.isFrozen = false }
        while owners.contains(where: { node($0) == nil }) { try await takeOver() }
        while !lateFences.isEmpty { try await lateFence() }
        orphans = []
        for round in 0..<3_000 {
            try await settle()
            if !violations.isEmpty { return }
            if try await isDone() { return }
            try await serveEverybody()
            for node in nodes where !settings.flaws.contains(.hintsOnly) { node.effects.append(.readMessages) }
            if round % 2 == 1 { try await passTime() }
        }
        try await complain()
    }

    /// Lets everything happen that can happen without time passing.
    private func settle() async throws {
        for _ in 0..<200 {
            var isQuiet = true
            for node in nodes {
                while !node.effects.isEmpty, nodes.contains(where: { $0 === node }) {
                    isQuiet = false
                    try await carryOut(node.effects.remove(at: pick(node.effects.count)), on: node)
                }
                guard nodes.contains(where: { $0 === node }) else { continue }
                if !node.inbox.isEmpty || (node.lane.nextAlarm.map { $0 <= clock } ?? false) {
                    isQuiet = false
                    try await turn(node, count: node.inbox.count)
                }
            }
            if !violations.isEmpty { return }
            for operation in clients.operations where operation.state == .waiting {
                isQuiet = false
                try await send(operation)
            }
            while owners.contains(where: { node($0) == nil }) { try await takeOver() }
            if isQuiet { return }
        }
        violation("there is always something to do, although no time passes")
    }

    private func isDone() async throws -> Bool {
        guard try await store.allOpenRows().isEmpty, try await store.allMessages().isEmpty else { return false }
        return clients.operations.allSatisfy { $0.state == .done }
            && nodes.allSatisfy { $0.inbox.isEmpty && $0.effects.isEmpty }
    }

    /// Clients see to it that no run waits for them.
    private func serveEverybody() async throws {
        for row in try await store.allOpenRows() {
            if row.state == .paused || row.state == .quarantined { clients.add(.command(row.id, .resume)) }
            guard case .started(let record) = try await store.journal(row.id).first?.fact else { continue }
            serve(row.id, record)
            if record.workflow == HangScenario.name, record.deadline == nil {
                clients.add(.command(row.id, .cancel(reason: "the end")))
            }
        }
        for sender in clients.senders where sender.isReady {
            if try await store.closed(sender.run) == nil { sendNext(sender) }
        }
    }

    private func passTime() async throws {
        for node in nodes { try await lookForDueRuns(node) }
        let alarms = nodes.compactMap(\.lane.nextAlarm)
        let wakes = try await store.allOpenRows().compactMap(\.wakeAt).filter { $0 > clock }
        if let next = (alarms + wakes).min(), next > clock { clock = next } else { clock = clock + .seconds(1) }
    }

    private func complain() async throws {
        for row in try await store.allOpenRows() {
            let last = try await store.journal(row.id).last.map(\.fact.label) ?? "nothing"
            violation("\(row.workflow) \(row.id) never ended: \(row.state), \(row.reason ?? ""), last entry: \(last)")
        }
        for message in try await store.allMessages() { violation("the message \(message) was never taken") }
        for operation in clients.operations where operation.state != .done {
            violation("[\(operation.number)] \(operation.kind) was never answered: \(operation.state)")
        }
    }
}
