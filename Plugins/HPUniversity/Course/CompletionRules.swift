package import HoldingTenant
package import WorkflowKit

/// Who completed which course; the same from a statement and from a flat event.
package struct Completion: Hashable, Sendable {
    package let course: String
    /// The learner's account: home page and name with a line break between them.
    package let learner: String
    package let partner: PartnerID
    package let at: Timestamp

    package init(course: String, learner: String, partner: PartnerID, at: Timestamp) {
        self.course = course
        self.learner = learner
        self.partner = partner
        self.at = at
    }
}

/// Decides whether a statement or an event means that a course of the catalogue was completed.
package enum CompletionRules {
    /// What a statement means when it does not count; the text is the `reason` on the wire.
    package enum Ignored: String, Hashable, Sendable {
        case verb = "the verb does not say that the course was completed"
        case unit = "one unit of a cmi5 course was completed, not the course"
        case object = "the object is not an activity"
        case course = "the course is not in the catalogue"
        case unsuccessful = "the result is not a success"
        case actor = "the actor is not a person with an account"
        case learner = "the learner is not linked to a partner"
        case partner = "the learner is linked to another partner than the message names"
        case voided = "the statement was voided"
        case tooOld = "the completion is outside of the course's validity"
        case future = "the completion lies in the future"
    }

    package enum Verdict: Hashable, Sendable {
        case counts(Completion)
        case ignored(Ignored)
    }

    /// How far a learning system's clock may be ahead.
    package static let clockSkew = Duration.seconds(300)

    /// The extension in which a learning system names the learner's partner.
    static let partnerExtension = "/ext/partner-id"
    static let cmi5Category = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
    static let cmi5Reason = "https://w3id.org/xapi/cmi5/result/extensions/reason"

    /// The learner's account as the key under which a partner is linked to it; `nil` if the actor has no account.
    package static func learner(of statement: XAPIStatement) -> String? {
        guard case .account(let homePage, let name) = statement.actor else { return nil }
        return learnerKey(homePage: homePage, name: name)
    }

    package static func learnerKey(homePage: String, name: String) -> String {
        "\(homePage)\n\(name)"
    }

    /// - Parameters:
    ///   - partner: the partner to which the learner is linked.
    ///   - isVoided: a voiding statement for this one arrived, before or after it.
    package static func judge(
        _ statement: XAPIStatement, partner: PartnerID?, isVoided: Bool, catalogue: CourseCatalogue, now: Timestamp
    ) -> Verdict {
        guard isCompletion(statement) else { return .ignored(.verb) }
        let isCourseVerb = statement.verb == XAPIVerb.satisfied || statement.verb == XAPIVerb.waived
        if statement.categories.contains(cmi5Category), !isCourseVerb { return .ignored(.unit) }
        guard case .activity(let activity) = statement.object else { return .ignored(.object) }
        guard let course = catalogue.course(ofActivity: activity) else { return .ignored(.course) }
        guard statement.success != false, statement.completion != false else { return .ignored(.unsuccessful) }
        guard let learner = learner(of: statement) else { return .ignored(.actor) }
        guard let partner else { return .ignored(.learner) }
        let named = statement.contextExtensions.first { $0.key.hasSuffix(partnerExtension) }?.value.stringValue
        if let named, named != partner.text { return .ignored(.partner) }
        if isVoided { return .ignored(.voided) }
        return judge(
            Completion(course: course, learner: learner, partner: partner, at: statement.timestamp ?? now),
            catalogue: catalogue, now: now)
    }

    /// What does not depend on how the completion was told.
    static func judge(_ completion: Completion, catalogue: CourseCatalogue, now: Timestamp) -> Verdict {
        if completion.at > now + clockSkew { return .ignored(.future) }
        let validity = catalogue.validity[completion.course] ?? .unlimited
        if let from = validity.from, completion.at < from { return .ignored(.tooOld) }
        if let until = validity.until, completion.at >= until { return .ignored(.tooOld) }
        return .counts(completion)
    }

    private static func isCompletion(_ statement: XAPIStatement) -> Bool {
        switch statement.verb {
        case XAPIVerb.completed, XAPIVerb.passed, XAPIVerb.satisfied: true
        case XAPIVerb.waived: statement.resultExtensions.contains(cmi5Reason)
        default: false
        }
    }
}

/// Decides what a voiding statement does.
package enum VoidingRules {
    package enum Verdict: Hashable, Sendable {
        /// The completion no longer counts.
        case takeBack
        /// The statement is not known yet; remember it, so that it does not count when it comes.
        case remember
        /// A certification rests on it already: it stays.
        case tooLate
        /// A voiding statement cannot be voided.
        case notAllowed
    }

    /// What is known of the statement that is to be voided.
    package enum Target: Hashable, Sendable {
        case unknown
        case completion(ledToCertification: Bool)
        /// It was known and did not count anyway.
        case ignored
        case voiding
    }

    /// The statement that is to be voided; `nil` if `statement` does not void.
    package static func target(of statement: XAPIStatement) -> String? {
        guard statement.verb == XAPIVerb.voided, case .statementReference(let id) = statement.object else { return nil }
        return id
    }

    package static func judge(_ target: Target) -> Verdict {
        switch target {
        case .unknown: .remember
        case .completion(let ledToCertification): ledToCertification ? .tooLate : .takeBack
        case .ignored: .takeBack
        case .voiding: .notAllowed
        }
    }
}
