/// What sort of caller a session belongs to; it decides which methods may be called.
public enum PrincipalKind: String, Codable, CaseIterable, Sendable {
    /// Runs the server.
    case admin
    /// A partner, bound to one partner id.
    case partner
    /// Files sell-through reports: a distributor, or a reseller bound to its partner id.
    case reporter
    /// The hook that tells of completed courses.
    case university
    /// The agent on one PC, bound to its serial.
    case device
    /// An IT administrator of one customer.
    case customer
    /// An operator of the vendor's support.
    case support
}

/// Who makes a request: the caller that a session's token stands for.
public struct Principal: Hashable, Sendable {
    public let kind: PrincipalKind
    /// What the caller is bound to: a partner id, reporter id, serial or customer id; for the other kinds its name.
    public let id: String
    public let name: String
    /// What the caller may do beyond its kind's methods.
    public let scopes: [String]
    /// The partner whose rows the caller may see; nil when it is bound to none.
    public let partnerID: String?
    /// The reporter whose reports the caller may see.
    public let reporterID: String?
    /// The PC that the caller runs on.
    public let serial: String?
    /// The customer whose rows the caller may see.
    public let customerID: String?

    public init(
        kind: PrincipalKind, id: String, name: String, scopes: [String] = [], partnerID: String? = nil,
        reporterID: String? = nil, serial: String? = nil, customerID: String? = nil
    ) {
        self.kind = kind
        self.id = id
        self.name = name
        self.scopes = scopes
        self.partnerID = partnerID
        self.reporterID = reporterID
        self.serial = serial
        self.customerID = customerID
    }

    /// Names the caller among all kinds, for example `partner:P-1001`: the scope of idempotency keys and rate limits.
    public var qualifiedID: String { "\(kind.rawValue):\(id)" }
}
