import Foundation
import WorkflowKit

/// Sends a new invitation to a customer that has not accepted the last one, which is worth nothing from then on.
struct CustomerInvite: RPCMethod {
    static let name = "customer.invite"
    static let summary = "Invites a customer again that has not accepted; the earlier invitation ends at once."
    static let access = RPCAccess.kinds([.partner])
    static let effect = RPCEffect.changes
    static let errors = ["customer.notFound", "customer.conflict", "customer.precondition"]

    let runs: any RunLauncher
    let periods: InvitationPeriods

    static func orderingKey(_ params: CustomerReference) -> String? { "customer:\(params.customerId.lowercased())" }

    func call(_ params: CustomerReference, _ context: RPCContext) async throws -> CustomerCreate.Result {
        let (now, invitation) = (context.now, CustomerBook.secret(prefix: "hfi_"))
        let result = try await context.change("customer:\(params.customerId)") { transaction in
            var customer = try await CustomerAnswer.visible(params.customerId, isLocked: true, in: transaction)
            switch customer.access.inviteAgain(at: now) {
            case .success: break
            case .failure(.disabled):
                throw RPCError.precondition("customer", "The customer was disabled.")
            case .failure:
                throw RPCError.conflict("customer", "The customer has accepted.")
            }
            try await transaction.execute(
                SQLStatement(
                    """
                    update holding.customer
                    set invited_at = $2, invitation_hash = $3, invitation_ended_at = null
                    where customer_id = $1
                    """, name: "InviteAgain", .uuid(customer.id), .timestamp(now), .bytes(invitation.hash)))
            try await transaction.emit(
                Event(
                    "customer.invited", to: [.partner(customer.partner)], at: now,
                    data: ["customerId": .string(CustomerID(customer.id).text), "name": .string(customer.name)]))
            try await runs.watchInvitation(of: customer.id, periods, in: transaction)
            return CustomerCreate.Result(
                customerId: CustomerID(customer.id).text, status: "invited", invitation: invitation.text)
        }
        runs.transactionCommitted()
        return result
    }
}
