import Foundation
import WorkflowKit

/// Lists the PCs that the caller may see, or those in one place.
struct DeviceList: RPCMethod {
    static let name = "device.list"
    static let summary = "The PCs that the caller may see, or those in one place."
    static let access = RPCAccess.kinds([.partner, .customer, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var place: PlaceName?
        var search: String?
        var limit: Int?
        var cursor: String?

        static let schema = JSONSchema.object(
            [
                .optional("place", PlaceName.schema, "\"unassigned\" or a customer's dashboard"),
                .optional("search", .string(0...100), "part of a serial number, product number or end customer"),
            ] + PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<DeviceAnswer> {
        let caller = try context.principal
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        var after = 0
        if let cursor = page.cursor {
            guard let value = try PageCursor(cursor, count: 1).values[0].intValue else {
                throw RPCError.invalidParam("cursor", "must be a cursor that a page of this list gave")
            }
            after = value
        }
        let search = params.search.flatMap { $0.isEmpty ? nil : $0 }
        let statement = Self.statement(
            params.place, caller,
            [
                .int8(Int64(after)), .int4(Int32(page.limit + 1)), .text(orNull: search),
            ])
        let rows = try await context.read { transaction in
            try await transaction.query(statement).map { try DeviceAnswer($0, for: caller) }
        }
        return try Page(rows: rows, limit: page.limit, context: context) { PageCursor([.int($0.id)]) }
    }

    /// One statement for each way to ask, so that each is planned for the index that serves it. Row-level security
    /// stands behind all of them.
    ///
    /// - Parameter rest: $1 after which device, $2 how many, $3 what to search.
    private static func statement(_ place: PlaceName?, _ caller: Principal, _ rest: [SQLValue]) -> SQLStatement {
        if case .customer(let customer)? = place {
            return SQLStatement(
                """
                select * from holding.device_seen
                where customer_id = $4 and device_id > $1
                  and ($3::text is null or position(upper($3) in upper(
                      serial || ' ' || coalesce(product_number, '') || ' ' || coalesce(end_customer, ''))) > 0)
                order by device_id limit $2
                """, name: "DeviceListOfCustomer", parameters: rest + [.uuid(customer)])
        }
        if caller.kind == .customer {
            return SQLStatement(
                """
                select * from holding.device_seen
                where customer_id = $4 and device_id > $1 and $5
                  and ($3::text is null or position(upper($3) in upper(
                      serial || ' ' || coalesce(product_number, ''))) > 0)
                order by device_id limit $2
                """, name: "DeviceListForCustomer",
                parameters: rest + [
                    .uuid(orNull: caller.customerID.flatMap(UUID.init(uuidString:))), .bool(place == nil),
                ])
        }
        switch (place, caller.kind) {
        case (nil, .partner):
            return SQLStatement(
                """
                select * from holding.device_seen
                where partner_id = $4 and device_id > $1
                  and ($3::text is null or position(upper($3) in upper(
                      serial || ' ' || coalesce(product_number, '') || ' ' || coalesce(end_customer, ''))) > 0)
                order by device_id limit $2
                """, name: "DeviceListOfPartner", parameters: rest + [.text(orNull: caller.partnerID)])
        case (_, .partner):
            return SQLStatement(
                """
                select * from holding.device_seen
                where held_by = $4 and device_id > $1
                  and ($3::text is null or position(upper($3) in upper(
                      serial || ' ' || coalesce(product_number, '') || ' ' || coalesce(end_customer, ''))) > 0)
                order by device_id limit $2
                """, name: "DeviceListUnassigned", parameters: rest + [.text(orNull: caller.partnerID)])
        default:
            return SQLStatement(
                """
                select * from holding.device_seen
                where device_id > $1 and (not $4 or held_by is not null)
                  and ($3::text is null or position(upper($3) in upper(
                      serial || ' ' || coalesce(product_number, '') || ' ' || coalesce(end_customer, ''))) > 0)
                order by device_id limit $2
                """, name: "DeviceListOfAll", parameters: rest + [.bool(place != nil)])
        }
    }
}

/// Reads one PC.
struct DeviceGet: RPCMethod {
    static let name = "device.get"
    static let summary = "One PC that the caller may see."
    static let access = RPCAccess.kinds([.partner, .customer, .device, .support, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["device.notFound", "device.conflict"]

    struct Params: Codable, Sendable, JSONDescribed {
        var serial: String
        var productNumber: String?

        static let schema = JSONSchema.object([
            .required("serial", .identifier), .optional("productNumber", .string(1...20)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> DeviceAnswer {
        let caller = try context.principal
        guard case .success(let serial) = SerialNumber.read(params.serial) else { throw RPCError.notFound("device") }
        let product = try params.productNumber.map { text throws(RPCError) -> ProductNumber in
            guard let product = ProductNumber(text) else {
                throw .invalidParam("productNumber", "must be a product number such as 9G2J7ET")
            }
            return product
        }
        return try await context.read { transaction in
            let answers = try await transaction.query(
                SQLStatement(
                    "select * from holding.device_seen where serial = $1 order by device_id", name: "DeviceGet",
                    .text(serial.text))
            ).map { try DeviceAnswer($0, for: caller) }
            switch DeviceMatch(asking: product, among: answers.map { $0.productNumber.flatMap { ProductNumber($0) } }) {
            case .none: throw RPCError.notFound("device")
            case .one(let index): return answers[index]
            case .ambiguous:
                throw RPCError.conflict(
                    "device", "Several products share the serial number; name the product number.",
                    detail: ["outcome": "ambiguous-product"])
            }
        }
    }
}
