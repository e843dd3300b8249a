package import WorkflowKit

/// How long what happened is kept.
package struct Retention: Sendable, Equatable {
    /// How long the answer to a request with an idempotency key is kept.
    package static let keepAnswers: Duration = .seconds(7 * 86_400)

    /// A closed run is listed for this long after it ended, to the day, and events can be read for as long; for a day at least, because nodes that start make
    /// sure of the partitions from yesterday on.
    package var keepClosed: Duration
    /// For how many days after today there are partitions in advance.
    package var daysAhead: Int32
    /// How many rows of a day's journals are carried over at most when its partition is dropped. All commits wait
    /// meanwhile: for 100,000 rows of a million it took 4 seconds on two cores that had much else to do. A day with more
    /// is kept whole, and so are those after it.
    package var carryMax: Int32

    package init(keepClosed: Duration = .seconds(30 * 86_400), daysAhead: Int32 = 3, carryMax: Int32 = 200_000) {
        self.keepClosed = max(keepClosed, .seconds(86_400))
        self.daysAhead = daysAhead
        self.carryMax = carryMax
    }

    /// Whether everything of `day` is older than what is kept at `now`.
    package func isOver(day: Int32, at now: Timestamp) -> Bool { day < (now - keepClosed).utcDay }
}
