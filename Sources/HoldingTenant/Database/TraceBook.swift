import Foundation
package import WorkflowKit

/// Reads what the trace of serial numbers is derived from. It sees every PC: the rules decide what is told of it.
package enum TraceBook {
    private struct Device {
        var id: Int64
        var facts: TraceRules.DeviceFacts
    }

    static func trace(
        _ raw: [String], for asker: TraceRules.Asker, at now: Timestamp, in transaction: any Transaction
    ) async throws -> [DeviceTrace.Result.Item] {
        let readings = raw.map { SerialNumber.read($0) }
        let serials = Array(Set(readings.compactMap { try? $0.get().text })).sorted()
        let devices = try await devices(serials, for: asker, at: now, in: transaction)
        let steps = try await steps(devices.values.flatMap { $0.map(\.id) }, for: asker, in: transaction)
        return zip(raw, readings).map { raw, reading in
            let serial = (try? reading.get())?.text
            let own = serial.flatMap { devices[$0] } ?? []
            let answer = TraceRules.answer(serial: reading, devices: own.map(\.facts), for: asker)
            return DeviceTrace.Result.Item(
                serial: serial ?? raw, outcome: answer.outcome.rawValue, detail: answer.detail,
                steps: own.flatMap { steps[$0.id] ?? [] })
        }
    }

    /// The outcome of each of the listed texts, without the way there.
    ///
    /// - Parameter partner: whose request operators look at; they are told which PCs were reported for another one.
    package static func answers(
        _ raw: [String], for asker: TraceRules.Asker, about partner: PartnerID? = nil, at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> [TraceRules.Answer] {
        let readings = raw.map { SerialNumber.read($0) }
        let serials = Array(Set(readings.compactMap { try? $0.get().text })).sorted()
        let devices = try await devices(serials, for: asker, about: partner, at: now, in: transaction)
        return readings.map { reading in
            let own = (try? reading.get()).flatMap { devices[$0.text] } ?? []
            return TraceRules.answer(serial: reading, devices: own.map(\.facts), for: asker)
        }
    }

    private static func devices(
        _ serials: [String], for asker: TraceRules.Asker, about subject: PartnerID? = nil, at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> [String: [Device]] {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select device_id, serial, sold_by, partner_id, customer_id, tier,
                    (select array_agg(partner_id order by partner_id) from holding.device_claim
                     where device_claim.device_id = device_seen.device_id and kind = 'returned') as returned,
                    (select array_agg(partner_id order by partner_id) from holding.device_claim
                     where device_claim.device_id = device_seen.device_id and kind = 'quarantined') as quarantined
                from holding.device_seen
                where serial = any ($1)
                order by device_id
                """, name: "TraceDevices", .textArray(serials)))
        var partners = Set<String>()
        if case .partner(let partner) = asker { partners.insert(partner.text) }
        if let subject { partners.insert(subject.text) }
        for row in rows { try row.textOrNull("sold_by").map { _ = partners.insert($0) } }
        let receiving = try await PartnerBook.receiving(among: partners, at: now, in: transaction)
        var devices: [String: [Device]] = [:]
        for row in rows {
            let seller = try row.textOrNull("sold_by").map(PartnerID.init(unchecked:))
            let viewer = try row.textOrNull("partner_id").map(PartnerID.init(unchecked:))
            let customer = try row.uuidOrNull("customer_id").map(CustomerID.init(_:))
            let record = DeviceRecord(
                sale: seller.map { DeviceRecord.Sale(partner: $0, filer: nil) },
                place: customer.map(Place.dashboard) ?? viewer.map(Place.holdingTenant),
                returnedBy: try partnerSet(row, "returned"), quarantined: try partnerSet(row, "quarantined"))
            // An operator reads the PC as the partner does to whom it was sold.
            var reader = subject ?? seller ?? viewer ?? PartnerID(unchecked: "")
            if case .partner(let partner) = asker { reader = partner }
            devices[try row.text("serial"), default: []].append(
                Device(
                    id: Int64(try row.int("device_id")),
                    facts: record.traceFacts(
                        for: reader, isOwnCustomer: { _ in viewer == reader }, isCovered: try !row.isNull("tier"),
                        receivesTransfers: receiving.contains(reader.text))))
        }
        return devices
    }

    private static func partnerSet(_ row: SQLRow, _ column: String) throws -> Set<PartnerID> {
        guard case .textArray(let names) = try row.value(column) else { return [] }
        return Set(names.compactMap { $0.map(PartnerID.init(unchecked:)) })
    }

    /// A partner reads what is about itself; operators read all.
    private static func steps(
        _ devices: [Int64], for asker: TraceRules.Asker, in transaction: any Transaction
    ) async throws -> [Int64: [DeviceTrace.Result.Step]] {
        var partner: String?
        if case .partner(let id) = asker { partner = id.text }
        let rows = try await transaction.query(
            SQLStatement(
                """
                select device_id, at, what, reference
                from holding.device_history
                where device_id = any ($1) and ($2::text is null or partner_id = $2)
                order by device_id, entry_id
                """, name: "TraceSteps", .int8Array(devices), .text(orNull: partner)))
        var steps: [Int64: [DeviceTrace.Result.Step]] = [:]
        for row in rows {
            steps[Int64(try row.int("device_id")), default: []].append(
                .init(at: try row.timestamp("at"), what: try row.text("what"), reference: try row.text("reference")))
        }
        return steps
    }
}
