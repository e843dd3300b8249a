import Foundation
import WorkflowKit

/// Tells for each serial number where the PC is on its way to the partner, and why.
struct DeviceTrace: RPCMethod {
    static let name = "device.trace"
    static let summary = "Where each of the listed PCs is on its way to the partner, and why."
    static let access = RPCAccess.kinds([.partner, .support, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var serials: [String]

        static let schema = JSONSchema.object([
            .required("serials", .array(of: .string(1...128), count: 1...1_000), "at most 1,000")
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        struct Step: Codable, Sendable {
            var at: Timestamp
            var what: String
            var reference: String
        }

        struct Item: Codable, Sendable {
            var serial: String
            var outcome: String
            var detail: String?
            var steps: [Step]
        }

        /// In the order asked.
        var items: [Item]

        static let schema = JSONSchema.object([
            .required(
                "items",
                .array(
                    of: .object([
                        .required("serial", .text),
                        .required("outcome", .oneOf(TraceOutcome.allCases.map(\.rawValue))),
                        .optional("detail", .text),
                        .required(
                            "steps",
                            .array(
                                of: .object([
                                    .required("at", .timestamp), .required("what", .text),
                                    .required("reference", .text),
                                ]))),
                    ])))
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let caller = try context.principal
        let asker: TraceRules.Asker =
            caller.kind == .partner ? .partner(PartnerID(unchecked: caller.partnerID ?? "")) : .operators
        let now = context.now
        return try await context.read { transaction in
            try await transaction.withServerRights {
                Result(items: try await TraceBook.trace(params.serials, for: asker, at: now, in: transaction))
            }
        }
    }
}
