import Foundation
import WorkflowKit

/// Creates a customer's dashboard, which is pending until the customer's IT admin accepts.
struct CustomerCreate: RPCMethod {
    static let name = "customer.create"
    static let summary = "Creates a customer's dashboard and invites its IT admin."
    static let access = RPCAccess.kinds([.partner])
    static let effect = RPCEffect.changes
    static let errors = ["partner.notFound"]

    let runs: any RunLauncher
    let periods: InvitationPeriods

    struct Params: Codable, Sendable, JSONDescribed {
        var name: String
        var admin: CustomerAnswer.Admin
        var address: String?
        var plan: String

        static let schema = JSONSchema.object([
            .required("name", .string(1...200)), .required("admin", CustomerAnswer.Admin.schema),
            .optional("address", .string(1...500)), .required("plan", .oneOf(Tier.allCases.map(\.rawValue))),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var customerId: String
        var status: String
        /// With this text the IT admin accepts, once; it is not shown again.
        var invitation: String

        static let schema = JSONSchema.object([
            .required("customerId", .uuid), .required("status", .text), .required("invitation", .text),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        guard let partner = try context.principal.partnerID else { throw RPCError.notFound("partner") }
        guard params.admin.email.contains("@") else {
            throw RPCError.invalidParam("admin.email", "must be an e-mail address")
        }
        let now = context.now
        let (id, invitation) = (UUID(), CustomerBook.secret(prefix: "hfi_"))
        let result = try await context.change("customer:\(CustomerID(id))") { transaction in
            guard try await PartnerBook.profile(of: partner, in: transaction) != nil else {
                throw RPCError.notFound("partner")
            }
            try await transaction.execute(
                SQLStatement(
                    """
                    insert into holding.customer (
                        customer_id, partner_id, name, admin_first_name, admin_last_name, admin_email, address, plan,
                        status, created_at, invited_at, invitation_hash)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, 'invited', $9, $9, $10)
                    """, name: "InsertCustomer", .uuid(id), .text(partner), .text(params.name),
                    .text(params.admin.firstName), .text(params.admin.lastName), .text(params.admin.email),
                    .text(orNull: params.address), .text(params.plan), .timestamp(now), .bytes(invitation.hash)))
            try await transaction.emit(
                Event(
                    "customer.invited", to: [.partner(partner)], at: now,
                    data: ["customerId": .string(CustomerID(id).text), "name": .string(params.name)]))
            try await runs.watchInvitation(of: id, periods, in: transaction)
            return Result(customerId: CustomerID(id).text, status: "invited", invitation: invitation.text)
        }
        runs.transactionCommitted()
        return result
    }
}

/// The customer's IT admin accepts the partner.
struct CustomerAccept: RPCMethod {
    static let name = "customer.accept"
    static let summary = "Accepts an invitation; answers with a token of the customer."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.changes
    static let errors = ["invitation.notFound", "customer.conflict", "customer.precondition"]

    let runs: any RunLauncher

    struct Params: Codable, Sendable, JSONDescribed {
        var invitation: String
        static let schema = JSONSchema.object([.required("invitation", .identifier)])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var customerId: String
        /// Shown this once.
        var token: String
        static let schema = JSONSchema.object([.required("customerId", .uuid), .required("token", .text)])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let (now, hash) = (context.now, CustomerBook.hash(of: params.invitation))
        let result = try await context.change("customer") { transaction in
            try await transaction.withServerRights {
                let rows = try await transaction.query(
                    SQLStatement(
                        "select * from holding.customer where invitation_hash = $1 for update",
                        name: "CustomerByInvitation", .bytes(hash)))
                guard let row = rows.first else { throw RPCError.notFound("invitation") }
                var customer = try CustomerBook.customer(row)
                guard customer.invitationEndedAt == nil else { throw Self.expired }
                switch customer.access.accept(at: now) {
                case .success: break
                case .failure(.alreadyAccepted):
                    throw RPCError.conflict("customer", "The invitation was accepted before.")
                case .failure(.disabled), .failure(.expired):
                    throw Self.expired
                }
                try await transaction.execute(
                    SQLStatement(
                        "update holding.customer set status = 'accepted', accepted_at = $2 where customer_id = $1",
                        name: "AcceptCustomer", .uuid(customer.id), .timestamp(now)))
                _ = try await CustomerBook.renewPIN(of: customer.id, in: transaction)
                let token = try await CustomerBook.issueToken(for: customer, at: now, in: transaction)
                let id = CustomerID(customer.id).text
                try await runs.tellInvitation(of: customer.id, .accepted, in: transaction)
                try await transaction.emit(
                    Event(
                        "customer.accepted", to: [.partner(customer.partner), .customer(id)], at: now,
                        data: ["customerId": .string(id), "name": .string(customer.name)]))
                return Result(customerId: id, token: token)
            }
        }
        runs.transactionCommitted()
        return result
    }

    private static let expired = RPCError.precondition(
        "customer", "The invitation is no longer good; ask for a new one.")
}

/// Reads one customer.
struct CustomerGet: RPCMethod {
    static let name = "customer.get"
    static let summary = "One customer; its details once it has accepted."
    static let access = RPCAccess.kinds([.partner, .customer, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["customer.notFound"]

    typealias Params = CustomerReference

    func call(_ params: Params, _ context: RPCContext) async throws -> CustomerAnswer {
        try await context.read { transaction in
            let customer = try await CustomerAnswer.visible(params.customerId, in: transaction)
            let rows = try await transaction.query(
                SQLStatement(
                    "select count(*) as devices from holding.device where customer_id = $1", name: "CountDevices",
                    .uuid(customer.id)))
            return CustomerAnswer(customer, devices: try rows[0].int("devices"))
        }
    }
}

/// Lists customers in the order of their ids.
struct CustomerList: RPCMethod {
    static let name = "customer.list"
    static let summary = "The customers that the caller may see."
    static let access = RPCAccess.kinds([.partner, .customer, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var limit: Int?
        var cursor: String?
        static let schema = JSONSchema.object(PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<CustomerAnswer> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        var after: UUID?
        if let cursor = page.cursor {
            after = try PageCursor(cursor, count: 1).values[0].stringValue.flatMap(UUID.init(uuidString:))
            guard after != nil else {
                throw RPCError.invalidParam("cursor", "must be a cursor that a page of this list gave")
            }
        }
        let place = after
        let rows = try await context.read { transaction in
            try await transaction.query(
                SQLStatement(
                    """
                    select customer.*,
                        (select count(*) from holding.device where device.customer_id = customer.customer_id) as devices
                    from holding.customer
                    where $1::uuid is null or customer_id > $1
                    order by customer_id
                    limit $2
                    """, name: "CustomerList", .uuid(orNull: place), .int4(Int32(page.limit + 1)))
            ).map { CustomerAnswer(try CustomerBook.customer($0), devices: try $0.int("devices")) }
        }
        return try Page(rows: rows, limit: page.limit, context: context) { PageCursor([.string($0.customerId)]) }
    }
}
