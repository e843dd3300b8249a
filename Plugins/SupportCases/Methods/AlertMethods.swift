import Foundation
import HoldingTenant
import WorkflowKit

/// Names one alert in parameters.
struct AlertReference: Codable, Sendable, JSONDescribed, NamesEntity {
    var alertId: String
    var entity: String { "alert:\(alertId)" }
    static let schema = JSONSchema.object([.required("alertId", .uuid)])
}

/// Lists alerts, newest first.
struct AlertList: RPCMethod {
    static let name = "alert.list"
    static let summary = "The alerts that the caller may see, newest first."
    static let access = RPCAccess.kinds([.device, .partner, .customer, .support, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var serial: String?
        var state: String?
        var limit: Int?
        var cursor: String?

        static let schema = JSONSchema.object(
            [
                .optional("serial", .identifier),
                .optional("state", .oneOf(AlertLife.State.allCases.map(\.rawValue))),
            ] + PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<AlertAnswer> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        let place = try page.cursor.map { try TimeCursor($0) }
        let serial = params.serial.map { raw in (try? SerialNumber.read(raw).get().text) ?? raw }
        let rows = try await context.read { transaction in
            try await transaction.query(
                SQLStatement(
                    """
                    select *
                    from support_cases.alert
                    where ($1::text is null or serial = $1) and ($2::text is null or state = $2)
                      and ($3::timestamptz is null or (raised_at, alert_id) < ($3, $4::uuid))
                    order by raised_at desc, alert_id desc
                    limit $5
                    """, name: "AlertList", .text(orNull: serial), .text(orNull: params.state),
                    .timestamp(orNull: place?.at), .uuid(orNull: place?.id), .int4(Int32(page.limit + 1)))
            ).map { try AlertAnswer($0) }
        }
        return try Page(rows: rows, limit: page.limit, context: context) {
            TimeCursor.cursor($0.raisedAt, $0.alertId)
        }
    }
}

/// A place in a list that is sorted by time and id.
struct TimeCursor: Sendable {
    var at: Timestamp
    var id: UUID

    init(_ text: String) throws(RPCError) {
        let values = try PageCursor(text, count: 2).values
        guard let at = values[0].intValue, let id = values[1].stringValue.flatMap(UUID.init(uuidString:)) else {
            throw .invalidParam("cursor", "must be a cursor that a page of this list gave")
        }
        self.at = Timestamp(microsecondsSince1970: Int64(at))
        self.id = id
    }

    static func cursor(_ at: Timestamp, _ id: String) -> PageCursor {
        PageCursor([.int(Int(at.microsecondsSince1970)), .string(id)])
    }
}

/// The end user clicks View.
struct AlertView: RPCMethod {
    static let name = "alert.view"
    static let summary = "The end user clicks View: answers with the form of the repair request."
    static let access = RPCAccess.kinds([.device])
    static let effect = RPCEffect.changes
    static let errors = ["alert.notFound", "alert.conflict"]

    let catalogue: AlertCatalogue
    let runs: any RunLauncher

    typealias Params = AlertReference

    struct Result: Codable, Sendable, JSONDescribed {
        struct Field: Codable, Sendable {
            var name: String
            var isRequired: Bool
            /// By language.
            var label: [String: String]
        }

        struct Form: Codable, Sendable {
            var title: [String: String]
            var fields: [Field]
            var submit: [String: String]
        }

        var alert: AlertAnswer
        var form: Form

        private static let words = JSONSchema.map(of: .text)
        static let schema = JSONSchema.object([
            .required("alert", AlertAnswer.schema),
            .required(
                "form",
                .object([
                    .required("title", words), .required("submit", words),
                    .required(
                        "fields",
                        .array(
                            of: .object([
                                .required("name", .text), .required("isRequired", .boolean), .required("label", words),
                            ]))),
                ])),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let alert = try await AlertStep(params.alertId, catalogue, runs, context).take { alert throws(RPCError) in
            if case .failure(let refusal) = alert.life.view() { throw .conflict("alert", refusal.message) }
        }
        return Result(alert: alert, form: Self.form)
    }

    private static let form = Result.Form(
        title: words(.formTitle),
        fields: [
            .init(name: "contact.name", isRequired: true, label: words(.formName)),
            .init(name: "contact.email", isRequired: false, label: words(.formEmail)),
            .init(name: "contact.phone", isRequired: false, label: words(.formPhone)),
            .init(name: "contact.language", isRequired: false, label: words(.formLanguage)),
            .init(name: "address", isRequired: false, label: words(.formAddress)),
            .init(name: "note", isRequired: false, label: words(.formNote)),
        ], submit: words(.formSubmit))

    private static func words(_ text: Text) -> [String: String] {
        Dictionary(uniqueKeysWithValues: Language.allCases.map { ($0.rawValue, TextCatalogue.text(text, in: $0)) })
    }
}

/// The end user closes the pop-up.
struct AlertDismiss: RPCMethod {
    static let name = "alert.dismiss"
    static let summary = "The end user closes the pop-up without asking for a repair."
    static let access = RPCAccess.kinds([.device])
    static let effect = RPCEffect.changes
    static let errors = ["alert.notFound", "alert.conflict"]

    let catalogue: AlertCatalogue
    let runs: any RunLauncher

    func call(_ params: AlertReference, _ context: RPCContext) async throws -> AlertAnswer {
        try await AlertStep(params.alertId, catalogue, runs, context).take { alert throws(RPCError) in
            if case .failure(let refusal) = alert.life.dismiss() { throw .conflict("alert", refusal.message) }
        }
    }
}

/// The fault is gone.
struct AlertClear: RPCMethod {
    static let name = "alert.clear"
    static let summary = "The fault is gone; a case that was made goes on."
    static let access = RPCAccess.kinds([.device, .admin])
    static let effect = RPCEffect.changes
    static let errors = ["alert.notFound"]

    let catalogue: AlertCatalogue
    let runs: any RunLauncher

    func call(_ params: AlertReference, _ context: RPCContext) async throws -> AlertAnswer {
        try await AlertStep(params.alertId, catalogue, runs, context, event: "alert.cleared").take { alert in
            _ = alert.life.clear()
        }
    }
}

/// One step in the life of an alert that the caller sees.
struct AlertStep: Sendable {
    private let alertId: String
    private let catalogue: AlertCatalogue
    private let runs: any RunLauncher
    private let context: RPCContext
    /// Told when the step changed something.
    private let event: String?

    init(
        _ alertId: String, _ catalogue: AlertCatalogue, _ runs: any RunLauncher, _ context: RPCContext,
        event: String? = nil
    ) {
        self.alertId = alertId
        self.catalogue = catalogue
        self.runs = runs
        self.context = context
        self.event = event
    }

    func take(
        _ step: @escaping @Sendable (inout KeptAlert) throws(RPCError) -> Void
    ) async throws -> AlertAnswer {
        let (alertId, catalogue, event, now) = (alertId, catalogue, event, context.now)
        let answer = try await context.change("alert:\(alertId)") { transaction in
            // Whether the alert is the caller's is decided with the caller's own rights.
            let seen = try await AlertBook.visible(alertId, in: transaction)
            return try await transaction.withServerRights {
                guard let id = UUID(uuidString: seen.alertId) else { throw RPCError.notFound("alert") }
                var alert = try await AlertBook.locked(id, catalogue: catalogue, in: transaction)
                let before = alert.life
                try step(&alert)
                guard alert.life != before else { return seen }
                let stored = try await AlertBook.store(alert, at: now, in: transaction)
                try await runs.alertEnded(alert, in: transaction)
                if let event {
                    try await transaction.emit(
                        Event(
                            event,
                            to: AlertBook.audiences(
                                serial: alert.serial, partner: alert.partner, customer: alert.customer), at: now,
                            data: ["alertId": .string(stored.alertId), "serial": .string(alert.serial)]))
                }
                return stored
            }
        }
        runs.transactionCommitted()
        return answer
    }
}

extension RunLauncher {
    /// Nothing is left to expire once an alert has ended or a case was made of it.
    func alertEnded(_ alert: KeptAlert, in transaction: any Transaction) async throws {
        guard !alert.life.state.isOpen || alert.life.state == .caseSubmitted else { return }
        _ = try await signal(
            workflow: AlertExpiry.name, key: alert.id.uuidString.lowercased(), name: AlertExpiry.ended, Nothing(),
            in: transaction)
    }
}
