import Foundation
import WorkflowKit

/// A PC joins a customer's dashboard by the customer's PIN.
struct DeviceEnroll: RPCMethod {
    static let name = "device.enroll"
    static let summary = "A PC joins a customer's dashboard with the company PIN."
    static let access = RPCAccess.kinds([.device, .customer])
    static let effect = RPCEffect.changes
    static let errors = ["auth.failed", "rate.limited", "customer.precondition", "device.conflict"]

    let guesses = PINGuesses()

    struct Params: Codable, Sendable, JSONDescribed {
        var cpin: String
        var serial: String
        var productNumber: String?

        static let schema = JSONSchema.object([
            .required("cpin", .string(1...40)), .required("serial", .identifier),
            .optional("productNumber", .string(1...20)),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var customerId: String
        /// Whether this is the first covered PC of the dashboard, which switched its self-service alerts on.
        var firstCovered: Bool

        static let schema = JSONSchema.object([.required("customerId", .uuid), .required("firstCovered", .boolean)])
    }

    static func orderingKey(_ params: Params) -> String? { "device:\(params.serial.uppercased())" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let caller = try context.principal
        let now = context.now
        guard case .success(let serial) = SerialNumber.read(params.serial) else {
            throw RPCError.invalidParam("serial", "must be a serial number")
        }
        if caller.kind == .device, caller.serial != serial.text {
            throw RPCError.forbidden("A PC enrols only itself.")
        }
        let product = params.productNumber.flatMap { ProductNumber($0) }
        if params.productNumber != nil, product == nil {
            throw RPCError.invalidParam("productNumber", "must be a product number such as 9G2J7ET")
        }
        try guesses.check(caller.qualifiedID, at: now)
        let pin = CompanyPIN(typed: params.cpin)
        let enrolled = try await Self.told {
            try await context.change("device:\(serial.text)") { transaction in
                try await transaction.withServerRights {
                    guard let pin, let customer = try await CustomerBook.find(pin, in: transaction),
                        caller.kind == .device || caller.customerID == CustomerID(customer.id).text
                    else { throw WrongPIN() }
                    return try await EnrolmentBook.enrol(
                        DeviceKey(serial: serial, product: product), into: customer, at: now, in: transaction)
                }
            }
        }
        guard let enrolled else {
            guesses.wrong(caller.qualifiedID, at: now)
            throw RPCError.authenticationFailed("That is not the PIN of a company.")
        }
        return enrolled
    }

    private struct WrongPIN: Error {}

    /// nil for a wrong PIN, whose transaction is over before it is counted.
    private static func told(_ body: () async throws -> Result) async throws -> Result? {
        do { return try await body() } catch is WrongPIN { return nil }
    }
}
