import Foundation
import HoldingTenant
import WorkflowKit

/// A repair case as callers read it.
struct RepairAnswer: Codable, Sendable, JSONDescribed {
    struct Schedule: Codable, Sendable {
        var at: Timestamp
        var until: Timestamp?
    }

    struct Entry: Codable, Sendable {
        var at: Timestamp
        var step: String
        var state: String
        var detail: JSON
    }

    /// What is wrong with the PC: whoever repairs it may not see the alert itself.
    struct Symptom: Codable, Sendable {
        var type: String
        var component: String?
        var severity: String

        static let schema = JSONSchema.object([
            .required("type", .identifier), .optional("component", .text),
            .required("severity", .oneOf(AlertType.Severity.allCases.map(\.rawValue))),
        ])
    }

    struct Contact: Codable, Sendable {
        var name: String
        var email: String?
        var phone: String?
        var language: String?

        static let schema = JSONSchema.object([
            .required("name", .string(1...200)), .optional("email", .string(3...254)),
            .optional("phone", .string(3...50)), .optional("language", .string(2...35)),
        ])
    }

    var caseId: String
    var state: String
    var routedTo: String
    var csdpAccount: String?
    var reference: String?
    var orderNumber: String?
    var serial: String
    var productNumber: String?
    /// The cover that the PC has now.
    var entitlement: String?
    var alertId: String
    var symptom: Symptom
    var submittedAt: Timestamp
    var origin: String
    var schedule: Schedule?
    /// Told to whoever handles the case and to its submitter only, like the address and the note.
    var contact: Contact?
    var address: String?
    var note: String?
    var history: [Entry]

    static let schema = JSONSchema.object([
        .required("caseId", .uuid), .required("state", .oneOf(RepairCase.State.allCases.map(\.rawValue))),
        .required("routedTo", .oneOf(["hp-customer-support", "csdp"])), .optional("csdpAccount", .text),
        .optional("reference", .text), .optional("orderNumber", .text), .required("serial", .identifier),
        .optional("productNumber", .text), .optional("entitlement", .oneOf(Tier.allCases.map(\.rawValue))),
        .required("alertId", .uuid), .required("symptom", Symptom.schema), .required("submittedAt", .timestamp),
        .required("origin", .oneOf(AlertRouting.Submitter.allCases.map(\.rawValue))),
        .optional("contact", Contact.schema), .optional("address", .text), .optional("note", .text),
        .optional("schedule", .object([.required("at", .timestamp), .optional("until", .timestamp)])),
        .required(
            "history",
            .array(
                of: .object([
                    .required("at", .timestamp), .required("step", .text), .required("state", .text),
                    .required("detail", .any),
                ]))),
    ])

    /// - Parameters:
    ///   - row: of `repair_case`.
    ///   - fault: what ``RepairBook/faults(of:in:)`` says of its alert.
    ///   - caller: who reads it; nil for somebody who is told no more than how the case stands.
    init(_ row: SQLRow, fault: SQLRow, history: [Entry], for caller: Principal? = nil) throws {
        caseId = try row.uuid("case_id").uuidString.lowercased()
        state = try row.text("state")
        routedTo = try row.text("routed_to")
        csdpAccount = try row.textOrNull("csdp_account")
        reference = try row.textOrNull("reference")
        orderNumber = try row.textOrNull("order_number")
        serial = try row.text("serial")
        alertId = try row.uuid("alert_id").uuidString.lowercased()
        submittedAt = try row.timestamp("submitted_at")
        let until = try row.timestampOrNull("scheduled_until")
        schedule = try row.timestampOrNull("scheduled_at").map { Schedule(at: $0, until: until) }
        origin = try row.text("origin")
        productNumber = try fault.textOrNull("product_number")
        entitlement = try fault.textOrNull("tier")
        let part = try fault.text("component")
        symptom = Symptom(
            type: try fault.text("type"), component: part.isEmpty ? nil : part, severity: try fault.text("severity"))
        self.history = history
        guard let caller, try KeptCase(row).tellsContact(to: caller) else { return }
        contact = try JSONCoding.decode(Contact.self, from: try row.bytes("contact"))
        address = try row.textOrNull("address")
        note = try row.textOrNull("note")
    }
}

/// One case with what decides who may take a step.
struct KeptCase: Sendable {
    var id: UUID
    var serial: String
    var alertID: UUID
    var partner: String?
    var submitter: String
    var life: RepairCase
    var submittedAt: Timestamp

    init(_ row: SQLRow) throws {
        id = try row.uuid("case_id")
        serial = try row.text("serial")
        alertID = try row.uuid("alert_id")
        partner = try row.textOrNull("partner_id")
        submitter = try row.text("submitter")
        life = RepairCase(
            state: RepairCase.State(rawValue: try row.text("state")) ?? .cancelled,
            handler: CaseParty(rawValue: try row.text("handler")) ?? .hpCustomerSupport)
        submittedAt = try row.timestamp("submitted_at")
    }

    /// Whether the caller may read the case.
    func isRead(by caller: Principal) -> Bool {
        switch caller.kind {
        case .admin: true
        case .support: life.handler == .hpCustomerSupport
        case .partner: partner == caller.partnerID || submitter == caller.qualifiedID
        default: submitter == caller.qualifiedID
        }
    }

    /// Whether the caller is told whom to call and where the PC is: its submitter, and the party it is routed to. A
    /// partner that only monitors is not.
    func tellsContact(to caller: Principal) -> Bool {
        if submitter == caller.qualifiedID { return true }
        switch life.handler {
        case .hpCustomerSupport: return caller.kind == .support
        case .partner: return caller.kind == .partner && partner == caller.partnerID
        case .submitter: return false
        }
    }

    /// Who handles the case, for events.
    var handlers: [Event.Audience] {
        life.handler == .hpCustomerSupport ? [.support] : partner.map { [.partner($0)] } ?? []
    }

    /// Whoever may read the case.
    var readers: [Event.Audience] {
        var audiences = handlers
        if let partner, life.handler != .partner { audiences.append(.partner(partner)) }
        if submitter.hasPrefix("device:") { audiences.append(.device(serial)) }
        if submitter.hasPrefix("customer:") {
            audiences.append(.customer(String(submitter.dropFirst("customer:".count))))
        }
        return audiences
    }

    /// As whom the caller takes `step`; nil if it is nobody's whom the step could belong to.
    func actor(_ caller: Principal, _ step: RepairCase.Step) -> RepairCase.Actor? {
        let isSubmitters = step == .close || step == .answer
        if submitter == caller.qualifiedID, isSubmitters { return .party(.submitter) }
        switch caller.kind {
        case .support: return .party(.hpCustomerSupport)
        case .partner where partner == caller.partnerID: return .party(.partner)
        default: return submitter == caller.qualifiedID ? .party(.submitter) : nil
        }
    }
}

enum RepairBook {
    /// The case, locked, if there is one. With the server's rights.
    static func locked(_ id: String, in transaction: any Transaction) async throws -> KeptCase? {
        guard let id = UUID(uuidString: id) else { return nil }
        return try await transaction.query(
            SQLStatement(
                "select * from support_cases.repair_case where case_id = $1 for update", name: "LockCase", .uuid(id))
        ).first.map { try KeptCase($0) }
    }

    static func answer(
        _ id: UUID, for caller: Principal, in transaction: any Transaction
    ) async throws -> RepairAnswer? {
        let rows = try await transaction.query(
            SQLStatement("select * from support_cases.repair_case where case_id = $1", name: "CaseByID", .uuid(id)))
        guard let row = rows.first else { return nil }
        let history = try await transaction.query(
            SQLStatement(
                """
                select at, step, state, detail
                from support_cases.repair_history
                where case_id = $1
                order by entry_id
                """, name: "HistoryOfCase", .uuid(id))
        ).map { entry in
            RepairAnswer.Entry(
                at: try entry.timestamp("at"), step: try entry.text("step"), state: try entry.text("state"),
                detail: try JSON(parsing: try entry.bytes("detail")))
        }
        guard let fault = try await faults(of: [row], in: transaction).values.first else { return nil }
        return try RepairAnswer(row, fault: fault, history: history, for: caller)
    }

    /// The alerts of cases that the caller may read, with their PCs. Read with the server's rights: an alert of a PC in a
    /// holding tenant is nobody's but its user's, until there is a case.
    static func faults(of cases: [SQLRow], in transaction: any Transaction) async throws -> [UUID: SQLRow] {
        let alerts = try cases.map { try $0.uuid("alert_id") }
        return try await transaction.withServerRights {
            var faults: [UUID: SQLRow] = [:]
            let rows = try await transaction.query(
                SQLStatement(
                    """
                    select alert_id, type, component, severity, product_number, tier
                    from support_cases.alert
                    join holding.device_seen using (device_id)
                    where alert_id = any ($1)
                    """, name: "FaultsOfCases", .uuidArray(alerts)))
            for row in rows { faults[try row.uuid("alert_id")] = row }
            return faults
        }
    }

    /// Writes the state and what was done, and tells whoever may read the case.
    static func store(
        _ kept: KeptCase, step: String, detail: JSONObject = [:], event: String = "repair.changed", at now: Timestamp,
        in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            SQLStatement(
                "update support_cases.repair_case set state = $2 where case_id = $1", name: "StoreCase",
                .uuid(kept.id), .text(kept.life.state.rawValue)))
        try await transaction.execute(
            SQLStatement(
                """
                insert into support_cases.repair_history (case_id, at, step, state, detail) values ($1, $2, $3, $4, $5)
                """, name: "InsertCaseHistory", .uuid(kept.id), .timestamp(now), .text(step),
                .text(kept.life.state.rawValue), .json(JSON.object(detail).bytes)))
        let id = kept.id.uuidString.lowercased()
        var data: JSONObject = [
            "caseId": .string(id), "serial": .string(kept.serial), "state": .string(kept.life.state.rawValue),
            "step": .string(step), "routedTo": .string(kept.life.handler == .partner ? "csdp" : "hp-customer-support"),
        ]
        if kept.life.state == .pendingCSDPLink { data["texts"] = TextCatalogue.inAllLanguages(.caseHeld, ["case": id]) }
        try await transaction.emit(Event(event, to: kept.readers, at: now, data: data))
    }

    /// A reference of the partner that was never used; the counter only rises.
    static func nextReference(
        of partner: PartnerProfile, in transaction: any Transaction
    ) async throws -> CSDPReference {
        let rows = try await transaction.query(
            SQLStatement(
                """
                insert into support_cases.csdp_counter (partner_id, initials, last_number)
                values ($1, $2, 1)
                on conflict (partner_id) do update set last_number = csdp_counter.last_number + 1
                returning initials, last_number
                """, name: "NextReference", .text(partner.partner.text),
                .text(CSDPReference.initials(of: partner.displayName))))
        return CSDPReference(initials: try rows[0].text("initials"), number: Int64(try rows[0].int("last_number")))
    }

    /// The partner has linked its account: the cases that waited for it are handed on.
    static func link(
        _ partner: PartnerProfile, _ runs: any RunLauncher, _ periods: LifePeriods, at now: Timestamp,
        in transaction: any Transaction
    ) async throws {
        guard let account = partner.csdpAccount else { return }
        let rows = try await transaction.query(
            SQLStatement(
                """
                select *
                from support_cases.repair_case
                where partner_id = $1 and state = 'pending-csdp-link'
                order by submitted_at, case_id
                for update
                """, name: "HeldCases", .text(partner.partner.text)))
        for row in rows {
            var kept = try KeptCase(row)
            guard case .success = kept.life.take(.link, by: .server) else { continue }
            let reference = try await nextReference(of: partner, in: transaction)
            try await transaction.execute(
                SQLStatement(
                    "update support_cases.repair_case set csdp_account = $2, reference = $3 where case_id = $1",
                    name: "LinkCase", .uuid(kept.id), .text(account.text), .text(reference.text)))
            try await store(kept, step: "link", event: "repair.routed", at: now, in: transaction)
            try await runs.watch(kept, periods, in: transaction)
        }
    }
}
