import WorkflowKit

/// A partner as callers read it.
struct PartnerAnswer: Codable, Sendable, JSONDescribed {
    struct CompletedTrack: Codable, Sendable {
        var track: String
        var completedAt: Timestamp
    }

    var partnerId: String
    var name: String
    var tracks: [CompletedTrack]
    /// The name of the track by which cases are routed; null until the partner is certified.
    var routing: String?
    var csdpAccount: String?

    static let schema = JSONSchema.object([
        .required("partnerId", .identifier), .required("name", .text),
        .required(
            "tracks", .array(of: .object([.required("track", .identifier), .required("completedAt", .timestamp)]))),
        .optional("routing", .nullable(.identifier), "by which track repair cases are routed"),
        .optional("csdpAccount", .identifier),
    ])

    init(_ profile: PartnerProfile, types: PartnerTypes) {
        partnerId = profile.partner.text
        name = profile.displayName
        tracks = profile.certifications.map { CompletedTrack(track: $0.track.name, completedAt: $0.completedAt) }
        routing = types.routing(of: profile)?.track.name
        csdpAccount = profile.csdpAccount?.text
    }

    /// The partner that a request is about: a partner's own, or the one that an admin names.
    static func subject(_ named: String?, of caller: Principal) throws(RPCError) -> String {
        if caller.kind == .partner {
            guard let own = caller.partnerID, named == nil || named == own else { throw .notFound("partner") }
            return own
        }
        guard let named else { throw .invalidParam("partnerId", "is required") }
        return named
    }
}
