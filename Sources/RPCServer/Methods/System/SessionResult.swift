internal import WorkflowKit

/// Whose session it is and how long it lasts.
struct SessionResult: Codable, Sendable, JSONDescribed {
    struct Holder: Codable, Sendable {
        let kind: PrincipalKind
        let id: String
        let name: String
        let scopes: [String]
    }

    let principal: Holder
    let expiresAt: Timestamp

    init(_ token: AuthenticatedToken) {
        let principal = token.principal
        self.principal = Holder(
            kind: principal.kind, id: principal.id, name: principal.name, scopes: principal.scopes)
        expiresAt = token.expiresAt
    }

    static let schema = JSONSchema.object([
        .required(
            "principal",
            .object([
                .required("kind", .oneOf(PrincipalKind.allCases.map(\.rawValue))), .required("id", .text),
                .required("name", .text), .required("scopes", .array(of: .text)),
            ])),
        .required("expiresAt", .timestamp),
    ])
}
