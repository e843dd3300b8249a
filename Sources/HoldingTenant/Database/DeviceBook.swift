package import Foundation
package import WorkflowKit

/// One PC as the database has it, locked until the transaction ends.
package struct KeptDevice: Sendable {
    package let id: Int64
    package let serial: String
    package var product: ProductNumber?
    package var record: DeviceRecord
    /// Of the accepted sale.
    package var soldOn: CalendarDate?
    package var endCustomer: String?
    /// What was done with it in this transaction; see ``DeviceBook/store(_:changes:at:in:)``.
    package var isChanged = false
    /// Nobody has heard of it before this transaction, which writes it down as it ends up.
    package var isNew = false
}

/// Something that happened to a PC, for its history.
package struct DeviceChange: Sendable {
    package var device: Int64
    package var what: String
    package var reference: String
    package var partner: String?
    package var customer: UUID?

    package init(device: Int64, what: String, reference: String, partner: String?, customer: UUID? = nil) {
        self.device = device
        self.what = what
        self.reference = reference
        self.partner = partner
        self.customer = customer
    }
}

/// PCs by the many: read and locked together, judged one by one, written together.
package enum DeviceBook {
    /// Makes PCs known that are not; whoever comes second finds them.
    package static func add(
        _ keys: [DeviceKey], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.device (serial, product_number, since)
                select serial, product, $3
                from unnest($1::text[], $2::text[]) as wanted (serial, product)
                order by serial, product
                on conflict (serial, product_number) do nothing
                """, name: "AddDevices", .textArray(keys.map(\.serial.text)),
                .textArray(keys.map { $0.product?.description }), .timestamp(now)))
    }

    /// PCs that nobody has heard of, with the numbers that they will have; ``store(_:changes:at:in:)`` writes them down.
    ///
    /// Writing each of them once, as it ends up, costs half of writing it empty and changing it.
    package static func new(
        _ keys: [DeviceKey], in transaction: any Transaction
    ) async throws(SQLError) -> [KeptDevice] {
        guard !keys.isEmpty else { return [] }
        let rows = try await transaction.query(
            SQLStatement(
                """
                select nextval('holding.device_device_id_seq') as device_id
                from generate_series(1, $1)
                """, name: "NewDeviceNumbers", .int4(Int32(keys.count))))
        var devices: [KeptDevice] = []
        for (key, row) in zip(keys, rows) {
            devices.append(
                KeptDevice(
                    id: Int64(try row.int("device_id")), serial: key.serial.text, product: key.product,
                    record: DeviceRecord(), soldOn: nil, endCustomer: nil, isChanged: true, isNew: true))
        }
        return devices
    }

    private static func insert(
        _ devices: [KeptDevice], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        guard !devices.isEmpty else { return }
        let statement = SQLStatement(
            """
            insert into holding.device (
                device_id, serial, product_number, sold_by, filer, sold_on, end_customer, reported_at, partner_id,
                since)
            overriding system value
            select device_id, serial, product, sold_by, filer, sold_on, end_customer,
                case when sold_by is not null then $9::timestamptz end, held_by, $9
            from unnest(
                $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[], $8::text[])
                as fresh (device_id, serial, product, sold_by, filer, sold_on, end_customer, held_by)
            order by serial, product
            """, name: "InsertDevices", .int8Array(devices.map(\.id)), .textArray(devices.map(\.serial)),
            .textArray(devices.map { $0.product?.description }),
            .textArray(devices.map { $0.record.sale?.partner.text }),
            .textArray(devices.map { $0.record.sale?.filer?.text }),
            .dateArray(devices.map { $0.record.sale == nil ? nil : $0.soldOn?.utcDay }),
            .textArray(devices.map { $0.record.sale == nil ? nil : $0.endCustomer }),
            .textArray(devices.map { $0.record.place?.partner?.text }), .timestamp(now))
        do {
            try await transaction.execute(statement)
        } catch let refusal where refusal.sqlState == "23505" {
            // What it costs to ask beforehand is saved: the transaction is repeated, and finds the PC.
            throw SQLError(kind: .conflict, message: "another transaction was the first to hear of a PC")
        }
    }

    /// The products under which each of `serials` is known.
    package static func products(
        of serials: [String], in transaction: any Transaction
    ) async throws(SQLError) -> [String: [ProductNumber?]] {
        let rows = try await transaction.query(
            SQLStatement(
                "select serial, product_number from holding.device where serial = any ($1)", name: "ProductsOfSerials",
                .textArray(serials)))
        var products: [String: [ProductNumber?]] = [:]
        for row in rows {
            products[try row.text("serial"), default: []].append(
                try row.textOrNull("product_number").flatMap { ProductNumber($0) })
        }
        return products
    }

    /// Every PC with one of these serial numbers, locked in one order, so that two transactions never wait for each
    /// other.
    package static func locked(
        _ serials: [String], in transaction: any Transaction
    ) async throws(SQLError) -> [KeptDevice] {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select device_id, serial, product_number, sold_by, filer, sold_on, end_customer, partner_id, customer_id
                from holding.device
                where serial = any ($1)
                order by serial, device_id
                for update
                """, name: "LockDevices", .textArray(serials)))
        var devices: [KeptDevice] = []
        for row in rows { devices.append(try device(row)) }
        guard !devices.isEmpty else { return [] }
        let claims = try await transaction.query(
            SQLStatement(
                "select device_id, partner_id, kind from holding.device_claim where device_id = any ($1)",
                name: "ClaimsOfDevices", .int8Array(devices.map(\.id))))
        guard !claims.isEmpty else { return devices }
        var returned: [Int64: Set<PartnerID>] = [:]
        var quarantined: [Int64: Set<PartnerID>] = [:]
        for claim in claims {
            let device = Int64(try claim.int("device_id"))
            let partner = PartnerID(unchecked: try claim.text("partner_id"))
            if try claim.text("kind") == "returned" {
                returned[device, default: []].insert(partner)
            } else {
                quarantined[device, default: []].insert(partner)
            }
        }
        for index in devices.indices {
            let (id, record) = (devices[index].id, devices[index].record)
            devices[index].record = DeviceRecord(
                sale: record.sale, place: record.place, returnedBy: returned[id] ?? [],
                quarantined: quarantined[id] ?? [])
        }
        return devices
    }

    private static func device(_ row: SQLRow) throws(SQLError) -> KeptDevice {
        let partner = try row.textOrNull("partner_id").map(PartnerID.init(unchecked:))
        let customer = try row.uuidOrNull("customer_id").map(CustomerID.init(_:))
        let filer = try row.textOrNull("filer").map(ReporterID.init(unchecked:))
        let seller = try row.textOrNull("sold_by").map(PartnerID.init(unchecked:))
        var soldOn: CalendarDate?
        if case .date(let day) = try row.value("sold_on") { soldOn = CalendarDate(utcDay: day) }
        return KeptDevice(
            id: Int64(try row.int("device_id")), serial: try row.text("serial"),
            product: try row.textOrNull("product_number").flatMap { ProductNumber($0) },
            record: DeviceRecord(
                sale: seller.map { DeviceRecord.Sale(partner: $0, filer: filer) },
                place: customer.map(Place.dashboard) ?? partner.map(Place.holdingTenant), returnedBy: [],
                quarantined: []), soldOn: soldOn, endCustomer: try row.textOrNull("end_customer"))
    }

    /// Writes the changed ones of `devices` and the history of what was done. A PC in a dashboard stays there: nothing
    /// that is judged here moves it.
    package static func store(
        _ devices: [KeptDevice], changes: [DeviceChange], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        try await insert(devices.filter(\.isNew), at: now, in: transaction)
        let changed = devices.filter { $0.isChanged && !$0.isNew }
        if !changed.isEmpty {
            try await transaction.execute(
                SQLStatement(
                    """
                    update holding.device
                    set product_number = coalesce(device.product_number, changed.product),
                        sold_by = changed.sold_by,
                        filer = changed.filer,
                        sold_on = changed.sold_on,
                        end_customer = changed.end_customer,
                        reported_at = case
                            when changed.sold_by is not distinct from device.sold_by then device.reported_at
                            when changed.sold_by is not null then $8::timestamptz end,
                        partner_id = case
                            when device.customer_id is null then changed.held_by else device.partner_id end,
                        since = case
                            when device.customer_id is null and changed.held_by is distinct from device.partner_id
                            then $8::timestamptz else device.since end
                    from unnest(
                        $1::bigint[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[], $7::text[])
                        as changed (device_id, product, sold_by, filer, sold_on, end_customer, held_by)
                    where device.device_id = changed.device_id
                    """, name: "StoreDevices", .int8Array(changed.map(\.id)),
                    .textArray(changed.map { $0.product?.description }),
                    .textArray(changed.map { $0.record.sale?.partner.text }),
                    .textArray(changed.map { $0.record.sale?.filer?.text }),
                    .dateArray(changed.map { $0.record.sale == nil ? nil : $0.soldOn?.utcDay }),
                    .textArray(changed.map { $0.record.sale == nil ? nil : $0.endCustomer }),
                    .textArray(changed.map { $0.record.place?.partner?.text }), .timestamp(now)))
        }
        try await storeClaims(devices.filter(\.isChanged), at: now, in: transaction)
        try await note(changes, at: now, in: transaction)
    }

    private static func storeClaims(
        _ devices: [KeptDevice], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        let known = devices.filter { !$0.isNew }
        if !known.isEmpty {
            try await transaction.execute(
                SQLStatement(
                    "delete from holding.device_claim where device_id = any ($1)", name: "ClearClaims",
                    .int8Array(known.map(\.id))))
        }
        let claims = devices.flatMap { device in
            device.record.returnedBy.map { (device.id, $0.text, "returned") }
                + device.record.quarantined.map { (device.id, $0.text, "quarantined") }
        }
        guard !claims.isEmpty else { return }
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.device_claim (device_id, partner_id, kind, at)
                select device_id, partner_id, kind, $4
                from unnest($1::bigint[], $2::text[], $3::text[]) as claim (device_id, partner_id, kind)
                """, name: "InsertClaims", .int8Array(claims.map(\.0)), .textArray(claims.map(\.1)),
                .textArray(claims.map(\.2)), .timestamp(now)))
    }

    /// Adds to the history of PCs.
    package static func note(
        _ changes: [DeviceChange], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        guard !changes.isEmpty else { return }
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.device_history (device_id, at, what, reference, partner_id, customer_id)
                select device_id, $6, what, reference, partner_id, customer_id
                from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::uuid[])
                    as change (device_id, what, reference, partner_id, customer_id)
                """, name: "InsertHistory", .int8Array(changes.map(\.device)), .textArray(changes.map(\.what)),
                .textArray(changes.map(\.reference)), .textArray(changes.map(\.partner)),
                .uuidArray(changes.map(\.customer)), .timestamp(now)))
    }

    /// One care pack as a report tells it.
    package struct Cover: Hashable, Sendable {
        package let serial: String
        package let part: String
        /// nil if the catalogue does not know the care pack.
        package let tier: Tier?

        package init(serial: String, part: String, tier: Tier?) {
            self.serial = serial
            self.part = part
            self.tier = tier
        }
    }

    /// Writes down which care packs cover which serial numbers. A dashboard that gets its first covered PC that way is
    /// told so.
    package static func cover(
        _ covers: [Cover], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) {
        guard !covers.isEmpty else { return }
        let distinct = Array(
            Dictionary(covers.map { ("\($0.serial) \($0.part)", $0) }) { _, last in last }
                .sorted { $0.key < $1.key }.map(\.value))
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.cover (serial, part, tier, noted_at)
                select serial, part, tier, $4
                from unnest($1::text[], $2::text[], $3::text[]) as noted (serial, part, tier)
                on conflict (serial, part) do update set tier = coalesce(excluded.tier, cover.tier)
                """, name: "NoteCovers", .textArray(distinct.map(\.serial)), .textArray(distinct.map(\.part)),
                .textArray(distinct.map { $0.tier?.rawValue }), .timestamp(now)))
        let dashboards = try await transaction.query(
            SQLStatement(
                """
                select distinct customer_id
                from holding.device
                where serial = any ($1) and customer_id is not null
                """, name: "DashboardsOfSerials", .textArray(distinct.map(\.serial))))
        var customers: [UUID] = []
        for row in dashboards { customers.append(try row.uuid("customer_id")) }
        try await SelfServiceBook.noteCovered(customers, at: now, in: transaction)
    }
}

extension CustomerID {
    package init(_ uuid: UUID) {
        self.init(unchecked: uuid.uuidString.lowercased())
    }
}
