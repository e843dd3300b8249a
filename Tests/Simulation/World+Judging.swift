import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// What is known of one run after the end of a history.
struct RunFacts {
    let id: RunID
    let start: StartRecord
    let journal: [JournalEntry]
    let outcome: Outcome
    let ledger: [LedgerEntry]
    let calls: [OutsideWorld.Call]
    let events: [Batch.Event]

    var wasCancelled: Bool { journal.contains(where: \.fact.isCancellation) }

    func output<T: Decodable>(_ type: T.Type) -> T? {
        guard case .completed(let json) = outcome else { return nil }
        return try? JSONCoding.decode(type, from: json)
    }

    func input<W: Workflow>(_ type: W.Type) -> W.Input? { try? JSONCoding.decode(W.Input.self, from: start.input) }
}

extension World {
    /// Every run has ended: did it do what it was to do, once and in order?
    func judge() async throws {
        let ledger = Dictionary(grouping: try await store.ledger(), by: \.run)
        let calls = Dictionary(grouping: outside.calls, by: \.run)
        let events = Dictionary(grouping: try await store.allEvents(), by: \.run)
        var children: [RunID: RunID] = [:]
        var all: [RunFacts] = []
        for run in try await store.allRuns() {
            let journal = try await store.journal(run)
            guard let closed = try await store.closed(run) else {
                violation("\(run) is neither open nor closed")
                continue
            }
            guard let start = judgeShape(run, journal, closed) else { continue }
            all.append(
                RunFacts(
                    id: run, start: start, journal: journal, outcome: closed.outcome, ledger: ledger[run] ?? [],
                    calls: calls[run] ?? [], events: events[run] ?? []))
            let shared = start.fork.map { Int($0.seq) } ?? 0
            for case .childStarted(_, _, let child) in journal.dropFirst(shared).map(\.fact) { children[child] = run }
        }
        for facts in all {
            judgeAttempts(facts)
            judgeEffects(facts)
            if let parent = facts.start.parent, children[facts.id] != parent.run {
                violation("\(facts.id) says that it is a child of \(parent.run), which does not know it")
            }
            for problem in judgeScenario(facts) { violation("\(facts.start.workflow) \(facts.id): \(problem)") }
        }
        for (run, _) in clients.known where !all.contains(where: { $0.id == run }) {
            violation("\(run) was acknowledged, but there is no such run")
        }
    }

    /// The journal has no gap, one beginning and one end.
    private func judgeShape(_ run: RunID, _ journal: [JournalEntry], _ closed: Batch.Closed) -> StartRecord? {
        guard case .started(let start) = journal.first?.fact else {
            violation("the journal of \(run) does not begin with a start")
            return nil
        }
        for (index, entry) in journal.enumerated() {
            if entry.seq != Int32(index) { violation("the journal of \(run) has a gap before entry \(entry.seq)") }
            if index > 0, entry.at < journal[index - 1].at { violation("time runs backwards in the journal of \(run)") }
            if entry.at > clock { violation("entry \(entry.seq) of \(run) is from the future") }
        }
        let ends = journal.filter { if case .ended = $0.fact { true } else { false } }
        guard ends.count == 1, case .ended(let outcome) = journal.last?.fact else {
            violation("the journal of \(run) has \(ends.count) ends, or goes on after one")
            return nil
        }
        if outcome != closed.outcome { violation("the outcome of \(run) is not the one in its journal") }
        for case .paused(let record) in journal.map(\.fact) where [.mismatch, .foreignWait].contains(record.cause) {
            violation("\(run) was paused: \(record.detail)")
        }
        if let startAt = start.startAt, let begun = journal.first(where: { $0.fact.ordinal != nil }),
            begun.at < startAt
        {
            violation("\(run) began before its start time")
        }
        return start
    }

    /// Attempts are numbered without gaps, whatever happened to the process in between.
    private func judgeAttempts(_ facts: RunFacts) {
        var failures: [Int32: Int32] = [:]
        var due: [Int32: Timestamp] = [:]
        /// Attempts count anew once somebody has resumed a run whose step had none left.
        var exhausted: Set<Int32> = []
        for entry in facts.journal {
            switch entry.fact {
            case .attemptFailed(let record):
                let before = failures[record.ordinal, default: 0]
                if record.attempt != before + 1 {
                    violation("attempt \(record.attempt) of \(record.name) of \(facts.id) follows attempt \(before)")
                }
                if let due = due[record.ordinal], record.startedAt < due {
                    violation("attempt \(record.attempt) of \(record.name) of \(facts.id) started too early")
                }
                failures[record.ordinal] = record.attempt
                due[record.ordinal] = record.nextAt
                if record.nextAt == nil { exhausted.insert(record.ordinal) } else { exhausted.remove(record.ordinal) }
            case .stepEnded(let record):
                let before = failures[record.ordinal, default: 0]
                if record.attempt != before + 1 {
                    violation("attempt \(record.attempt) of \(record.name) of \(facts.id) ended it after \(before)")
                }
            case .resumed: failures = failures.filter { !exhausted.contains($0.key) }
            default: break
            }
        }
    }

    /// What external steps were called with never changes, for it was stored before the first call.
    private func judgeEffects(_ facts: RunFacts) {
        var values: [String: Int64] = [:]
        for call in facts.calls {
            if let value = values[call.token], value != call.value {
                violation("\(call.token) was called with \(value) and with \(call.value)")
            }
            values[call.token] = call.value
        }
        var answered: Set<Int32> = []
        for ordinal in facts.journal.compactMap(\.fact.ordinal) where !answered.insert(ordinal).inserted {
            violation("operation \(ordinal) of \(facts.id) was answered twice")
        }
    }
}

extension World {
    private func judgeScenario(_ facts: RunFacts) -> [String] {
        switch facts.start.workflow {
        case SequenceScenario.name: judgeSequence(facts)
        case LeafScenario.name: judgeLeaf(facts)
        case FanOutScenario.name: judgeFanOut(facts)
        case SignalsScenario.name: judgeNumbers(facts, counts: facts.input(SignalsScenario.self)?.counts ?? [])
        case LoopScenario.name: judgeNumbers(facts, counts: facts.input(LoopScenario.self)?.counts ?? [])
        case SagaScenario.name: judgeSaga(facts)
        case FlakyScenario.name: judgeFlaky(facts)
        case HangScenario.name: judgeHang(facts)
        case RaceScenario.name: judgeRace(facts)
        default: judgeKeyedParent(facts)
        }
    }

    /// A run that was cancelled may end as cancelled; every other one must have an output.
    private func mayLackOutput(_ facts: RunFacts) -> Bool {
        guard facts.wasCancelled else { return false }
        if case .cancelled = facts.outcome { return true }
        return false
    }

    private func judgeSequence(_ facts: RunFacts) -> [String] {
        guard let input = facts.input(SequenceScenario.self) else { return ["its input is unreadable"] }
        let shared = facts.start.fork.map { Int($0.seq) } ?? 0
        let inherited = Set(facts.journal.prefix(shared).compactMap(\.fact.stepName))
        let labels = input.plan.enumerated().filter { $0.element == "t" }.map { "tx \($0.offset)" }
            .filter { !inherited.contains($0) }
        guard let trail = facts.output([Int64].self) else {
            if mayLackOutput(facts) {
                return facts.ledger.map(\.label) == Array(labels.prefix(facts.ledger.count))
                    ? [] : ["its transactions are \(facts.ledger.map(\.label))"]
            }
            return ["it ended with \(facts.outcome)"]
        }
        var problems: [String] = []
        if facts.ledger.map(\.label) != labels { problems.append("its transactions are \(facts.ledger.map(\.label))") }
        var position = 0
        var effects = facts.ledger[...]
        var events: [Int64] = []
        for (index, letter) in input.plan.enumerated() {
            if letter == "t", effects.first?.label == "tx \(index)" {
                if effects.removeFirst().value != trail[position] { problems.append("tx \(index) saw a lost value") }
            }
            if letter == "v" { events.append(trail[position]) }
            if !"sv".contains(letter) { position += 1 }
        }
        for call in facts.calls where !trail.contains(call.value) { problems.append("\(call.token) saw a lost value") }
        let emitted = facts.events.compactMap { Int64(String(decoding: $0.data, as: UTF8.self)) }
        let isRight = facts.start.fork == nil ? emitted == events : events.suffix(emitted.count) == emitted[...]
        if !isRight { problems.append("its events are \(emitted), not \(events)") }
        return problems
    }

    private func judgeLeaf(_ facts: RunFacts) -> [String] {
        if facts.ledger.count > 1 { return ["its transaction took effect \(facts.ledger.count) times"] }
        guard let input = facts.input(LeafScenario.self), let output = facts.output(Int64.self) else {
            return mayLackOutput(facts) ? [] : ["it ended with \(facts.outcome)"]
        }
        if facts.ledger.count != 1 || output != Int64(input.index) * 10 + 7 { return ["it ended with \(output)"] }
        return []
    }

    private func judgeFanOut(_ facts: RunFacts) -> [String] {
        let labels = facts.ledger.map(\.label)
        if Set(labels).count != labels.count || !Set(labels).isSubset(of: ["b", "c"]) {
            return ["its transactions are \(labels)"]
        }
        guard let input = facts.input(FanOutScenario.self), let output = facts.output([Int64].self) else {
            return mayLackOutput(facts) ? [] : ["it ended with \(facts.outcome)"]
        }
        let expected = [1, 2, 3] + (0..<input.children).map { Int64($0) * 10 + 7 }
        if output != expected { return ["it returned \(output), not \(expected)"] }
        if facts.events.count != 1 { return ["it emitted \(facts.events.count) events"] }
        return []
    }

    private func judgeNumbers(_ facts: RunFacts, counts: [Int]) -> [String] {
        let booked = facts.ledger.map(\.value)
        let received: [Int64]
        if let output = facts.output([Int64].self) {
            received = output
            if booked != output { return ["it received \(output), but booked \(booked)"] }
        } else if mayLackOutput(facts) {
            received = booked
        } else {
            return ["it ended with \(facts.outcome)"]
        }
        for (index, count) in counts.enumerated() {
            let first = Int64(index) * 1_000
            let own = received.filter { $0 / 1_000 == Int64(index) }
            let expected = (0..<Int64(count)).map { first + $0 }
            let isRight = facts.wasCancelled ? own == Array(expected.prefix(own.count)) : own == expected
            if !isRight { return ["it received \(own) of a sender who sent \(expected)"] }
        }
        return []
    }

    private func judgeSaga(_ facts: RunFacts) -> [String] {
        guard let input = facts.input(SagaScenario.self) else { return ["its input is unreadable"] }
        let done = facts.ledger.prefix { $0.label == "do" }.map(\.value)
        let undone = facts.ledger.dropFirst(done.count)
        if done != (0..<Int64(done.count)).map({ $0 }) { return ["it did \(done)"] }
        if facts.output(Int64.self) != nil {
            return done.count == input.steps && undone.isEmpty && !input.fails ? [] : ["it completed wrongly"]
        }
        if undone.map(\.value) != done.reversed() || undone.contains(where: { $0.label != "undo" }) {
            return ["it did \(done), but undid \(undone.map(\.value))"]
        }
        if case .failed(let failure) = facts.outcome, failure.type == "saga.failed", input.fails { return [] }
        return mayLackOutput(facts) ? [] : ["it ended with \(facts.outcome)"]
    }

    private func judgeFlaky(_ facts: RunFacts) -> [String] {
        guard let input = facts.input(FlakyScenario.self) else { return ["its input is unreadable"] }
        let failures = facts.journal.filter { if case .attemptFailed = $0.fact { true } else { false } }.count
        let interruptions = crashes + nodesEver + facts.journal.filter(\.fact.isInterruption).count
        if facts.calls.count > failures + 2 + interruptions { return ["it was called \(facts.calls.count) times"] }
        for case .attemptFailed(let record) in facts.journal.map(\.fact) where record.attempt > input.attemptsMax {
            return ["attempt \(record.attempt) of \(input.attemptsMax) was made"]
        }
        guard let output = facts.output(Int64.self) else {
            return mayLackOutput(facts) ? [] : ["it ended with \(facts.outcome)"]
        }
        if output == 1 { return input.isTransaction && facts.ledger.count != 1 ? ["its effect is missing"] : [] }
        if !facts.ledger.isEmpty { return ["it failed, but took effect"] }
        let attempts = facts.journal.compactMap { entry in
            if case .stepEnded(let record) = entry.fact { Int(record.attempt) } else { nil }
        }
        return input.pauses || attempts != [input.attemptsMax] ? ["it failed although it must not"] : []
    }

    private func judgeHang(_ facts: RunFacts) -> [String] {
        let labels = facts.ledger.map(\.label)
        if labels != Array(["begin", "cleanup"].prefix(labels.count)) { return ["its transactions are \(labels)"] }
        switch facts.outcome {
        case .completed: return ["it completed"]
        case .cancelled: if !facts.wasCancelled { return ["it was cancelled by nobody"] }
        case .failed(let failure):
            guard failure.type == "deadline.exceeded", let deadline = facts.start.deadline else {
                return ["it failed with \(failure)"]
            }
            if facts.journal.last!.at < deadline { return ["it ended before its deadline"] }
        }
        // What began to wait must have cleaned up.
        return labels == ["begin"] ? ["it did not clean up"] : []
    }

    private func judgeRace(_ facts: RunFacts) -> [String] {
        if facts.ledger.count > 1 { return ["it won \(facts.ledger.count) times"] }
        guard let output = facts.output(String.self) else {
            return mayLackOutput(facts) ? [] : ["it ended with \(facts.outcome)"]
        }
        return output == "timer" && facts.ledger.count == 1 ? [] : ["it was won by \(output)"]
    }

    private func judgeKeyedParent(_ facts: RunFacts) -> [String] {
        guard let output = facts.output(Int64.self) else {
            return mayLackOutput(facts) ? [] : ["it ended with \(facts.outcome)"]
        }
        return output == 17 || output == -1 ? [] : ["it returned \(output)"]
    }
}

extension JournalEntry.Fact {
    var stepName: String? { if case .stepEnded(let record) = self { record.name } else { nil } }

    /// After it, steps under way may be carried out once more.
    var isInterruption: Bool {
        switch self {
        case .paused, .resumed, .suspected, .cancelRequested: true
        default: false
        }
    }
}
