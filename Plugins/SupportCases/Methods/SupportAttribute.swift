import Foundation
import HoldingTenant
import WorkflowKit

/// HP attributes a PC by hand.
struct SupportAttribute: RPCMethod {
    static let name = "support.attribute"
    static let summary = "HP attributes a PC to a partner by hand: it comes into that partner's holding tenant."
    static let access = RPCAccess.kinds([.support])
    static let effect = RPCEffect.changes
    static let errors = ["support.notFound", "support.conflict", "partner.notFound", "device.conflict"]

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var requestId: String
        var serial: String
        var partnerId: String
        var entity: String { "support:\(requestId)" }

        static let schema = JSONSchema.object([
            .required("requestId", .uuid), .required("serial", .identifier), .required("partnerId", .identifier),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SupportAnswer {
        guard case .success(let serial) = SerialNumber.read(params.serial) else {
            throw RPCError.invalidParam("serial", "must be a serial number")
        }
        let reader = try SupportReader(context)
        let now = context.now
        return try await context.change("support:\(params.requestId)") { transaction in
            guard let request = try await SupportBook.locked(params.requestId, in: transaction) else {
                throw RPCError.notFound("support")
            }
            guard request.life.state != .closed, request.life.state != .cancelled else {
                throw RPCError.conflict("support", "The request is \(request.life.state.rawValue).")
            }
            guard let profile = try await PartnerBook.profile(of: params.partnerId, in: transaction) else {
                throw RPCError.notFound("partner")
            }
            try await Self.attribute(
                serial, to: profile, reference: "support:\(request.id.uuidString.lowercased())", at: now,
                in: transaction)
            try await SupportBook.add([serial.text], to: request, at: now, in: transaction)
            // What was decided before is no longer so.
            try await transaction.execute(
                SQLStatement(
                    """
                    update support_cases.request_serial set outcome = null where request_id = $1 and serial = $2
                    """, name: "LookAgain", .uuid(request.id), .text(serial.text)))
            try await SupportBook.store(request, step: "attribute", at: now, in: transaction)
            guard let answer = try await reader.answer(request.id, in: transaction) else {
                throw RPCError.notFound("support")
            }
            return answer
        }
    }

    private static func attribute(
        _ serial: SerialNumber, to profile: PartnerProfile, reference: String, at now: Timestamp,
        in transaction: any Transaction
    ) async throws {
        let partner = profile.partner
        try await PartnerBook.holdCertifications(of: [partner.text], in: transaction)
        if try await DeviceBook.products(of: [serial.text], in: transaction)[serial.text] == nil {
            try await DeviceBook.add([DeviceKey(serial: serial, product: nil)], at: now, in: transaction)
        }
        var devices = try await DeviceBook.locked([serial.text], in: transaction)
        guard devices.count == 1 else {
            throw RPCError.conflict(
                "device", "Several products share the serial number.", detail: ["outcome": "ambiguous-product"])
        }
        let before = devices[0].record
        // A lapse stops automatic transfers only; this one is made by hand.
        devices[0].record.attribute(
            to: partner, hasHoldingTenant: CertificationRules.hasHoldingTenant(profile.certifications, at: now))
        guard devices[0].record != before else { return }
        devices[0].isChanged = true
        let isIn = devices[0].record.place == .holdingTenant(partner)
        var changes = [
            DeviceChange(
                device: devices[0].id, what: isIn ? "transferred" : "reported", reference: reference,
                partner: partner.text)
        ]
        if let former = before.place?.partner ?? before.sale?.partner, former != partner {
            changes.append(
                DeviceChange(device: devices[0].id, what: "withdrawn", reference: reference, partner: former.text))
        }
        try await DeviceBook.store(devices, changes: changes, at: now, in: transaction)
        guard isIn, before.place != devices[0].record.place else { return }
        try await TenantOpening.tellTransfer(
            of: [serial.text], to: partner, reference: reference, at: now, in: transaction)
    }
}
