import Foundation
import WorkflowKit

/// PCs that join a dashboard by the customer's PIN. Called with the server's rights: possession counts, not who sold
/// the PC.
enum EnrolmentBook {
    static func enrol(
        _ key: DeviceKey, into customer: KeptCustomer, at now: Timestamp, in transaction: any Transaction
    ) async throws -> DeviceEnroll.Result {
        var devices = try await DeviceBook.locked([key.serial.text], in: transaction)
        if DeviceMatch(asking: key.product, among: devices.map(\.product)) == .none {
            try await DeviceBook.add([key], at: now, in: transaction)
            devices = try await DeviceBook.locked([key.serial.text], in: transaction)
        }
        guard case .one(let index) = DeviceMatch(asking: key.product, among: devices.map(\.product)) else {
            throw RPCError.conflict(
                "device", "Several products share the serial number; name the product number.",
                detail: ["outcome": "ambiguous-product"])
        }
        let id = CustomerID(customer.id).text
        switch EnrolmentRules.enrolByPIN(from: devices[index].record.place, into: customer.facts) {
        case .refuse:
            throw RPCError.precondition("customer", "The customer has not accepted the invitation, or was disabled.")
        case .alreadyThere:
            return DeviceEnroll.Result(customerId: id, firstCovered: false)
        case .join:
            let former = try await viewer(of: devices[index].id, in: transaction)
            try await join(devices[index], customer, former: former, key, at: now, in: transaction)
            let first = try await SelfServiceBook.noteCovered([customer.id], at: now, in: transaction)
            return DeviceEnroll.Result(customerId: id, firstCovered: !first.isEmpty)
        }
    }

    /// The partner that saw the PC until now.
    private static func viewer(of device: Int64, in transaction: any Transaction) async throws -> String? {
        try await transaction.query(
            SQLStatement(
                "select partner_id from holding.device where device_id = $1", name: "ViewerOfDevice", .int8(device))
        )[0].textOrNull("partner_id")
    }

    private static func join(
        _ device: KeptDevice, _ customer: KeptCustomer, former: String?, _ key: DeviceKey, at now: Timestamp,
        in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                update holding.device
                set partner_id = $2, customer_id = $3, since = $4, product_number = coalesce(product_number, $5)
                where device_id = $1
                """, name: "EnrolDevice", .int8(device.id), .text(customer.partner), .uuid(customer.id),
                .timestamp(now), .text(orNull: key.product?.description)))
        let id = CustomerID(customer.id).text
        var changes = [
            DeviceChange(
                device: device.id, what: "enrolled", reference: "customer:\(id)", partner: customer.partner,
                customer: customer.id)
        ]
        if let former, former != customer.partner {
            // Who has the PC now is not told.
            changes.append(
                DeviceChange(device: device.id, what: "enrolled-elsewhere", reference: "enrolment", partner: former))
        }
        try await DeviceBook.note(changes, at: now, in: transaction)
        try await transaction.emit(
            Event(
                "device.enrolled", to: [.partner(customer.partner), .customer(id), .device(key.serial.text)], at: now,
                data: ["customerId": .string(id), "serial": .string(key.serial.text)]))
    }
}
