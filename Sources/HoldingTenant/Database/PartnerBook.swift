package import WorkflowKit

/// Partners as the database has them.
package enum PartnerBook {
    /// One partner with its certifications; nil if the transaction sees none of that name.
    ///
    /// - Parameter isLocked: the row stays as it is until the transaction ends.
    package static func profile(
        of partner: String, isLocked: Bool = false, in transaction: any Transaction
    ) async throws(SQLError) -> PartnerProfile? {
        if isLocked {
            _ = try await transaction.query(
                SQLStatement(
                    "select partner_id from holding.partner where partner_id = $1 for update", name: "LockPartner",
                    .text(partner)))
        }
        guard
            let row = try await transaction.query(
                SQLStatement(
                    """
                    select partner_id, name, csdp_account, chosen_routing
                    from holding.partner
                    where partner_id = $1
                    """, name: "PartnerByID", .text(partner))
            ).first
        else { return nil }
        return PartnerProfile(
            partner: PartnerID(unchecked: try row.text("partner_id")), displayName: try row.text("name"),
            certifications: try await certifications(of: partner, in: transaction),
            chosenRouting: try row.textOrNull("chosen_routing").map(Track.init(name:)),
            csdpAccount: try row.textOrNull("csdp_account").map(CSDPAccount.init(unchecked:)))
    }

    package static func certifications(
        of partner: String, in transaction: any Transaction
    ) async throws(SQLError) -> [Certification] {
        var certifications: [Certification] = []
        let rows = try await transaction.query(
            SQLStatement(
                """
                select track, completed_at, valid_until
                from holding.certification
                where partner_id = $1
                order by completed_at, track
                """, name: "CertificationsOfPartner", .text(partner)))
        for row in rows {
            certifications.append(
                Certification(
                    track: Track(name: try row.text("track")), completedAt: try row.timestamp("completed_at"),
                    validUntil: try row.timestampOrNull("valid_until")))
        }
        return certifications
    }

    /// Waits for whoever is certifying one of `partners`, and lets nobody begin it until the transaction ends.
    ///
    /// Without it a report could find a partner not certified, and write its PCs down as waiting after the
    /// certification has looked for those that wait.
    package static func holdCertifications(
        of partners: some Sequence<String>, in transaction: any Transaction
    ) async throws(SQLError) {
        _ = try await transaction.query(
            SQLStatement(
                """
                select pg_advisory_xact_lock_shared(key)::text
                from (
                    select distinct hashtextextended('holding.partner:' || partner, 0) as key
                    from unnest($1::text[]) as partner
                    order by key
                ) as keys
                """, name: "HoldCertifications", .textArray(Array(partners))))
    }

    /// Waits for every transaction that has judged by the certifications of `partner`.
    static func beginCertification(of partner: String, in transaction: any Transaction) async throws(SQLError) {
        _ = try await transaction.query(
            SQLStatement(
                "select pg_advisory_xact_lock(hashtextextended('holding.partner:' || $1, 0))::text",
                name: "BeginCertification", .text(partner)))
    }

    /// Those of `partners` that receive reported PCs now: they have a holding tenant and a certification that has not
    /// lapsed.
    package static func receiving(
        among partners: some Sequence<String>, at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) -> Set<String> {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select partner_id
                from holding.holding_tenant
                where partner_id = any ($1)
                  and exists (
                      select from holding.certification
                      where certification.partner_id = holding_tenant.partner_id
                        and completed_at <= $2
                        and (valid_until is null or valid_until > $2))
                """, name: "ReceivingPartners", .textArray(Array(partners)), .timestamp(now)))
        var receiving = Set<String>()
        for row in rows { receiving.insert(try row.text("partner_id")) }
        return receiving
    }
}
