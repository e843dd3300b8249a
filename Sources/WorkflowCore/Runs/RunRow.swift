package import WorkflowKit

/// What is kept of an open run outside its journal: enough to find it, to order it and to know when to wake it.
package struct RunRow: Sendable, Equatable {
    package enum State: Int16, Sendable, CaseIterable {
        /// Not begun: it waits for its turn or its start time.
        case queued = 0
        /// Somebody has it in memory, or should have.
        case active = 1
        /// Out of memory until ``RunRow/wakeAt`` or a message.
        case parked = 2
        case paused = 3
        case quarantined = 4
    }

    package var id: RunID
    package var workflow: String
    package var version: Int32
    package var state: State
    package var queue: String?
    package var priority: Int16
    package var key: String?
    /// When it is to be woken; nil when only a message wakes it.
    package var wakeAt: Timestamp?
    package var deadline: Timestamp?
    package var parent: RunID?
    /// Why it is paused or quarantined; what it waits for when parked.
    package var reason: String?

    package init(
        id: RunID, workflow: String, version: Int32, state: State, queue: String? = nil,
        priority: Int16 = StartRecord.priorityDefault, key: String? = nil, wakeAt: Timestamp? = nil,
        deadline: Timestamp? = nil, parent: RunID? = nil, reason: String? = nil
    ) {
        self.id = id
        self.workflow = workflow
        self.version = version
        self.state = state
        self.queue = queue
        self.priority = priority
        self.key = key
        self.wakeAt = wakeAt
        self.deadline = deadline
        self.parent = parent
        self.reason = reason
    }

    package var slot: HashSlot { HashSlot(id.slotNumber) }
}

extension RunID {
    /// A new id in `slot`.
    package init(at time: Timestamp, slot: HashSlot, using generator: inout SplitMix) {
        let low = generator.next() & ~0x3fff | UInt64(slot.number)
        self.init(at: time, random: (generator.next(), low))
    }
}
