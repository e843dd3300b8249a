package import WorkflowKit

/// From a completed track to a holding tenant with the PCs that waited for it. Each call is one transaction of a
/// workflow, and done again it changes nothing.
package enum TenantOpening {
    /// Writes down that the partner completed the track; a later end of its validity replaces an earlier one.
    package static func certify(
        _ partner: PartnerID, _ certification: Certification, in transaction: any Transaction
    ) async throws(SQLError) {
        try await PartnerBook.beginCertification(of: partner.text, in: transaction)
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.certification (partner_id, track, completed_at, valid_until)
                values ($1, $2, $3, $4)
                on conflict (partner_id, track) do update
                set completed_at = least(certification.completed_at, excluded.completed_at),
                    valid_until = case
                        when certification.valid_until is null or excluded.valid_until is null then null
                        else greatest(certification.valid_until, excluded.valid_until) end
                """, name: "InsertCertification", .text(partner.text), .text(certification.track.name),
                .timestamp(certification.completedAt), .timestamp(orNull: certification.validUntil)))
    }

    /// Makes the partner's holding tenant and tells of it; false if it was there.
    package static func open(
        _ partner: PartnerID, at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) -> Bool {
        try await PartnerBook.beginCertification(of: partner.text, in: transaction)
        let made = try await transaction.execute(
            SQLStatement(
                """
                insert into holding.holding_tenant (partner_id, created_at)
                values ($1, $2)
                on conflict (partner_id) do nothing
                """, name: "InsertHoldingTenant", .text(partner.text), .timestamp(now)))
        guard made > 0 else { return false }
        try await transaction.emit(
            Event(
                "tenant.created", to: [.partner(partner.text)], at: now,
                data: ["partnerId": .string(partner.text), "createdAt": .string(now.rfc3339())]))
        return true
    }

    /// Most PCs that one transaction brings in.
    package static let batch = 1_000

    /// Brings in PCs that were reported for the partner and wait, at most ``batch`` of them; how many it were.
    ///
    /// - Parameter reference: what the history of the PCs names as the reason.
    package static func bringIn(
        _ partner: PartnerID, reference: String, at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) -> Int {
        let waiting = try await transaction.query(
            SQLStatement(
                """
                select device_id
                from holding.device
                where sold_by = $1 and partner_id is null
                order by device_id
                limit $2
                for update
                """, name: "WaitingDevices", .text(partner.text), .int4(Int32(batch))))
        let rows = try await move(waiting, to: partner, reference: reference, at: now, in: transaction)
        try await tell(partner, rows, reference: reference, at: now, in: transaction)
        return rows.count
    }

    /// Brings in those of `serials` that were reported for the partner and wait, if the partner receives PCs now.
    package static func bringIn(
        _ partner: PartnerID, serials: [String], reference: String, at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        try await PartnerBook.holdCertifications(of: [partner.text], in: transaction)
        guard try await !PartnerBook.receiving(among: [partner.text], at: now, in: transaction).isEmpty else { return }
        let waiting = try await transaction.query(
            SQLStatement(
                """
                select device_id
                from holding.device
                where serial = any ($2) and sold_by = $1 and partner_id is null
                order by serial, device_id
                for update
                """, name: "WaitingDevicesListed", .text(partner.text), .textArray(serials)))
        let rows = try await move(waiting, to: partner, reference: reference, at: now, in: transaction)
        for start in stride(from: 0, to: rows.count, by: batch) {
            try await tell(
                partner, Array(rows[start..<min(start + batch, rows.count)]), reference: reference, at: now,
                in: transaction)
        }
    }

    /// Moves PCs that are locked into the partner's holding tenant; each row that comes back names a serial number.
    private static func move(
        _ waiting: [SQLRow], to partner: PartnerID, reference: String, at now: Timestamp,
        in transaction: any Transaction
    ) async throws(SQLError) -> [SQLRow] {
        guard !waiting.isEmpty else { return [] }
        var devices: [Int64] = []
        for row in waiting { devices.append(Int64(try row.int("device_id"))) }
        return try await transaction.query(
            SQLStatement(
                """
                with moved as (
                    update holding.device
                    set partner_id = $1, since = $2
                    where device_id = any ($4)
                    returning device_id, serial
                ), noted as (
                    insert into holding.device_history (device_id, at, what, reference, partner_id)
                    select device_id, $2, 'transferred', $3, $1
                    from moved
                    order by device_id
                )
                select serial from moved order by device_id
                """, name: "BringIn", .text(partner.text), .timestamp(now), .text(reference), .int8Array(devices)))
    }

    /// Tells the partner of PCs that came into its holding tenant; `rows` name their serial numbers.
    private static func tell(
        _ partner: PartnerID, _ rows: [SQLRow], reference: String, at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        guard !rows.isEmpty else { return }
        var serials: [String] = []
        for row in rows { serials.append(try row.text("serial")) }
        try await tellTransfer(of: serials, to: partner, reference: reference, at: now, in: transaction)
    }

    /// Tells the partner that these PCs came into its holding tenant.
    package static func tellTransfer(
        of serials: [String], to partner: PartnerID, reference: String, at now: Timestamp,
        in transaction: any Transaction
    ) async throws(SQLError) {
        try await noteTransfer([partner.text], at: now, in: transaction)
        try await transaction.emit(
            Event(
                "device.transferred", to: [.partner(partner.text)], at: now,
                data: [
                    "partnerId": .string(partner.text), "to": "unassigned", "count": .int(serials.count),
                    "serials": .array(serials.map(JSON.string)), "reference": .string(reference),
                ]))
    }

    /// PCs came into these holding tenants: the page Unassigned Devices is there from now on.
    package static func noteTransfer(
        _ partners: some Sequence<String>, at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        try await transaction.execute(
            SQLStatement(
                """
                update holding.holding_tenant
                set first_transfer_at = $2
                where partner_id = any ($1) and first_transfer_at is null
                """, name: "NoteFirstTransfer", .textArray(Array(partners)), .timestamp(now)))
    }
}
