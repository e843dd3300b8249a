package import WorkflowKit

/// One xAPI 1.0.3 statement, as far as the rules need it. The whole of it was checked when it was read.
package struct XAPIStatement: Hashable, Sendable {
    /// The text of a UUID in lower case; `nil` if the sender gave none.
    package let id: String?
    package let actor: Actor
    /// An IRI.
    package let verb: String
    package let object: Object
    package let success: Bool?
    package let completion: Bool?
    /// Keys of `result.extensions`.
    package let resultExtensions: Set<String>
    /// Identifiers of the activities in `context.contextActivities.category`.
    package let categories: Set<String>
    package let contextExtensions: JSONObject
    package let timestamp: Timestamp?
    /// The statement as it came.
    package let json: JSON

    package enum Actor: Hashable, Sendable {
        /// A person with an account at a learning system.
        case account(homePage: String, name: String)
        /// A person known by `mbox`, `mbox_sha1sum` or `openid`.
        case agent(identifier: String, value: String)
        case group
    }

    package enum Object: Hashable, Sendable {
        case activity(id: String)
        case statementReference(id: String)
        /// An agent, a group or a sub-statement.
        case other(String)
    }

    /// Reads a statement; every fault is in the error, with its path.
    package init(_ json: JSON, path: JSONPath = .root) throws(JSONFieldErrors) {
        var check = XAPICheck()
        check.statement(json, path)
        guard check.errors.isEmpty else { throw JSONFieldErrors(check.errors) }
        self.json = json
        id = json["id"]?.stringValue?.lowercased()
        actor = Self.actor(json["actor"])
        verb = json["verb"]?["id"]?.stringValue ?? ""
        object = Self.object(json["object"])
        success = json["result"]?["success"]?.boolValue
        completion = json["result"]?["completion"]?.boolValue
        resultExtensions = Set(json["result"]?["extensions"]?.objectValue?.keys ?? [])
        categories = Self.categories(json["context"]?["contextActivities"]?["category"])
        contextExtensions = json["context"]?["extensions"]?.objectValue ?? JSONObject()
        timestamp = json["timestamp"]?.stringValue.flatMap(XAPICheck.time)
    }

    private static func actor(_ json: JSON?) -> Actor {
        if json?["objectType"]?.stringValue == "Group" { return .group }
        if let account = json?["account"] {
            return .account(
                homePage: account["homePage"]?.stringValue ?? "", name: account["name"]?.stringValue ?? "")
        }
        for identifier in ["mbox", "mbox_sha1sum", "openid"] {
            if let value = json?[identifier]?.stringValue { return .agent(identifier: identifier, value: value) }
        }
        return .group
    }

    private static func object(_ json: JSON?) -> Object {
        let id = json?["id"]?.stringValue ?? ""
        switch json?["objectType"]?.stringValue {
        case nil, "Activity": return .activity(id: id)
        case "StatementRef": return .statementReference(id: id.lowercased())
        case let type?: return .other(type)
        }
    }

    private static func categories(_ json: JSON?) -> Set<String> {
        let activities = json?.arrayValue ?? (json.map { [$0] } ?? [])
        return Set(activities.compactMap { $0["id"]?.stringValue })
    }
}
