package import WorkflowKit

/// Starts runs of one workflow again and again.
package struct Schedule: Hashable, Sendable {
    /// What is done about moments that went by unnoticed, because no node was there.
    package enum Missed: String, Sendable, CaseIterable {
        case skip
        /// One run stands for all of them.
        case latest
        /// Each gets its run.
        case all
    }

    /// What is done when it falls due while a run that it started is still open.
    package enum Overlap: String, Sendable, CaseIterable {
        case allow
        case skip
        /// One start waits until that run has ended; more than one never do.
        case queue
    }

    package var name: String
    package var workflow: String
    /// JSON, as it was given.
    package var input: [UInt8]
    package var cadence: Cadence
    package var missed: Missed
    package var overlap: Overlap
    /// The oldest moment that no run was started for and that was not given up.
    package var nextAt: Timestamp
    /// The moment that the newest run was started for.
    package var lastFiredAt: Timestamp?
    /// The moment whose start waits until an open run has ended; only with ``Overlap/queue``.
    package var waitingSince: Timestamp?
    package var createdAt: Timestamp

    package init(
        name: String, workflow: String, input: [UInt8], cadence: Cadence, missed: Missed, overlap: Overlap,
        nextAt: Timestamp, lastFiredAt: Timestamp? = nil, waitingSince: Timestamp? = nil, createdAt: Timestamp
    ) {
        self.name = name
        self.workflow = workflow
        self.input = input
        self.cadence = cadence
        self.missed = missed
        self.overlap = overlap
        self.nextAt = nextAt
        self.lastFiredAt = lastFiredAt
        self.waitingSince = waitingSince
        self.createdAt = createdAt
    }

    /// The business key of its runs, unless they may overlap: so that the store keeps all but one of them from being
    /// open.
    package var runKey: String? { overlap == .allow ? nil : "schedule:\(name)" }

    /// How late a moment may be noticed without having been missed: longer than it takes another node to notice that the
    /// one which would have seen to it is dead.
    package static let grace: Duration = .seconds(10)
    /// How many moments are made up for in one commit; the rest follows in the next ones.
    package static let dueMax = 200

    /// Which runs to start at `now`.
    ///
    /// Everything that fell due from ``nextAt`` on counts. Unless each moment gets its run, only the newest one does;
    /// it is on time, or missed, as ``grace`` has it.
    package func due(at now: Timestamp) -> DueMoments {
        guard nextAt <= now else { return DueMoments(moments: [], nextAt: nextAt) }
        guard missed == .all else {
            let newest = max(nextAt, cadence.newest(upTo: now) ?? nextAt)
            let isGivenUp = missed == .skip && now - newest > Self.grace
            return DueMoments(moments: isGivenUp ? [] : [newest], nextAt: cadence.next(after: newest))
        }
        var moments: [Timestamp] = []
        var next: Timestamp? = nextAt
        while let moment = next, moment <= now, moments.count < Self.dueMax {
            moments.append(moment)
            next = cadence.next(after: moment)
        }
        return DueMoments(moments: moments, nextAt: next)
    }
}

/// What a schedule has come to at a moment.
package struct DueMoments: Hashable, Sendable {
    /// One run is to be started for each, oldest first.
    package let moments: [Timestamp]
    /// When it falls due next; at or before the present when there was too much for one commit.
    package let nextAt: Timestamp?

    package init(moments: [Timestamp], nextAt: Timestamp?) {
        self.moments = moments
        self.nextAt = nextAt
    }
}
