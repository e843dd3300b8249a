import Crypto
package import Foundation
package import WorkflowKit

/// One customer as the database has it.
package struct KeptCustomer: Sendable {
    package let id: UUID
    package let partner: String
    package let name: String
    package let plan: String
    package var access: CustomerAccess
    /// When the invitation ended without being accepted.
    package var invitationEndedAt: Timestamp?
    package var selfService: SelfServiceSwitch
    package let admin: (firstName: String, lastName: String, email: String)
    package let address: String?
    package let sealedPIN: [UInt8]?

    package var facts: CustomerFacts {
        CustomerFacts(customer: CustomerID(id), partner: PartnerID(unchecked: partner), status: access.status)
    }
}

/// Customers and their secrets.
package enum CustomerBook {
    /// The customer if the transaction sees it; nil otherwise.
    package static func find(
        _ id: UUID, isLocked: Bool = false, in transaction: any Transaction
    ) async throws(SQLError) -> KeptCustomer? {
        if isLocked {
            _ = try await transaction.query(
                SQLStatement(
                    "select customer_id from holding.customer where customer_id = $1 for update", name: "LockCustomer",
                    .uuid(id)))
        }
        let rows = try await transaction.query(
            SQLStatement("select * from holding.customer where customer_id = $1", name: "CustomerByID", .uuid(id)))
        guard let row = rows.first else { return nil }
        return try customer(row)
    }

    static func customer(_ row: SQLRow) throws(SQLError) -> KeptCustomer {
        KeptCustomer(
            id: try row.uuid("customer_id"), partner: try row.text("partner_id"), name: try row.text("name"),
            plan: try row.text("plan"),
            access: CustomerAccess(
                status: CustomerStatus(rawValue: try row.text("status")) ?? .disabled,
                acceptedAt: try row.timestampOrNull("accepted_at"), invitedAt: try row.timestamp("invited_at")),
            invitationEndedAt: try row.timestampOrNull("invitation_ended_at"),
            selfService: SelfServiceSwitch(
                isOn: try row.bool("self_service_alerts"), firstCoveredAt: try row.timestampOrNull("first_covered_at")),
            admin: (
                try row.text("admin_first_name"), try row.text("admin_last_name"), try row.text("admin_email")
            ), address: try row.textOrNull("address"), sealedPIN: try row.bytesOrNull("cpin_sealed"))
    }

    /// The customer whose PIN it is, locked against a change of the PIN; nil for a wrong one. Sees every customer.
    static func find(_ pin: CompanyPIN, in transaction: any Transaction) async throws -> KeptCustomer? {
        let keys = try await ServerKeys(in: transaction)
        let rows = try await transaction.query(
            SQLStatement(
                "select * from holding.customer where cpin_fingerprint = $1 for share", name: "CustomerByPIN",
                .bytes(keys.fingerprint(of: pin))))
        return try rows.first.map { try customer($0) }
    }

    /// Gives the customer a new PIN; the old one is worth nothing from then on.
    static func renewPIN(of customer: UUID, in transaction: any Transaction) async throws -> CompanyPIN {
        let keys = try await ServerKeys(in: transaction)
        var generator = SystemRandomNumberGenerator()
        let pin = CompanyPIN(using: &generator)
        try await transaction.execute(
            SQLStatement(
                """
                update holding.customer set cpin_sealed = $2, cpin_fingerprint = $3 where customer_id = $1
                """, name: "StorePIN", .uuid(customer), .bytes(try keys.sealed(pin)),
                .bytes(keys.fingerprint(of: pin))))
        return pin
    }

    /// A secret text that is shown once; what is kept of it is its SHA-256.
    static func secret(prefix: String) -> (text: String, hash: [UInt8]) {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var generator = SystemRandomNumberGenerator()
        let random = (0..<32).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
        let text = prefix + String(random)
        return (text, hash(of: text))
    }

    static func hash(of text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// How long the token of an IT admin is good.
    private static let tokenLasts = Duration.seconds(365 * 86_400)

    /// Makes a token of the customer; its text is told this once.
    static func issueToken(
        for customer: KeptCustomer, at now: Timestamp, in transaction: any Transaction
    ) async throws -> String {
        let (text, hash) = secret(prefix: "hf_customer_")
        let id = CustomerID(customer.id).text
        try await transaction.execute(
            SQLStatement(
                """
                insert into holdfast.principal_token (
                    token_id, kind, principal_id, name, scopes, customer_id, token_hash, created_at, expires_at)
                values ($1, 'customer', $2, $3, '{}', $2, $4, $5, $6)
                """, name: "IssueCustomerToken", .text("tok_\(UUID().uuidString.lowercased())"), .text(id),
                .text(customer.name), .bytes(hash), .timestamp(now), .timestamp(now + tokenLasts)))
        return text
    }
}
