import Foundation
import WorkflowKit

/// Takes a transfer back: every PC that is still where it was moved to.
struct DeviceUndoTransfer: RPCMethod {
    static let name = "device.undoTransfer"
    static let summary = "Takes a transfer back, if none of its PCs was moved since."
    static let access = RPCAccess.kinds([.partner, .admin])
    static let effect = RPCEffect.changes
    static let errors = ["transfer.notFound", "device.precondition"]

    let runs: any RunLauncher

    struct Params: Codable, Sendable, JSONDescribed {
        var transferId: String
        static let schema = JSONSchema.object([.required("transferId", .uuid)])
    }

    static func orderingKey(_ params: Params) -> String? { "transfer:\(params.transferId)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> TransferAnswer {
        let caller = try context.principal
        guard let id = UUID(uuidString: params.transferId) else { throw RPCError.notFound("transfer") }
        let now = context.now
        let answer = try await context.change("transfer:\(params.transferId)") { transaction in
            try await transaction.withServerRights {
                guard let transfer = try await TransferBook.find(id, in: transaction),
                    caller.kind == .admin || transfer.partner == caller.partnerID
                else { throw RPCError.notFound("transfer") }
                return try await undo(id, transfer, at: now, in: transaction)
            }
        }
        runs.transactionCommitted()
        return answer
    }

    private func undo(
        _ id: UUID, _ transfer: TransferBook.Kept, at now: Timestamp, in transaction: any Transaction
    ) async throws -> TransferAnswer {
        if transfer.fromCustomer == nil {
            try await DeviceTransfer.checkTenant(of: transfer.partner, in: transaction)
        }
        let target: Place =
            transfer.toCustomer.map { .dashboard(CustomerID($0)) }
            ?? .holdingTenant(PartnerID(unchecked: transfer.partner))
        var ids: [DeviceKey: Int64] = [:]
        let moved = try await TransferBook.moved(by: id, partner: transfer.partner, in: transaction).compactMap {
            entry -> (device: DeviceKey, now: Place?)? in
            guard let serial = SerialNumber(normalised: entry.serial) else { return nil }
            let key = DeviceKey(serial: serial, product: entry.now?.product)
            if let device = entry.now { ids[key] = device.id }
            return (key, entry.now?.place)
        }
        let plan = MoveRules.planUndo(moved, target: target, mode: .atomic)
        try TransferAnswer.check(plan, mode: .atomic)
        return try await runs.carryOut(
            TransferBook.Move(
                transfer: UUID(), partner: transfer.partner, from: transfer.toCustomer, to: transfer.fromCustomer,
                kind: "undo", undoes: id, devices: plan.moves.compactMap { ids[$0] }), refused: [], at: now,
            in: transaction)
    }
}
