package import WorkflowKit

/// The partitions that a day's journals and closed runs are kept in.
///
/// Every call waits only briefly for a table, and throws `.unavailable` when it did not get it in time: to stand in line
/// for long would stop everybody who comes behind.
package protocol MaintenanceStore: Sendable {
    /// By the database's clock.
    func now() async throws(StoreError) -> Timestamp

    /// Makes the partitions of `count` days from `first` on, as far as they are missing; how many were.
    func makePartitions(from first: Int32, count: Int32) async throws(StoreError) -> Int

    /// The days that there is a partition of journals for, oldest first.
    func journalDays() async throws(StoreError) -> [Int32]

    /// The days that there is a partition of closed runs for, oldest first.
    func closedDays() async throws(StoreError) -> [Int32]

    /// Forgets the runs that ended on `day`.
    func dropClosed(day: Int32) async throws(StoreError)

    /// Carries over what is still wanted of the oldest day's journals and drops the rest; how many rows were carried,
    /// or nil when nothing was done because they were more than `carryMax`.
    func retireJournal(day: Int32, carryMax: Int32) async throws(StoreError) -> Int?

    /// Forgets journals that were carried over and are not wanted any more; how many rows went.
    func forgetCarried() async throws(StoreError) -> Int

    /// Forgets events that were told before `time`, oldest first, some of them; how many.
    func forgetEvents(before time: Timestamp) async throws(StoreError) -> Int

    /// Forgets answers to idempotency keys that are kept no longer, some of them; how many.
    func forgetAnswers(before time: Timestamp) async throws(StoreError) -> Int

    /// Brings the statistics of the partitioned tables up to date, which nothing else does.
    func analyze() async throws(StoreError)

    /// Calls `body` unless another node is at it; false when one is.
    func exclusively(_ body: @escaping @Sendable () async -> Void) async throws(StoreError) -> Bool
}
