import Foundation
import WorkflowKit

/// PCs of the partner's holding tenant join a customer's dashboard by a list.
struct DeviceEnrollMany: RPCMethod {
    static let name = "device.enrollMany"
    static let summary = "Enrols a list of PCs of the holding tenant in a customer's dashboard."
    static let access = RPCAccess.kinds([.customer, .partner])
    static let effect = RPCEffect.changes
    static let errors = ["customer.notFound", "customer.precondition", "upload.notFound"]

    let runs: any RunLauncher

    struct Params: Codable, Sendable, JSONDescribed {
        var customerId: String
        var serials: [String]?
        var uploadId: String?

        static let schema = JSONSchema.object([
            .required("customerId", .uuid),
            .optional("serials", .array(of: .string(1...128), count: 1...ListedSerial.most)),
            .optional("uploadId", .uuid, "a list that was uploaded"),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        /// The run that tells subscribers; absent when nothing was moved.
        var runId: String?
        var accepted: Int
        var refused: [TransferAnswer.Refused]
        /// How many were refused; there may be more than are listed.
        var refusedCount: Int

        static let schema = JSONSchema.object([
            .optional("runId", .uuid), .required("accepted", .integer(0...Int.max)),
            .required("refused", .array(of: .object([.required("serial", .text), .required("reason", .text)]))),
            .required("refusedCount", .integer(0...Int.max), "\"refused\" lists as many of them as fit into a line"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let caller = try context.principal
        let now = context.now
        let result = try await context.change("customer:\(params.customerId)") { transaction in
            let listed = try await ListedSerial.list(
                params.serials, uploadId: params.uploadId, of: caller, in: transaction)
            let customer = try await CustomerAnswer.accepted(params.customerId, isLocked: true, in: transaction)
            return try await transaction.withServerRights {
                var result = try await enrol(listed, into: customer, at: now, in: transaction)
                result.refused = try TransferAnswer.fitting(result.refused, context)
                return result
            }
        }
        runs.transactionCommitted()
        return result
    }

    private func enrol(
        _ listed: [ListedSerial], into customer: KeptCustomer, at now: Timestamp, in transaction: any Transaction
    ) async throws -> Result {
        let serials = Set(listed.compactMap { $0.serial?.text }).sorted()
        let seen = Dictionary(
            grouping: try await TransferBook.seen(serials, by: customer.partner, in: transaction), by: \.serial)
        var joining: [Int64] = []
        var accepted = 0
        var refused: [TransferAnswer.Refused] = []
        for entry in listed {
            let product = entry.product.flatMap { ProductNumber($0) }
            guard let serial = entry.serial else {
                refused.append(.init(serial: entry.raw, reason: MoveRules.Refusal.invalidSerial.rawValue))
                continue
            }
            let candidates = seen[serial.text] ?? []
            switch DeviceMatch(asking: product, among: candidates.map(\.product)) {
            case .ambiguous:
                refused.append(.init(serial: entry.raw, reason: MoveRules.Refusal.ambiguousProduct.rawValue))
            case .none:
                refused.append(.init(serial: entry.raw, reason: EnrolmentRules.Refusal.notFound.rawValue))
            case .one(let index):
                let device = candidates[index]
                switch EnrolmentRules.enrolByList(from: device.place, into: customer.facts) {
                case .refuse(let reason): refused.append(.init(serial: entry.raw, reason: reason.rawValue))
                case .alreadyThere: accepted += 1
                case .join:
                    accepted += 1
                    joining.append(device.id)
                }
            }
        }
        let answer = try await runs.carryOut(
            TransferBook.Move(
                transfer: UUID(), partner: customer.partner, from: nil, to: customer.id, kind: "enrolment",
                devices: Set(joining).sorted()), refused: refused, at: now, in: transaction)
        return Result(runId: answer.runId, accepted: accepted, refused: refused, refusedCount: refused.count)
    }
}
