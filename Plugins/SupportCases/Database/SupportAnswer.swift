import Foundation
import HoldingTenant
import WorkflowKit

/// A support request as callers read it.
///
/// The outcome of each serial number is looked up when it is read, so it is never out of date; what the support team
/// has decided stays as it was decided.
struct SupportAnswer: Codable, Sendable, JSONDescribed {
    struct Serial: Codable, Sendable {
        var serial: String
        var outcome: String
        var detail: String?

        static let schema = JSONSchema.object([
            .required("serial", .text), .required("outcome", .oneOf(TraceOutcome.allCases.map(\.rawValue))),
            .optional("detail", .text),
        ])
    }

    struct Message: Codable, Sendable {
        var at: Timestamp
        var author: String
        var text: String

        static let schema = JSONSchema.object([
            .required("at", .timestamp), .required("author", .oneOf(["opener", "support"])), .required("text", .text),
        ])
    }

    var requestId: String
    var category: String
    var subject: String
    var state: String
    var openedAt: Timestamp
    var resolution: String?
    /// How many serial numbers are listed; the answer has as many of them as fit into a line.
    var serialCount: Int
    var serials: [Serial]
    /// Where the next part of the serial numbers begins; nil after the last one.
    var nextCursor: String?
    /// Oldest first; the newest that fit into a line.
    var messages: [Message]
    /// What the opener should add, by language.
    var hint: JSON?

    static let schema = JSONSchema.object([
        .required("requestId", .uuid), .required("category", .text), .required("subject", .text),
        .required("state", .oneOf(SupportRequest.State.allCases.map(\.rawValue))), .required("openedAt", .timestamp),
        .optional("resolution", .text), .required("serialCount", .integer(0...Int.max)),
        .required("serials", .array(of: Serial.schema)),
        .required("nextCursor", .nullable(.text), "for the serial numbers that did not fit; null after the last"),
        .required("messages", .array(of: Message.schema)), .optional("hint", .map(of: .text)),
    ])

    /// Without serial numbers and messages.
    init(_ row: SQLRow) throws {
        requestId = try row.uuid("request_id").uuidString.lowercased()
        category = try row.text("category")
        subject = try row.text("subject")
        state = try row.text("state")
        openedAt = try row.timestamp("opened_at")
        resolution = try row.textOrNull("resolution")
        serialCount = try row.intOrNull("serial_count") ?? 0
        serials = []
        messages = []
    }

    /// `nextCursor` is always written, null after the last part.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(requestId, forKey: .requestId)
        try container.encode(category, forKey: .category)
        try container.encode(subject, forKey: .subject)
        try container.encode(state, forKey: .state)
        try container.encode(openedAt, forKey: .openedAt)
        try container.encodeIfPresent(resolution, forKey: .resolution)
        try container.encode(serialCount, forKey: .serialCount)
        try container.encode(serials, forKey: .serials)
        try container.encode(nextCursor, forKey: .nextCursor)
        try container.encode(messages, forKey: .messages)
        try container.encodeIfPresent(hint, forKey: .hint)
    }
}

/// Reads requests for one caller.
struct SupportReader: Sendable {
    let caller: Principal
    let now: Timestamp
    /// Most bytes of an answer.
    let bytesMax: Int

    init(_ context: RPCContext) throws {
        caller = try context.principal
        now = context.now
        bytesMax = context.resultBytesMax
    }

    /// The request with the serial numbers behind the `after`th one; nil if there is none. The caller's right to read it
    /// has been looked at.
    func answer(_ id: UUID, after: Int = 0, in transaction: any Transaction) async throws -> SupportAnswer? {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select request.*,
                    (select count(*) from support_cases.request_serial
                     where request_serial.request_id = request.request_id) as serial_count
                from support_cases.request
                where request_id = $1
                """, name: "RequestByID", .uuid(id)))
        guard let row = rows.first else { return nil }
        var answer = try SupportAnswer(row)
        // The subject, the resolution and the frame come on top of the two halves.
        let half = max(2_000, (bytesMax - 2_000 - (answer.resolution?.utf8.count ?? 0) * 2) / 2)
        answer.messages = try await messages(of: id, bytesMax: half, in: transaction)
        let (serials, next) = try await serials(
            of: try KeptRequest(row), after: after, bytesMax: half, in: transaction)
        answer.serials = serials
        answer.nextCursor = next.map { PageCursor([.int($0)]).text }
        return answer
    }

    private func messages(
        of id: UUID, bytesMax: Int, in transaction: any Transaction
    ) async throws -> [SupportAnswer.Message] {
        let newestFirst = try await transaction.query(
            SQLStatement(
                """
                select at, author, text
                from support_cases.request_message
                where request_id = $1
                order by message_id desc
                limit 1000
                """, name: "MessagesOfRequest", .uuid(id))
        ).map { row in
            SupportAnswer.Message(
                at: try row.timestamp("at"), author: try row.text("author"), text: try row.text("text"))
        }
        return try Array(Self.fitting(newestFirst, bytesMax).reversed())
    }

    /// The serial numbers that fit, each with its outcome, and the place of the last of them if there are more.
    private func serials(
        of request: KeptRequest, after: Int, bytesMax: Int, in transaction: any Transaction
    ) async throws -> ([SupportAnswer.Serial], next: Int?) {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select place, serial, outcome
                from support_cases.request_serial
                where request_id = $1 and place > $2
                order by place
                limit $3
                """, name: "SerialsOfRequest", .uuid(request.id), .int4(Int32(clamping: after)),
                .int4(Int32(clamping: bytesMax / 40))))
        let listed = try rows.map { (serial: try $0.text("serial"), decided: try $0.textOrNull("outcome")) }
        let traced = try await outcomes(
            listed.filter { $0.decided == nil }.map(\.serial), of: request, in: transaction)
        let all = listed.map { entry -> SupportAnswer.Serial in
            let answer = traced[entry.serial]
            return SupportAnswer.Serial(
                serial: entry.serial, outcome: entry.decided ?? answer?.outcome.rawValue ?? "not-reported",
                detail: entry.decided == nil ? answer?.detail : nil)
        }
        let fitting = try Self.fitting(all, bytesMax)
        guard let last = fitting.indices.last else { return ([], nil) }
        let place = try rows[last].int("place")
        let total = try await transaction.query(
            SQLStatement(
                "select coalesce(max(place), 0) as last from support_cases.request_serial where request_id = $1",
                name: "LastSerialOfRequest", .uuid(request.id)))[0].int("last")
        return (Array(fitting), place < total ? place : nil)
    }

    /// What the trace says: to the opener what the opener may know, to operators everything. The trace sees every PC, so
    /// it is read with the server's rights.
    private func outcomes(
        _ serials: [String], of request: KeptRequest, in transaction: any Transaction
    ) async throws -> [String: TraceRules.Answer] {
        guard !serials.isEmpty else { return [:] }
        let isOperator = caller.kind == .support || caller.kind == .admin
        return try await transaction.withServerRights { [now] in
            let answers: [TraceRules.Answer]
            if isOperator {
                answers = try await TraceBook.answers(
                    serials, for: .operators, about: request.partner.map(PartnerID.init(unchecked:)), at: now,
                    in: transaction)
            } else if let partner = request.partner {
                answers = try await TraceBook.answers(
                    serials, for: .partner(PartnerID(unchecked: partner)), at: now, in: transaction)
            } else {
                answers = try await Self.customerOutcomes(serials, of: request, in: transaction)
            }
            return Dictionary(zip(serials, answers)) { first, _ in first }
        }
    }

    /// A customer is told which PCs are in its own dashboard; all others are under review, whether they exist or not.
    private static func customerOutcomes(
        _ serials: [String], of request: KeptRequest, in transaction: any Transaction
    ) async throws -> [TraceRules.Answer] {
        let customer = UUID(uuidString: String(request.opener.dropFirst("customer:".count)))
        let own = Set(
            try await transaction.query(
                SQLStatement(
                    "select serial from holding.device where serial = any ($1) and customer_id = $2",
                    name: "OwnSerials", .textArray(serials), .uuid(orNull: customer))
            ).map { try $0.text("serial") })
        return serials.map { serial in
            guard case .success = SerialNumber.read(serial) else { return TraceRules.Answer(.invalidSerial) }
            return TraceRules.Answer(own.contains(serial) ? .alreadyInCustomerDashboard : .underReview)
        }
    }

    /// The first of `values` that together have at most `bytesMax` bytes.
    private static func fitting<Value: Encodable>(_ values: [Value], _ bytesMax: Int) throws -> ArraySlice<Value> {
        var bytes = 0
        var count = 0
        for value in values {
            bytes += try JSONCoding.encodeBytes(value).count + 1
            if count > 0, bytes > bytesMax { break }
            count += 1
        }
        return values.prefix(count)
    }
}
