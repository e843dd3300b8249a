import Foundation
import WorkflowKit

/// A place as callers write and read it: `"unassigned"` or `{"customerId"}`.
enum PlaceName: Codable, Hashable, Sendable, JSONDescribed {
    case unassigned
    case customer(UUID)

    static let schema = JSONSchema.anyOf([
        .oneOf(["unassigned"]), .object([.required("customerId", .uuid)]),
    ])

    init(from decoder: any Decoder) throws {
        // By way of JSON: a decoder that collects every fault would keep the one of the first attempt.
        let json = try JSON(from: decoder)
        if json.stringValue == "unassigned" {
            self = .unassigned
        } else if let id = json["customerId"]?.stringValue.flatMap(UUID.init(uuidString:)) {
            self = .customer(id)
        } else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "must be \"unassigned\" or a customerId"))
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .unassigned:
            var container = encoder.singleValueContainer()
            try container.encode("unassigned")
        case .customer(let id):
            try JSON.object(["customerId": .string(id.uuidString.lowercased())]).encode(to: encoder)
        }
    }
}

/// One PC as callers read it.
struct DeviceAnswer: Codable, Sendable, JSONDescribed {
    var serial: String
    var productNumber: String?
    /// The tier that covers the PC; null until one is known.
    var entitlement: String?
    /// Null for a PC that was reported and waits, which only HP's operators and the PC itself see.
    var place: PlaceName?
    var since: Timestamp
    var reportedBy: String?
    var endCustomer: String?

    /// For cursors; never written.
    var id = 0

    private enum CodingKeys: String, CodingKey {
        case serial, productNumber, entitlement, place, since, reportedBy, endCustomer
    }

    static let schema = JSONSchema.object([
        .required("serial", .identifier), .optional("productNumber", .text),
        .required("entitlement", .nullable(.oneOf(Tier.allCases.map(\.rawValue)))),
        .required("place", .nullable(PlaceName.schema)), .required("since", .timestamp),
        .optional("reportedBy", .text), .optional("endCustomer", .text),
    ])

    /// - Parameter row: of `holding.device_seen`.
    init(_ row: SQLRow, for caller: Principal) throws {
        id = try row.int("device_id")
        serial = try row.text("serial")
        productNumber = try row.textOrNull("product_number")
        entitlement = try row.textOrNull("tier")
        let isPlaced = try !row.isNull("partner_id")
        place = try row.uuidOrNull("customer_id").map(PlaceName.customer) ?? (isPlaced ? .unassigned : nil)
        since = try row.timestamp("since")
        guard caller.kind != .customer, caller.kind != .device else { return }
        reportedBy = try row.textOrNull("filer")
        endCustomer = try row.textOrNull("end_customer")
    }

    /// `entitlement` and `place` are always written, null where there is none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(serial, forKey: .serial)
        try container.encodeIfPresent(productNumber, forKey: .productNumber)
        try container.encode(entitlement, forKey: .entitlement)
        try container.encode(place, forKey: .place)
        try container.encode(since, forKey: .since)
        try container.encodeIfPresent(reportedBy, forKey: .reportedBy)
        try container.encodeIfPresent(endCustomer, forKey: .endCustomer)
    }
}
