package import HoldingTenant
internal import WorkflowKit

/// Decides for which tracks a partner is certified by what its learners completed.
package enum TrackCompletion {
    /// The certifications that a partner's completions give, each from the moment at which its last course was done.
    ///
    /// - Parameter completions: those of one partner, voided ones left out, in any order.
    package static func certifications(
        from completions: some Sequence<Completion>, catalogue: CourseCatalogue
    ) -> [Certification] {
        let all = Array(completions)
        return catalogue.requirements.compactMap { requirement in
            let byLearner =
                requirement.isForOneLearner ? Array(Dictionary(grouping: all, by: \.learner).values) : [all]
            let moments = byLearner.compactMap { moment(of: requirement, in: $0) }
            guard let first = moments.min() else { return nil }
            let lasts = requirement.courses.compactMap { catalogue.validity[$0]?.lasts }.min()
            // A later learner renews what an earlier one earned.
            let last = moments.max() ?? first
            return Certification(track: requirement.track, completedAt: first, validUntil: lasts.map { last + $0 })
        }
    }

    /// When the last of the required courses was done; `nil` while one is missing. A course done twice counts from
    /// the first time.
    private static func moment(
        of requirement: CourseCatalogue.Requirement, in completions: [Completion]
    ) -> Timestamp? {
        var latest: Timestamp?
        for course in requirement.courses {
            guard let first = completions.filter({ $0.course == course }).map(\.at).min() else { return nil }
            latest = max(latest ?? first, first)
        }
        return latest
    }
}
