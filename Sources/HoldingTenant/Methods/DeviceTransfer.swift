import Foundation
import WorkflowKit

/// What became of a transfer.
struct TransferAnswer: Codable, Sendable, JSONDescribed {
    struct Refused: Codable, Sendable {
        var serial: String
        var reason: String
    }

    /// Absent for a dry run.
    var transferId: String?
    /// The run that tells subscribers; absent for a dry run and when nothing was moved.
    var runId: String?
    var moved: Int
    var refused: [Refused]
    /// How many were refused; there may be more than are listed.
    var refusedCount: Int

    static let schema = JSONSchema.object([
        .optional("transferId", .uuid), .optional("runId", .uuid), .required("moved", .integer(0...Int.max)),
        .required("refused", .array(of: .object([.required("serial", .text), .required("reason", .text)]))),
        .required("refusedCount", .integer(0...Int.max), "\"refused\" lists as many of them as fit into a line"),
    ])

    init(transferId: String? = nil, moved: Int, refused: [Refused]) {
        self.transferId = transferId
        self.moved = moved
        self.refused = refused
        refusedCount = refused.count
    }

    /// The same with no more refusals listed than fit into a line of the caller.
    func fitting(_ context: RPCContext) throws -> TransferAnswer {
        var answer = self
        answer.refused = try Self.fitting(refused, context)
        return answer
    }

    static func fitting(_ refused: [Refused], _ context: RPCContext) throws -> [Refused] {
        var bytes = 1_000
        return Array(
            try refused.prefix { entry in
                bytes += try JSONCoding.encodeBytes(entry).count + 1
                return bytes <= context.resultBytesMax
            })
    }

    static func refused(_ plan: MoveRules.Plan) -> [Refused] {
        plan.refused.map { Refused(serial: $0.raw, reason: $0.refusal.rawValue) }
    }

    /// - Throws: `device.precondition` if nothing moves because something was refused.
    static func check(_ plan: MoveRules.Plan, mode: MoveRules.Mode) throws {
        guard mode == .atomic, !plan.refused.isEmpty else { return }
        // A caller reads the first of them; the whole list may be longer than an answer.
        let shown = refused(plan).prefix(500)
        throw RPCError.precondition(
            "device", "\(plan.refused.count) of the listed PCs cannot be moved, so none was.",
            detail: [
                "refused": .array(shown.map { ["serial": .string($0.serial), "reason": .string($0.reason)] }),
                "count": .int(plan.refused.count),
            ])
    }
}

/// Moves PCs between the holding tenant and dashboards of one partner.
struct DeviceTransfer: RPCMethod {
    static let name = "device.transfer"
    static let summary = "Moves PCs between the holding tenant and the dashboards of one partner."
    static let access = RPCAccess.kinds([.partner, .admin])
    static let effect = RPCEffect.changes
    static let errors = ["customer.notFound", "customer.precondition", "device.precondition", "upload.notFound"]

    let runs: any RunLauncher

    struct Params: Codable, Sendable, JSONDescribed {
        var serials: [String]?
        var uploadId: String?
        var from: PlaceName
        var to: PlaceName
        var possessionConfirmed: Bool
        var mode: String?
        var dryRun: Bool?

        static let schema = JSONSchema.object([
            .optional("serials", .array(of: .string(1...128), count: 1...ListedSerial.most)),
            .optional("uploadId", .uuid, "a list that was uploaded, for more than fit into a request"),
            .required("from", PlaceName.schema), .required("to", PlaceName.schema),
            .required("possessionConfirmed", .boolean, "that you know who has the PCs"),
            .optional(
                "mode", .oneOf(["atomic", "partial"]), "all or none, which is the default, or what can be moved"),
            .optional("dryRun", .boolean, "only tell what would be moved"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> TransferAnswer {
        let caller = try context.principal
        let mode = params.mode.flatMap(MoveRules.Mode.init(rawValue:)) ?? .atomic
        guard params.possessionConfirmed else {
            throw RPCError.invalidParam(
                "possessionConfirmed", "must be true: a wrong transfer shows one company's PCs to another")
        }
        guard params.from != params.to else {
            throw RPCError.invalidParam("to", "must be another place than \"from\"")
        }
        let now = context.now
        let answer = try await context.change("device") { transaction in
            let listed = try await ListedSerial.list(
                params.serials, uploadId: params.uploadId, of: caller, in: transaction)
            // The customers are found with the caller's own rights.
            var customers: [KeptCustomer] = []
            for place in [params.from, params.to] {
                guard case .customer(let id) = place else { continue }
                customers.append(try await CustomerAnswer.visible(id.uuidString, isLocked: true, in: transaction))
            }
            let partner = try Self.partner(caller, customers)
            if let customer = customers.first(where: { $0.access.status != .accepted }) {
                _ = try await CustomerAnswer.accepted(customer.id.uuidString, in: transaction)
            }
            return try await transaction.withServerRights {
                try await transfer(listed, params, mode, partner: partner, at: now, in: transaction).fitting(context)
            }
        }
        runs.transactionCommitted()
        return answer
    }

    private static func partner(_ caller: Principal, _ customers: [KeptCustomer]) throws(RPCError) -> String {
        let partner = caller.kind == .partner ? caller.partnerID : customers.first?.partner
        guard let partner, customers.allSatisfy({ $0.partner == partner }) else { throw .notFound("customer") }
        return partner
    }

    private func transfer(
        _ listed: [ListedSerial], _ params: Params, _ mode: MoveRules.Mode, partner: String, at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> TransferAnswer {
        let (from, to) = (params.from.customer, params.to.customer)
        if to == nil { try await Self.checkTenant(of: partner, in: transaction) }
        let serials = Set(listed.compactMap { $0.serial?.text }).sorted()
        let seen = Dictionary(
            grouping: try await TransferBook.seen(serials, by: partner, in: transaction), by: \.serial)
        var ids: [DeviceKey: Int64] = [:]
        let entries = listed.map { entry in
            let product = entry.product.flatMap { ProductNumber($0) }
            let visible = (entry.serial.flatMap { seen[$0.text] } ?? []).filter { device in
                guard let product, let known = device.product else { return true }
                return known.isCompatible(with: product)
            }
            return MoveRules.Entry(
                raw: entry.raw, serial: entry.serial,
                visible: visible.compactMap { device in
                    guard let serial = entry.serial else { return nil }
                    let key = DeviceKey(serial: serial, product: device.product)
                    ids[key] = device.id
                    return MoveRules.DevicePlace(device: key, place: device.place)
                })
        }
        let source: Place = from.map { .dashboard(CustomerID($0)) } ?? .holdingTenant(PartnerID(unchecked: partner))
        let plan = MoveRules.plan(entries, from: source, mode: mode)
        if params.dryRun == true {
            return TransferAnswer(moved: plan.movable, refused: TransferAnswer.refused(plan))
        }
        try TransferAnswer.check(plan, mode: mode)
        return try await runs.carryOut(
            TransferBook.Move(
                transfer: UUID(), partner: partner, from: from, to: to, kind: "transfer",
                devices: plan.moves.compactMap { ids[$0] }), refused: TransferAnswer.refused(plan), at: now,
            in: transaction)
    }

    static func checkTenant(of partner: String, in transaction: any Transaction) async throws {
        let rows = try await transaction.query(
            SQLStatement(
                "select partner_id from holding.holding_tenant where partner_id = $1", name: "TenantExists",
                .text(partner)))
        guard !rows.isEmpty else {
            throw RPCError.precondition("tenant", "The partner has no holding tenant yet.")
        }
    }
}

extension PlaceName {
    /// nil for the holding tenant.
    var customer: UUID? { if case .customer(let id) = self { id } else { nil } }
}

extension RunLauncher {
    /// Moves the PCs and starts the run that tells of it, in one transaction.
    func carryOut(
        _ move: TransferBook.Move, refused: [TransferAnswer.Refused], at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> TransferAnswer {
        try await TransferBook.carryOut(move, at: now, in: transaction)
        var answer = TransferAnswer(
            transferId: move.transfer.uuidString.lowercased(), moved: move.devices.count, refused: refused)
        guard !move.devices.isEmpty else { return answer }
        let event = move.kind == "enrolment" ? "device.enrolled" : "device.transferred"
        let run = try await start(
            TransferNews.self, TransferNews.Input(transferId: move.transfer, event: event),
            key: move.transfer.uuidString.lowercased(), in: transaction
        ).run
        try await TransferBook.setRun(run, of: move.transfer, in: transaction)
        answer.runId = run.description
        return answer
    }
}
