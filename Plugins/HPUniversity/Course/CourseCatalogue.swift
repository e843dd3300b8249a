package import HoldingTenant
package import WorkflowKit

/// Which courses exist and which of them certify for which track; a value of the configuration.
package struct CourseCatalogue: Hashable, Sendable {
    /// What a partner has to complete for one track.
    package struct Requirement: Hashable, Sendable {
        package let track: Track
        /// The tiers whose customers the partner may then serve.
        package let tiers: [Tier]
        /// Course numbers; all are needed.
        package let courses: [String]
        /// Whether one learner must complete all of them; otherwise several learners of a partner may share them.
        package let isForOneLearner: Bool
    }

    /// When completions of a course count; a course without an entry has no limits.
    package struct Validity: Hashable, Sendable {
        /// The first moment at which a completion counts.
        package let from: Timestamp?
        /// The first moment at which a completion no longer counts.
        package let until: Timestamp?
        /// How long a certification lasts after the completion; `nil` for ever.
        package let lasts: Duration?

        package static let unlimited = Validity(from: nil, until: nil, lasts: nil)
    }

    /// What stands before the course number in an activity's identifier.
    package let activityPrefix: String
    /// The `homePage` of learners' accounts that a flat event means.
    package let homePage: String
    package let requirements: [Requirement]
    package let validity: [String: Validity]

    /// The course number of an activity; `nil` if no track needs the course.
    package func course(ofActivity id: String) -> String? {
        guard id.hasPrefix(activityPrefix) else { return nil }
        return course(numbered: String(id.dropFirst(activityPrefix.count)))
    }

    package func course(numbered number: String) -> String? {
        requirements.contains { $0.courses.contains(number) } ? number : nil
    }

    /// The catalogue that the server is shipped with.
    package static let shipped = CourseCatalogue(
        activityPrefix: "https://learn.hpuniversity.example/courses/", homePage: "https://learn.hpuniversity.example",
        requirements: [
            Requirement(
                track: .resellAndMonitor, tiers: Tier.allCases, courses: ["000111475"], isForOneLearner: true),
            Requirement(
                track: .serviceDelivery, tiers: Tier.allCases, courses: ["0001114953", "0001114825"],
                isForOneLearner: true),
        ], validity: [:])
}

extension CourseCatalogue {
    /// Reads a catalogue from the configuration:
    /// `{"activityPrefix","homePage","tracks":[{"partnerType","tiers","allOf","sameLearner"?}],
    /// "courses"?:{"<number>":{"from"?,"until"?,"lastsDays"?}}}`. What is left out is as shipped.
    ///
    /// A track is named as on the wire or in capitals, as older configurations do: `SERVICE_DELIVERY`.
    package init(configuration json: JSON) throws(JSONFieldErrors) {
        var errors: [JSONFieldError] = []
        func note(_ path: String, _ message: String) {
            errors.append(JSONFieldError(path: path, message: message))
        }
        activityPrefix = json["activityPrefix"]?.stringValue ?? Self.shipped.activityPrefix
        homePage = json["homePage"]?.stringValue ?? Self.shipped.homePage
        var requirements: [Requirement] = []
        let tracks = json["tracks"]?.arrayValue ?? []
        if tracks.isEmpty { note("tracks", "needs at least one track") }
        for (index, entry) in tracks.enumerated() {
            let path = "tracks[\(index)]"
            let track = Self.track(entry["partnerType"]?.stringValue ?? "")
            if track == nil { note("\(path).partnerType", "must be the name of a track, such as service-delivery") }
            let courses = (entry["allOf"]?.arrayValue ?? []).compactMap(\.stringValue)
            if courses.isEmpty || courses.count != entry["allOf"]?.arrayValue?.count {
                note("\(path).allOf", "must be a list of course numbers")
            }
            let tierNames = (entry["tiers"]?.arrayValue ?? []).compactMap(\.stringValue)
            let tiers = tierNames.compactMap { Tier(recognising: $0) }
            if tiers.isEmpty || tiers.count != tierNames.count { note("\(path).tiers", "must be a list of tiers") }
            requirements.append(
                Requirement(
                    track: track ?? .serviceDelivery, tiers: tiers, courses: courses,
                    isForOneLearner: entry["sameLearner"]?.boolValue ?? true))
        }
        var validity: [String: Validity] = [:]
        for member in json["courses"]?.objectValue ?? JSONObject() {
            func time(_ key: String) -> Timestamp? {
                guard let value = member.value[key] else { return nil }
                let time = value.stringValue.flatMap { Timestamp(rfc3339: $0) }
                if time == nil { note("courses.\(member.key).\(key)", "must be a time such as 2026-03-05T00:00:00Z") }
                return time
            }
            let days = member.value["lastsDays"]?.intValue
            if member.value["lastsDays"] != nil, days.map({ $0 < 1 || $0 > 36_500 }) ?? true {
                note("courses.\(member.key).lastsDays", "must be a whole number of days between 1 and 36500")
            }
            validity[member.key] = Validity(
                from: time("from"), until: time("until"), lasts: days.map { .seconds($0 * 86_400) })
        }
        self.requirements = requirements
        self.validity = validity
        guard errors.isEmpty else { throw JSONFieldErrors(errors) }
    }

    private static func track(_ name: String) -> Track? {
        let known = name.lowercased().split(separator: "_").joined(separator: "-")
        switch known {
        case "": return nil
        case "resell-view-monitor", "resell-and-view-monitor": return .resellAndMonitor
        default: return known.allSatisfy({ $0.isLowercase || $0 == "-" }) ? Track(name: known) : nil
        }
    }
}
