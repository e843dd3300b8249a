package import WorkflowCore
package import WorkflowKit

/// What nodes that share a database know of each other, and how slots change hands.
package protocol Cluster: Sendable {
    /// Registers a new incarnation of this process and holds its session lock, which tells others of its death at once.
    func join(node: String, build: String) async throws(StoreError) -> Int64

    /// Renews the lease. Throws `.fenced` once somebody took over.
    func renew(_ incarnation: Int64) async throws(StoreError) -> ClusterView

    /// Fences a dead incarnation and takes its slots.
    func takeOver(_ dead: Int64, by incarnation: Int64) async throws(StoreError) -> [SlotRange]

    /// Gives slots of `giver`, or of nobody, to `heir`; false when they are not the giver's any more.
    func handOver(_ range: SlotRange, from giver: Int64?, to heir: Int64) async throws(StoreError) -> Bool

    /// Ends the incarnation; its slots are nobody's then.
    func leave(_ incarnation: Int64) async throws(StoreError)

    /// Tells the other nodes that something waits for them. A hint only: what waits is in the store.
    func hint() async

    /// Deaths of others as they are noticed, and hints from them. Ends when the task that reads it is cancelled.
    func notices(for incarnation: Int64) -> AsyncStream<ClusterNotice>
}

package enum ClusterNotice: Sendable, Equatable {
    /// Its session lock is free: the process is gone.
    case died(Int64)
    case hint
}

package struct ClusterView: Sendable {
    package struct Member: Sendable {
        package let incarnation: Int64
        package let node: String
        package let isDraining: Bool
        /// Its lease ran out.
        package let isExpired: Bool

        package init(incarnation: Int64, node: String, isDraining: Bool, isExpired: Bool) {
            self.incarnation = incarnation
            self.node = node
            self.isDraining = isDraining
            self.isExpired = isExpired
        }
    }

    /// By the database's clock.
    package let now: Timestamp
    package let members: [Member]
    package let holdings: [SlotPlan.Holding]
    /// Whether messages wait for this node.
    package let hasMessages: Bool

    package init(now: Timestamp, members: [Member], holdings: [SlotPlan.Holding], hasMessages: Bool) {
        self.now = now
        self.members = members
        self.holdings = holdings
        self.hasMessages = hasMessages
    }

    /// The slots that `incarnation` owns.
    package func ranges(of incarnation: Int64) -> [SlotRange] {
        holdings.filter { $0.owner == incarnation }.map(\.range)
    }
}
