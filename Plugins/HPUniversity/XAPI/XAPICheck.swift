import WorkflowKit

/// Checks a statement against the data model of xAPI 1.0.3, part two, and collects every fault.
///
/// A key that the specification does not know, also one in the wrong case, is a fault; so is null anywhere outside of
/// extensions.
struct XAPICheck {
    private(set) var errors: [JSONFieldError] = []

    mutating func note(_ path: JSONPath, _ message: String) {
        errors.append(JSONFieldError(path: path.dotted, message: message))
    }

    mutating func statement(_ json: JSON, _ path: JSONPath) {
        guard
            let object = object(
                json, path, required: ["actor", "verb", "object"],
                optional: [
                    "id", "result", "context", "timestamp", "stored", "authority", "version", "attachments",
                ])
        else { return }
        body(object, path)
        check(object, "id", path) { $0.uuid($1, $2) }
        check(object, "stored", path) { $0.timestamp($1, $2) }
        check(object, "authority", path) { $0.actor($1, $2, kinds: ["Agent", "Group"]) }
        check(object, "version", path) { check, json, path in
            let version = check.string(json, path) ?? "1.0"
            if version != "1.0", !version.hasPrefix("1.0.") { check.note(path, "must be 1.0 or begin with 1.0.") }
        }
        if object["verb"]?["id"]?.stringValue == XAPIVerb.voided,
            object["object"]?["objectType"]?.stringValue != "StatementRef"
        {
            note(.member(path, "object"), "a voiding statement needs a StatementRef")
        }
    }

    /// What statements and sub-statements have in common.
    private mutating func body(_ object: JSONObject, _ path: JSONPath) {
        check(object, "actor", path) { $0.actor($1, $2, kinds: ["Agent", "Group"]) }
        check(object, "verb", path) { $0.verb($1, $2) }
        check(object, "object", path) { $0.statementObject($1, $2) }
        check(object, "result", path) { $0.result($1, $2) }
        let isActivity = ["Activity", nil].contains(object["object"]?["objectType"]?.stringValue)
        check(object, "context", path) { $0.context($1, $2, isActivity: isActivity) }
        check(object, "timestamp", path) { $0.timestamp($1, $2) }
        check(object, "attachments", path) { $0.list($1, $2) { $0.attachment($1, $2) } }
    }

    mutating func actor(_ json: JSON, _ path: JSONPath, kinds: [String]) {
        let identifiers = ["mbox", "mbox_sha1sum", "openid", "account"]
        guard
            let object = object(json, path, required: [], optional: ["objectType", "name", "member"] + identifiers)
        else { return }
        let kind = object["objectType"].map { $0.stringValue ?? "" } ?? "Agent"
        if !kinds.contains(kind) { note(.member(path, "objectType"), "must be \(kinds.joined(separator: " or "))") }
        check(object, "name", path) { _ = $0.string($1, $2) }
        let given = identifiers.filter { object[$0] != nil }
        let mayBeAnonymous = kind == "Group" && object["member"] != nil
        if given.count > 1 || (given.isEmpty && !mayBeAnonymous) {
            note(path, "needs exactly one of \(identifiers.joined(separator: ", "))")
        }
        if kind != "Group", object["member"] != nil { note(.member(path, "member"), "only a Group has members") }
        check(object, "member", path) { $0.list($1, $2) { $0.actor($1, $2, kinds: ["Agent"]) } }
        check(object, "mbox", path) { check, json, path in
            let text = check.string(json, path) ?? "mailto:a@b"
            if !text.hasPrefix("mailto:") || !text.dropFirst(7).contains("@") {
                check.note(path, "must be mailto: and an e-mail address")
            }
        }
        check(object, "mbox_sha1sum", path) { check, json, path in
            let text = check.string(json, path)
            if let text, text.utf8.count != 40 || !text.allSatisfy(\.isHexDigit) {
                check.note(path, "must be 40 hexadecimal digits")
            }
        }
        check(object, "openid", path) { $0.iri($1, $2) }
        check(object, "account", path) { check, json, path in
            guard let account = check.object(json, path, required: ["homePage", "name"], optional: []) else { return }
            check.check(account, "homePage", path) { $0.iri($1, $2) }
            check.check(account, "name", path) { check, json, path in
                if check.string(json, path)?.isEmpty ?? false { check.note(path, "must not be empty") }
            }
        }
    }

    private mutating func verb(_ json: JSON, _ path: JSONPath) {
        guard let object = object(json, path, required: ["id"], optional: ["display"]) else { return }
        check(object, "id", path) { $0.iri($1, $2) }
        check(object, "display", path) { $0.languageMap($1, $2) }
    }

    private mutating func statementObject(_ json: JSON, _ path: JSONPath) {
        switch json["objectType"]?.stringValue ?? (json["objectType"] == nil ? "Activity" : "") {
        case "Activity":
            activity(json, path)
        case "Agent", "Group":
            actor(json, path, kinds: ["Agent", "Group"])
        case "StatementRef":
            reference(json, path)
        case "SubStatement":
            guard
                let object = object(
                    json, path, required: ["objectType", "actor", "verb", "object"],
                    optional: ["result", "context", "timestamp", "attachments"])
            else { return }
            if object["object"]?["objectType"]?.stringValue == "SubStatement" {
                note(.member(path, "object"), "a SubStatement cannot hold another one")
            } else {
                body(object, path)
            }
        default:
            _ = self.object(json, path, required: [], optional: nil)
            note(.member(path, "objectType"), "must be Activity, Agent, Group, StatementRef or SubStatement")
        }
    }

    private mutating func reference(_ json: JSON, _ path: JSONPath) {
        guard let object = object(json, path, required: ["objectType", "id"], optional: []) else { return }
        if object["objectType"]?.stringValue != "StatementRef" {
            note(.member(path, "objectType"), "must be StatementRef")
        }
        check(object, "id", path) { $0.uuid($1, $2) }
    }

    mutating func activity(_ json: JSON, _ path: JSONPath) {
        guard let object = object(json, path, required: ["id"], optional: ["objectType", "definition"]) else { return }
        if let type = object["objectType"], type != "Activity" { note(.member(path, "objectType"), "must be Activity") }
        check(object, "id", path) { $0.iri($1, $2) }
        check(object, "definition", path) { $0.definition($1, $2) }
    }

    private mutating func definition(_ json: JSON, _ path: JSONPath) {
        let components = ["choices", "scale", "source", "target", "steps"]
        guard
            let object = object(
                json, path, required: [],
                optional: [
                    "name", "description", "type", "moreInfo", "extensions", "interactionType",
                    "correctResponsesPattern",
                ] + components)
        else { return }
        for key in ["name", "description"] { check(object, key, path) { $0.languageMap($1, $2) } }
        for key in ["type", "moreInfo"] { check(object, key, path) { $0.iri($1, $2) } }
        check(object, "extensions", path) { $0.extensions($1, $2) }
        check(object, "interactionType", path) { check, json, path in
            let types = [
                "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert",
                "numeric", "other",
            ]
            if let text = check.string(json, path), !types.contains(text) {
                check.note(path, "must be one of \(types.joined(separator: ", "))")
            }
        }
        check(object, "correctResponsesPattern", path) { $0.list($1, $2) { _ = $0.string($1, $2) } }
        for key in components {
            check(object, key, path) { check, json, path in
                check.list(json, path) { check, json, path in
                    guard let component = check.object(json, path, required: ["id"], optional: ["description"]) else {
                        return
                    }
                    check.check(component, "id", path) { _ = $0.string($1, $2) }
                    check.check(component, "description", path) { $0.languageMap($1, $2) }
                }
            }
        }
    }

    private mutating func result(_ json: JSON, _ path: JSONPath) {
        guard
            let object = object(
                json, path, required: [],
                optional: ["score", "success", "completion", "response", "duration", "extensions"])
        else { return }
        for key in ["success", "completion"] {
            check(object, key, path) { check, json, path in
                if json.boolValue == nil, !json.isNull { check.note(path, "must be true or false") }
            }
        }
        check(object, "response", path) { _ = $0.string($1, $2) }
        check(object, "duration", path) { check, json, path in
            if let text = check.string(json, path), !Self.isDuration(text) {
                check.note(path, "must be an ISO 8601 duration, such as PT1H12M")
            }
        }
        check(object, "extensions", path) { $0.extensions($1, $2) }
        check(object, "score", path) { $0.score($1, $2) }
    }

    private mutating func score(_ json: JSON, _ path: JSONPath) {
        guard let object = object(json, path, required: [], optional: ["scaled", "raw", "min", "max"]) else { return }
        for key in ["scaled", "raw", "min", "max"] {
            check(object, key, path) { check, json, path in
                if json.doubleValue == nil, !json.isNull { check.note(path, "must be a number") }
            }
        }
        if let scaled = object["scaled"]?.doubleValue, !(-1...1).contains(scaled) {
            note(.member(path, "scaled"), "must be between -1 and 1")
        }
        let (raw, min, max) = (object["raw"]?.doubleValue, object["min"]?.doubleValue, object["max"]?.doubleValue)
        if let min, let max, min >= max { note(.member(path, "min"), "must be less than max") }
        if let raw, let min, raw < min { note(.member(path, "raw"), "must not be less than min") }
        if let raw, let max, raw > max { note(.member(path, "raw"), "must not be greater than max") }
    }

    private mutating func context(_ json: JSON, _ path: JSONPath, isActivity: Bool) {
        guard
            let object = object(
                json, path, required: [],
                optional: [
                    "registration", "instructor", "team", "contextActivities", "revision", "platform", "language",
                    "statement", "extensions",
                ])
        else { return }
        check(object, "registration", path) { $0.uuid($1, $2) }
        check(object, "instructor", path) { $0.actor($1, $2, kinds: ["Agent", "Group"]) }
        check(object, "team", path) { $0.actor($1, $2, kinds: ["Group"]) }
        check(object, "statement", path) { $0.reference($1, $2) }
        check(object, "extensions", path) { $0.extensions($1, $2) }
        for key in ["revision", "platform"] {
            check(object, key, path) { check, json, path in
                _ = check.string(json, path)
                if !isActivity { check.note(path, "only a statement about an Activity has it") }
            }
        }
        check(object, "language", path) { check, json, path in
            if let text = check.string(json, path), !Self.isLanguage(text) {
                check.note(path, "must be a language tag, such as it-IT")
            }
        }
        check(object, "contextActivities", path) { check, json, path in
            let kinds = ["parent", "grouping", "category", "other"]
            guard let groups = check.object(json, path, required: [], optional: kinds) else { return }
            for kind in kinds {
                check.check(groups, kind, path) { check, json, path in
                    if json.arrayValue != nil {
                        check.list(json, path) { $0.activity($1, $2) }
                    } else {
                        check.activity(json, path)
                    }
                }
            }
        }
    }

    private mutating func attachment(_ json: JSON, _ path: JSONPath) {
        guard
            let object = object(
                json, path, required: ["usageType", "display", "contentType", "length", "sha2"],
                optional: ["description", "fileUrl"])
        else { return }
        for key in ["usageType", "fileUrl"] { check(object, key, path) { $0.iri($1, $2) } }
        for key in ["display", "description"] { check(object, key, path) { $0.languageMap($1, $2) } }
        for key in ["contentType", "sha2"] { check(object, key, path) { _ = $0.string($1, $2) } }
        check(object, "length", path) { check, json, path in
            if json.intValue.map({ $0 < 0 }) ?? true, !json.isNull { check.note(path, "must be a whole number") }
        }
    }
}
