import Foundation
import WorkflowKit

/// Moves PCs from place to place, and remembers which so that it can be undone. Called with the server's rights; every
/// statement names the partner whose PCs it means.
enum TransferBook {
    struct Kept {
        var partner: String
        var fromCustomer: UUID?
        var toCustomer: UUID?
    }

    /// One PC that a partner sees, locked.
    struct Seen: Sendable {
        var id: Int64
        var serial: String
        var product: ProductNumber?
        var place: Place
    }

    /// The PCs of `partner` among `serials`, in whichever place it sees them.
    static func seen(
        _ serials: [String], by partner: String, in transaction: any Transaction
    ) async throws -> [Seen] {
        try await transaction.query(
            SQLStatement(
                """
                select device_id, serial, product_number, customer_id
                from holding.device
                where serial = any ($1) and partner_id = $2
                order by serial, device_id
                for update
                """, name: "LockSeenDevices", .textArray(serials), .text(partner))
        ).map { try seen($0, partner) }
    }

    /// The PCs of a transfer that `partner` still sees, with where they are now, and how many it moved.
    static func moved(
        by transfer: UUID, partner: String, in transaction: any Transaction
    ) async throws -> [(serial: String, now: Seen?)] {
        try await transaction.query(
            SQLStatement(
                """
                select device_id, serial, product_number, customer_id, partner_id = $2 as is_seen
                from holding.transfer_device
                join holding.device using (device_id)
                where transfer_id = $1
                order by serial, device_id
                for update of device
                """, name: "LockMovedDevices", .uuid(transfer), .text(partner))
        ).map { row in
            let isSeen = try !row.isNull("is_seen") && row.bool("is_seen")
            return (try row.text("serial"), isSeen ? try seen(row, partner) : nil)
        }
    }

    private static func seen(_ row: SQLRow, _ partner: String) throws -> Seen {
        Seen(
            id: Int64(try row.int("device_id")), serial: try row.text("serial"),
            product: try row.textOrNull("product_number").flatMap { ProductNumber($0) },
            place: try row.uuidOrNull("customer_id").map { .dashboard(CustomerID($0)) }
                ?? .holdingTenant(PartnerID(unchecked: partner)))
    }

    static func find(_ transfer: UUID, in transaction: any Transaction) async throws -> Kept? {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select partner_id, from_customer, to_customer
                from holding.transfer
                where transfer_id = $1
                for update
                """, name: "LockTransfer", .uuid(transfer)))
        return try rows.first.map { row in
            Kept(
                partner: try row.text("partner_id"), fromCustomer: try row.uuidOrNull("from_customer"),
                toCustomer: try row.uuidOrNull("to_customer"))
        }
    }

    /// What is to be moved, from where to where; nil stands for the partner's holding tenant.
    struct Move: Sendable {
        var transfer: UUID
        var partner: String
        var from: UUID?
        var to: UUID?
        var kind: String
        var undoes: UUID?
        var devices: [Int64]
    }

    /// Moves the PCs, with their history; the first covered PC of a dashboard switches its alerts on.
    static func carryOut(_ move: Move, at now: Timestamp, in transaction: any Transaction) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.transfer
                    (transfer_id, partner_id, from_customer, to_customer, kind, undoes, moved_at)
                values ($1, $2, $3, $4, $5, $6, $7)
                """, name: "InsertTransfer", .uuid(move.transfer), .text(move.partner), .uuid(orNull: move.from),
                .uuid(orNull: move.to), .text(move.kind), .uuid(orNull: move.undoes), .timestamp(now)))
        try await transaction.execute(
            SQLStatement(
                """
                with moved as (
                    update holding.device
                    set customer_id = $3, since = $4
                    where device_id = any ($1) and partner_id = $2
                    returning device_id
                ), kept as (
                    insert into holding.transfer_device (transfer_id, device_id)
                    select $5, device_id from moved
                )
                insert into holding.device_history (device_id, at, what, reference, partner_id, customer_id)
                select device_id, $4, $6, 'transfer:' || $5, $2, $3 from moved order by device_id
                """, name: "MoveDevices", .int8Array(move.devices), .text(move.partner), .uuid(orNull: move.to),
                .timestamp(now), .uuid(move.transfer), .text(move.to == nil ? "unassigned" : "assigned")))
        if let customer = move.to {
            try await SelfServiceBook.noteCovered([customer], at: now, in: transaction)
        } else {
            try await TenantOpening.noteTransfer([move.partner], at: now, in: transaction)
        }
    }

    static func setRun(_ run: RunID, of transfer: UUID, in transaction: any Transaction) async throws {
        try await transaction.execute(
            SQLStatement(
                "update holding.transfer set run_id = $2 where transfer_id = $1", name: "SetTransferRun",
                .uuid(transfer), .uuid(run.uuid)))
    }

    /// The serial numbers of the next PCs of a transfer behind `after`, in order.
    static func serials(
        of transfer: UUID, after: Int64, limit: Int, in transaction: any Transaction
    ) async throws -> [(id: Int64, serial: String)] {
        try await transaction.query(
            SQLStatement(
                """
                select device_id, serial
                from holding.transfer_device
                join holding.device using (device_id)
                where transfer_id = $1 and device_id > $2
                order by device_id
                limit $3
                """, name: "SerialsOfTransfer", .uuid(transfer), .int8(after), .int4(Int32(limit)))
        ).map { (Int64(try $0.int("device_id")), try $0.text("serial")) }
    }
}
