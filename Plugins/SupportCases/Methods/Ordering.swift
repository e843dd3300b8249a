import WorkflowKit

/// Parameters that name one alert, case or request. Requests of one connection about the same one take effect in the
/// order in which they were sent, reading ones included.
protocol NamesEntity: Codable, Sendable {
    var entity: String { get }
}

extension RPCMethod where Params: NamesEntity {
    static func orderingKey(_ params: Params) -> String? { params.entity.lowercased() }
}
