package import WorkflowKit

/// What the rules need to know of a partner.
package struct PartnerProfile: Hashable, Sendable {
    package let partner: PartnerID
    /// The name that end users see.
    package let displayName: String
    package let certifications: [Certification]
    /// The partner's own choice of routing; `nil` until it chooses.
    package let chosenRouting: Track?
    package let csdpAccount: CSDPAccount?

    package init(
        partner: PartnerID, displayName: String, certifications: [Certification], chosenRouting: Track?,
        csdpAccount: CSDPAccount?
    ) {
        self.partner = partner
        self.displayName = displayName
        self.certifications = certifications
        self.chosenRouting = chosenRouting
        self.csdpAccount = csdpAccount
    }
}

/// That a partner completed all courses of a track.
package struct Certification: Hashable, Sendable {
    package let track: Track
    package let completedAt: Timestamp
    /// The first moment at which the certification has lapsed; `nil` if it does not lapse.
    package let validUntil: Timestamp?

    package init(track: Track, completedAt: Timestamp, validUntil: Timestamp? = nil) {
        self.track = track
        self.completedAt = completedAt
        self.validUntil = validUntil
    }

    package func isValid(at time: Timestamp) -> Bool {
        completedAt <= time && (validUntil.map { time < $0 } ?? true)
    }
}

/// What a partner's certifications allow.
///
/// A lapse stops new automatic transfers and nothing else: the holding tenant stays, alerts are delivered and
/// cases are routed as before, because the end users must not lose their repairs.
package enum CertificationRules {
    /// Whether the partner has a holding tenant: from the first certification on, for ever.
    package static func hasHoldingTenant(_ certifications: some Sequence<Certification>, at time: Timestamp) -> Bool {
        certifications.contains { $0.completedAt <= time }
    }

    /// Whether reported PCs go into the holding tenant by themselves.
    package static func receivesTransfers(_ certifications: some Sequence<Certification>, at time: Timestamp) -> Bool {
        certifications.contains { $0.isValid(at: time) }
    }
}
