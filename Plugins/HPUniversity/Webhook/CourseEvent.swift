package import HoldingTenant
package import WorkflowKit

/// What a signed message from the university says: a flat event, or a statement.
package enum CourseEvent: Hashable, Sendable {
    case flat(FlatEvent)
    case statement(XAPIStatement)
    /// An event of another kind; it is acknowledged and ignored.
    case other(type: String)

    /// `learning.course.completed` with the learner, the course and the outcome.
    package struct FlatEvent: Hashable, Sendable {
        package let course: String
        package let learner: String
        /// The partner that the learner works for, if the university says so.
        package let partner: PartnerID?
        package let result: String
        package let completedAt: Timestamp
    }

    package static let completedType = "learning.course.completed"

    /// Reads the body of a message whose signature was verified; every fault is in the error, with its path.
    package init(body: String) throws(JSONFieldErrors) {
        let json: JSON
        do {
            json = try JSON(parsing: body)
        } catch {
            throw JSONFieldErrors([JSONFieldError(path: "webhook.body", message: "is no JSON: \(error)")])
        }
        var errors: [JSONFieldError] = []
        let path = JSONPath.member(.member(.root, "webhook"), "body")
        if json.objectValue == nil {
            throw JSONFieldErrors([JSONFieldError(path: path.dotted, message: "must be an object")])
        }
        let data = json["data"]
        if let statement = Self.statement(in: data) {
            self = .statement(try XAPIStatement(statement.json, path: statement.path(.member(path, "data"))))
            return
        }
        guard let type = json["type"]?.stringValue else {
            throw JSONFieldErrors([JSONFieldError(path: "\(path.dotted).type", message: "must be a string")])
        }
        guard type == Self.completedType else {
            self = .other(type: type)
            return
        }
        func text(_ key: String) -> String {
            guard let text = data?[key]?.stringValue, !text.isEmpty else {
                errors.append(
                    JSONFieldError(
                        path: "\(path.dotted).data.\(key)",
                        message: data?[key] == nil ? "is missing" : "must be a string that is not empty"))
                return ""
            }
            return text
        }
        let (course, learner, result) = (text("courseId"), text("learnerId"), text("result"))
        let completed = Timestamp(rfc3339: text("completedAt"))
        if completed == nil, data?["completedAt"]?.stringValue?.isEmpty == false {
            errors.append(
                JSONFieldError(
                    path: "\(path.dotted).data.completedAt", message: "must be a time such as 2026-03-05T09:12:40Z"))
        }
        var partner: PartnerID?
        if let named = data?["partnerId"] {
            partner = named.stringValue.flatMap { PartnerID($0) }
            if partner == nil {
                errors.append(
                    JSONFieldError(path: "\(path.dotted).data.partnerId", message: "must be a partner number"))
            }
        }
        guard errors.isEmpty, let completed else { throw JSONFieldErrors(errors) }
        self = .flat(
            FlatEvent(course: course, learner: learner, partner: partner, result: result, completedAt: completed))
    }

    private static func statement(in data: JSON?) -> (json: JSON, path: (JSONPath) -> JSONPath)? {
        if let inner = data?["statement"], inner.objectValue != nil { return (inner, { .member($0, "statement") }) }
        if let data, data["actor"] != nil || data["verb"] != nil { return (data, { $0 }) }
        return nil
    }
}

extension CompletionRules {
    /// Judges a flat event. The university signed it, so the partner that it names counts for a learner who is not
    /// linked yet; a link to another partner contradicts it.
    package static func judge(
        _ event: CourseEvent.FlatEvent, linkedPartner: PartnerID?, catalogue: CourseCatalogue, now: Timestamp
    ) -> Verdict {
        guard let course = catalogue.course(numbered: event.course) else { return .ignored(.course) }
        guard ["passed", "completed", "satisfied"].contains(event.result) else { return .ignored(.unsuccessful) }
        guard let partner = linkedPartner ?? event.partner else { return .ignored(.learner) }
        if let named = event.partner, named != partner { return .ignored(.partner) }
        return judge(
            Completion(
                course: course, learner: learnerKey(homePage: catalogue.homePage, name: event.learner),
                partner: partner, at: event.completedAt),
            catalogue: catalogue, now: now)
    }
}
