import Foundation
import HoldingTenant
import WorkflowKit

/// Names one request in parameters.
struct RequestReference: Codable, Sendable, JSONDescribed, NamesEntity {
    var requestId: String
    var entity: String { "support:\(requestId)" }

    static let schema = JSONSchema.object([.required("requestId", .uuid)])
}

/// Reads one request.
struct SupportGet: RPCMethod {
    static let name = "support.get"
    static let summary = "One request with the outcome of each serial number and its messages."
    static let access = RPCAccess.kinds([.partner, .customer, .support, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["support.notFound"]

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var requestId: String
        var cursor: String?
        var entity: String { "support:\(requestId)" }

        static let schema = JSONSchema.object([
            .required("requestId", .uuid), .optional("cursor", .text, "\"nextCursor\" of the part before"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SupportAnswer {
        let reader = try SupportReader(context)
        var after = 0
        if let cursor = params.cursor {
            guard let place = try PageCursor(cursor, count: 1).values[0].intValue else {
                throw RPCError.invalidParam("cursor", "must be a cursor that a part of this request gave")
            }
            after = place
        }
        let place = after
        return try await context.read { transaction in
            guard let id = UUID(uuidString: params.requestId),
                let answer = try await reader.answer(id, after: place, in: transaction)
            else { throw RPCError.notFound("support") }
            return answer
        }
    }
}

/// Lists requests, newest first, without serial numbers and messages.
struct SupportList: RPCMethod {
    static let name = "support.list"
    static let summary = "The requests that the caller may see, newest first, without their serial numbers."
    static let access = RPCAccess.kinds([.partner, .customer, .support, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var state: String?
        var limit: Int?
        var cursor: String?

        static let schema = JSONSchema.object(
            [.optional("state", .oneOf(SupportRequest.State.allCases.map(\.rawValue)))] + PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<SupportAnswer> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        let place = try page.cursor.map { try TimeCursor($0) }
        let rows = try await context.read { transaction in
            try await transaction.query(
                SQLStatement(
                    """
                    select request.*,
                        (select count(*) from support_cases.request_serial
                         where request_serial.request_id = request.request_id) as serial_count
                    from support_cases.request
                    where ($1::text is null or state = $1)
                      and ($2::timestamptz is null or (opened_at, request_id) < ($2, $3::uuid))
                    order by opened_at desc, request_id desc
                    limit $4
                    """, name: "SupportList", .text(orNull: params.state), .timestamp(orNull: place?.at),
                    .uuid(orNull: place?.id), .int4(Int32(page.limit + 1)))
            ).map { try SupportAnswer($0) }
        }
        return try Page(rows: rows, limit: page.limit, context: context) {
            TimeCursor.cursor($0.openedAt, $0.requestId)
        }
    }
}
