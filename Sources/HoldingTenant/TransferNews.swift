import Foundation
import WorkflowKit

/// Tells of a transfer, however many PCs it moved, in events of a thousand each.
struct TransferNews: Workflow {
    struct Input: Codable, Sendable {
        var transferId: UUID
        /// `device.transferred` or `device.enrolled`.
        var event: String
    }

    struct Output: Codable, Sendable {
        var devices: Int
    }

    static let name = "holding-tenant.transfer-news"
    static let summary = "Tells subscribers of a transfer, a thousand PCs at a time."
    private static let batch = 1_000

    private struct Told: Codable, Sendable {
        var devices: Int
        var last: Int64
    }

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        var devices = 0
        var last: Int64 = 0
        var turn = 0
        while true {
            turn += 1
            let (now, after) = (context.now, last)
            let told = try await context.transaction("tell-\(turn)") { transaction, _ -> Told in
                try await Self.tell(input, after: after, at: now, in: transaction)
            }
            devices += told.devices
            last = told.last
            if told.devices < Self.batch { return Output(devices: devices) }
        }
    }

    private static func tell(
        _ input: Input, after: Int64, at now: Timestamp, in transaction: any Transaction
    ) async throws -> Told {
        guard let transfer = try await TransferBook.find(input.transferId, in: transaction) else {
            throw Failure.permanent("transfer.unknown", "there is no such transfer")
        }
        let moved = try await TransferBook.serials(
            of: input.transferId, after: after, limit: batch, in: transaction)
        guard let last = moved.last else { return Told(devices: 0, last: after) }
        var audiences = [Event.Audience.partner(transfer.partner)]
        var data: JSONObject = [
            "transferId": .string(input.transferId.uuidString.lowercased()), "count": .int(moved.count),
            "serials": .array(moved.map { .string($0.serial) }),
        ]
        if let customer = transfer.toCustomer {
            audiences.append(.customer(CustomerID(customer).text))
            data["customerId"] = .string(CustomerID(customer).text)
        } else {
            data["to"] = "unassigned"
        }
        try await transaction.emit(Event(input.event, to: audiences, at: now, data: data))
        return Told(devices: moved.count, last: last.id)
    }
}
