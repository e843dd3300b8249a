/// Where a value stands in the outermost one.
package indirect enum JSONPath: Sendable {
    case root
    case member(JSONPath, String)
    case element(JSONPath, Int)

    /// Dotted, for people and for the wire: `runs[3].input.steps`; empty for the root.
    package var dotted: String {
        switch self {
        case .root: ""
        case .member(.root, let key): key
        case .member(let parent, let key): "\(parent.dotted).\(key)"
        case .element(let parent, let index): "\(parent.dotted)[\(index)]"
        }
    }

    /// The same for `Codable`, which only asks for it when it makes an error.
    var codingPath: [any CodingKey] {
        switch self {
        case .root: []
        case .member(let parent, let key): parent.codingPath + [JSONKey(key)]
        case .element(let parent, let index): parent.codingPath + [JSONKey(index)]
        }
    }
}

/// A key of any object or array.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ key: String) {
        stringValue = key
        intValue = nil
    }

    init(_ index: Int) {
        stringValue = String(index)
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}
