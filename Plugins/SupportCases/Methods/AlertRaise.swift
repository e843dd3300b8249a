import Foundation
import HoldingTenant
import WorkflowKit

/// A PC reports a fault.
struct AlertRaise: RPCMethod {
    static let name = "alert.raise"
    static let summary = "Reports a fault of a PC; the same open fault again updates its alert."
    static let access = RPCAccess.kinds([.device, .admin])
    static let effect = RPCEffect.changes
    static let errors = ["device.notFound", "device.conflict"]

    let catalogue: AlertCatalogue
    let types: PartnerTypes
    let runs: any RunLauncher
    let periods: LifePeriods

    struct Params: Codable, Sendable, JSONDescribed {
        var serial: String
        var type: String
        var component: JSON?
        var evidence: JSON?

        static let schema = JSONSchema.object([
            .required("serial", .identifier), .required("type", .identifier, "one of the alert catalogue"),
            .optional(
                "component",
                .anyOf([
                    .string(1...100),
                    .object([
                        .required("kind", .string(1...100)), .optional("slot", .string(1...100)),
                        .optional("partNumber", .string(1...100)),
                    ]),
                ])),
            .optional("evidence", .any),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var alertId: String
        var state: String
        var popup: Bool

        static let schema = JSONSchema.object([
            .required("alertId", .uuid), .required("state", .oneOf(AlertLife.State.allCases.map(\.rawValue))),
            .required("popup", .boolean),
        ])
    }

    static func orderingKey(_ params: Params) -> String? { "device:\(params.serial.uppercased())" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let caller = try context.principal
        guard case .success(let serial) = SerialNumber.read(params.serial) else { throw RPCError.notFound("device") }
        if caller.kind == .device, caller.serial != serial.text {
            throw RPCError.forbidden("A PC reports only its own faults.")
        }
        guard let type = catalogue[params.type] else {
            let known = catalogue.types.keys.sorted().joined(separator: ", ")
            throw RPCError.invalidParam("type", "must be one of \(known)")
        }
        let fault = FaultKey(
            type: type.name, kind: params.component?.stringValue ?? params.component?["kind"]?.stringValue,
            slot: params.component?["slot"]?.stringValue)
        let (evidence, now) = (params.evidence, context.now)
        let result = try await context.change("device:\(serial.text)") { transaction in
            try await transaction.withServerRights {
                try await raise(fault, type, evidence, on: serial, at: now, in: transaction)
            }
        }
        runs.transactionCommitted()
        return result
    }

    private func raise(
        _ fault: FaultKey, _ type: AlertType, _ evidence: JSON?, on serial: SerialNumber, at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> Result {
        // The lock makes the second of two reports of the same fault find the first.
        let devices = try await DeviceBook.locked([serial.text], in: transaction)
        guard let device = devices.first else { throw RPCError.notFound("device") }
        guard devices.count == 1 else {
            throw RPCError.conflict("device", "Several products share the serial number.")
        }
        let (facts, partner, customer) = try await AlertBook.facts(
            ofDevice: device.id, type: type, in: transaction)
        let popup = AlertRouting.decide(facts, types: types).popup
        let open = try await transaction.query(
            SQLStatement(
                """
                select alert_id
                from support_cases.alert
                where device_id = $1 and type = $2 and component = $3
                  and state in ('raised', 'delivered', 'viewed', 'case-submitted', 'suppressed')
                """, name: "OpenAlert", .int8(device.id), .text(fault.type), .text(fault.component)))
        var alert: KeptAlert
        var shows = popup
        if let row = open.first {
            alert = try await AlertBook.locked(try row.uuid("alert_id"), catalogue: catalogue, in: transaction)
            shows = alert.life.reconsider(popup: popup) == .popUp
        } else {
            alert = KeptAlert(
                id: UUID(), serial: serial.text, type: type.name, life: AlertLife(popup: popup), routing: facts,
                partner: partner, customer: customer)
            try await insert(alert, device.id, fault, type, at: now, in: transaction)
        }
        if let evidence {
            try await transaction.execute(
                SQLStatement(
                    "update support_cases.alert set evidence = $2 where alert_id = $1", name: "StoreEvidence",
                    .uuid(alert.id), .json(evidence.bytes)))
        }
        let stored = try await AlertBook.store(alert, at: now, in: transaction)
        if open.isEmpty {
            try await tell(stored, partner, customer, at: now, in: transaction)
            _ = try await runs.start(
                AlertExpiry.self, AlertExpiry.Input(alertId: alert.id, lastsMs: periods.alertLasts.milliseconds),
                key: stored.alertId, in: transaction)
        }
        if shows, let tier = facts.tier { try await show(stored, tier, facts.partner, at: now, in: transaction) }
        return Result(
            alertId: stored.alertId, state: stored.state, popup: popup && alert.life.state != .caseSubmitted)
    }

    private func insert(
        _ alert: KeptAlert, _ device: Int64, _ fault: FaultKey, _ type: AlertType, at now: Timestamp,
        in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                insert into support_cases.alert (
                    alert_id, device_id, serial, type, component, severity, state, was_delivered, raised_at, updated_at)
                values ($1, $2, $3, $4, $5, $6, $7, false, $8, $8)
                """, name: "InsertAlert", .uuid(alert.id), .int8(device), .text(alert.serial), .text(fault.type),
                .text(fault.component), .text(type.severity.rawValue), .text(alert.life.state.rawValue),
                .timestamp(now)))
    }

    private func tell(
        _ alert: AlertAnswer, _ partner: String?, _ customer: UUID?, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        try await transaction.emit(
            Event(
                "alert.raised", to: AlertBook.audiences(serial: alert.serial, partner: partner, customer: customer),
                at: now,
                data: [
                    "alertId": .string(alert.alertId), "serial": .string(alert.serial), "type": .string(alert.type),
                    "severity": .string(alert.severity), "state": .string(alert.state),
                ]))
    }

    private func show(
        _ alert: AlertAnswer, _ tier: Tier, _ partner: PartnerProfile?, at now: Timestamp,
        in transaction: any Transaction
    ) async throws {
        let texts = Language.allCases.map { language -> (String, JSON) in
            let popup = PopUp(
                alertID: alert.alertId, type: alert.type, serial: alert.serial, tier: tier,
                partnerName: partner?.displayName ?? "HP", language: language)
            return (
                language.rawValue,
                [
                    "title": .string(popup.title), "body": .string(popup.body), "coveredBy": .string(popup.coveredBy),
                    "view": .string(popup.view), "dismiss": .string(popup.dismiss),
                ]
            )
        }
        try await transaction.emit(
            Event(
                "alert.popup", to: [.device(alert.serial)], at: now,
                data: [
                    "alertId": .string(alert.alertId), "serial": .string(alert.serial), "type": .string(alert.type),
                    "texts": .object(JSONObject(uniqueMembers: texts)),
                ]))
    }
}
