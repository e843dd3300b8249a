import HoldingTenant
import WorkflowKit

/// Certifies a partner for a track, opens its holding tenant, and brings in the PCs that were reported before.
struct PartnerCertification: Workflow {
    struct Input: Codable, Sendable {
        var partnerId: String
        var track: String
        /// The course numbers of the track as the catalogue had them; a run is not changed by a later catalogue.
        var courses: [String]
        var isForOneLearner: Bool
        /// How long the completion of a course lasts, in milliseconds; without an entry for ever.
        var lastsMs: [String: Int]
    }

    struct Output: Codable, Sendable {
        /// False if the completions were taken back meanwhile.
        var isCertified: Bool
        /// Whether this run made the holding tenant.
        var isNewTenant: Bool
        /// How many PCs were brought in.
        var devices: Int
    }

    static let name = "university.certification"
    static let summary = "Certifies a partner, opens its holding tenant once, and brings in what was reported before."

    static func key(partner: PartnerID, track: Track) -> String { "\(partner.text):\(track.name)" }

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        let partner = PartnerID(unchecked: input.partnerId)
        let catalogue = CourseCatalogue(certifying: input)
        let isCertified = try await context.transaction("certify") { transaction, step -> Bool in
            // Whoever takes a completion back or adds one waits here.
            _ = try await PartnerBook.profile(of: partner.text, isLocked: true, in: transaction)
            let completions = try await CompletionBook.completions(of: partner, in: transaction)
            guard
                let certification = TrackCompletion.certifications(from: completions, catalogue: catalogue).first
            else { return false }
            try await TenantOpening.certify(partner, certification, in: transaction)
            try await CompletionBook.settle(input.courses, of: partner, in: transaction)
            return true
        }
        guard isCertified else { return Output(isCertified: false, isNewTenant: false, devices: 0) }
        let now = context.now
        let isNew = try await context.transaction("open-holding-tenant") { transaction, _ -> Bool in
            try await TenantOpening.open(partner, at: now, in: transaction)
        }
        var devices = 0
        var turn = 0
        while true {
            turn += 1
            let now = context.now
            let reference = "run:\(context.runID)"
            let moved = try await context.transaction("bring-in-\(turn)") { transaction, _ -> Int in
                try await TenantOpening.bringIn(partner, reference: reference, at: now, in: transaction)
            }
            devices += moved
            if moved < TenantOpening.batch { break }
        }
        return Output(isCertified: true, isNewTenant: isNew, devices: devices)
    }
}

extension CourseCatalogue {
    /// A catalogue of the one track that a run certifies for.
    init(certifying input: PartnerCertification.Input) {
        self.init(
            activityPrefix: Self.shipped.activityPrefix, homePage: Self.shipped.homePage,
            requirements: [
                Requirement(
                    track: Track(name: input.track), tiers: Tier.allCases, courses: input.courses,
                    isForOneLearner: input.isForOneLearner)
            ],
            validity: input.lastsMs.mapValues { Validity(from: nil, until: nil, lasts: .milliseconds($0)) })
    }

    /// What a run is told that certifies `partner` by `requirement`.
    func input(certifying partner: PartnerID, by requirement: Requirement) -> PartnerCertification.Input {
        var lasts: [String: Int] = [:]
        for course in requirement.courses {
            guard let duration = validity[course]?.lasts else { continue }
            lasts[course] = Int(duration.components.seconds) * 1_000
        }
        return PartnerCertification.Input(
            partnerId: partner.text, track: requirement.track.name, courses: requirement.courses,
            isForOneLearner: requirement.isForOneLearner, lastsMs: lasts)
    }
}
