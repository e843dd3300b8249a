import Synchronization
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// One incarnation of a server: a lane, what was handed to it and what it ordered.
final class SimulatedNode {
    /// Something that the lane ordered and that is under way.
    enum Effect {
        case commit(Int, Batch)
        case load([RunID])
        case step(StepJob)
        case transaction(TransactionJob)
        case readMessages
    }

    let incarnation: Int64
    let lane: Lane
    /// What has happened and waits for the lane's next turn.
    var inbox: [LaneEvent] = []
    var effects: [Effect] = []
    /// Quarters that it was asked to give up and has not yet.
    var releasing: Set<Int> = []
    /// It stands still, and does not know it.
    var isFrozen = false
    private let mailbox: Mailbox

    init(incarnation: Int64, settings: LaneSettings, registry: WorkflowRegistry, now: Timestamp, seed: UInt64) {
        self.incarnation = incarnation
        let mailbox = Mailbox()
        self.mailbox = mailbox
        lane = Lane(registry: registry, settings: settings, now: now, seed: seed) { mailbox.put($0) }
    }

    /// Lets the lane handle the first `count` events; its orders become effects.
    func turn(count: Int, at time: Timestamp) -> [LaneOutput] {
        let events = Array(inbox.prefix(count))
        inbox.removeFirst(min(count, inbox.count))
        let outputs = lane.handle(events, at: time)
        for output in outputs {
            switch output {
            case .commit(let number, let batch): effects.append(.commit(number, batch))
            case .load(let runs): effects.append(.load(runs))
            case .startStep(let job): effects.append(.step(job))
            case .startTransaction(let job): effects.append(.transaction(job))
            case .messagesWaiting: effects.append(.readMessages)
            case .cancelStep(let reference):
                effects.removeAll { if case .step(let job) = $0 { job.reference == reference } else { false } }
            case .ended, .log: break
            }
        }
        inbox += mailbox.take()
        return outputs
    }

    /// Frees the memory of the lane's workflows, as the end of its process does; nobody hears its last words.
    func bury() {
        _ = lane.handle([.halt], at: Timestamp(microsecondsSince1970: 0))
        inbox = []
        effects = []
    }
}

/// Takes what a lane's own tasks post.
private final class Mailbox: Sendable {
    private let events = Mutex<[LaneEvent]>([])
    func put(_ event: LaneEvent) { events.withLock { $0.append(event) } }
    func take() -> [LaneEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}
