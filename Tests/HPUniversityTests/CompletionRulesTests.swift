import HPUniversity
import HoldingTenant
import RequirementTags
import Testing
import WorkflowKit

private let now = Timestamp(rfc3339: "2026-03-06T00:00:00Z")!
private let beta = PartnerID(unchecked: "10284417")
private let delta = PartnerID(unchecked: "10284418")

@Suite(.requirement("D9", "D12")) struct CompletionRulesTests {
    private let sample = sampleJSON("statement-service-delivery-1.json")

    private func judge(
        _ json: JSON, partner: PartnerID? = beta, isVoided: Bool = false, catalogue: CourseCatalogue = .shipped
    ) throws -> CompletionRules.Verdict {
        CompletionRules.judge(
            try XAPIStatement(json), partner: partner, isVoided: isVoided, catalogue: catalogue, now: now)
    }

    private func ignored(_ path: String, _ value: JSON?) throws -> CompletionRules.Ignored? {
        if case .ignored(let reason) = try judge(changing(sample, path, to: value)) { reason } else { nil }
    }

    @Test func `a statement that a course was passed counts`() throws {
        #expect(
            try judge(sample)
                == .counts(
                    Completion(
                        course: "0001114953", learner: "https://learn.hpuniversity.example\nUV00123456789",
                        partner: beta, at: Timestamp(rfc3339: "2026-03-05T09:12:40Z")!)))
    }

    @Test func `only verbs that say that the course was completed count`() throws {
        let path = "verb/id"
        #expect(try ignored(path, "http://adlnet.gov/expapi/verbs/completed") == nil)
        #expect(try ignored(path, "https://w3id.org/xapi/adl/verbs/satisfied") == nil)
        for verb in ["attempted", "failed", "terminated", "initialized", "registered", "launched"] {
            #expect(try ignored(path, .string("http://adlnet.gov/expapi/verbs/\(verb)")) == .verb)
        }
        #expect(try ignored(path, "https://w3id.org/xapi/adl/verbs/waived") == .verb)
        let reason: JSON = ["https://w3id.org/xapi/cmi5/result/extensions/reason": "Tested Out"]
        let waived = changing(sample, "verb/id", to: "https://w3id.org/xapi/adl/verbs/waived")
        let verdict = try judge(changing(waived, "result/extensions", to: reason))
        guard case .counts = verdict else {
            Issue.record("waived with a reason was not counted: \(verdict)")
            return
        }
    }

    @Test func `a unit of a cmi5 course is not the course`() throws {
        let category: JSON = ["category": [["id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"]]]
        #expect(try ignored("context/contextActivities", category) == .unit)
        let satisfied = changing(sample, "verb/id", to: "https://w3id.org/xapi/adl/verbs/satisfied")
        guard case .counts = try judge(changing(satisfied, "context/contextActivities", to: category)) else {
            Issue.record("satisfied was not counted")
            return
        }
    }

    @Test func `anything else that is missing makes the statement one that does not count`() throws {
        #expect(try ignored("object/id", "https://learn.hpuniversity.example/courses/0009999999") == .course)
        #expect(try ignored("object/id", "https://other.example/courses/0001114953") == .course)
        #expect(try ignored("object", ["objectType": "Agent", "mbox": "mailto:a@b.example"]) == .object)
        #expect(try ignored("result/success", false) == .unsuccessful)
        #expect(try ignored("result/completion", false) == .unsuccessful)
        #expect(try ignored("result", nil) == nil)
        #expect(try ignored("actor", ["mbox": "mailto:a@b.example"]) == .actor)
        #expect(try ignored("actor", ["objectType": "Group", "member": [["mbox": "mailto:a@b.example"]]]) == .actor)
        #expect(try judge(sample, partner: nil) == .ignored(.learner))
        #expect(try judge(sample, partner: delta) == .ignored(.partner))
        #expect(try judge(sample, isVoided: true) == .ignored(.voided))
        #expect(try ignored("timestamp", "2026-03-06T00:05:01Z") == .future)
        #expect(try ignored("timestamp", "2026-03-06T00:05:00Z") == nil)
    }

    @Test func `a completion outside of the course's validity does not count`() throws {
        let catalogue = try CourseCatalogue(configuration: [
            "tracks": [["partnerType": "service-delivery", "tiers": ["premium"], "allOf": ["0001114953"]]],
            "courses": ["0001114953": ["from": "2026-03-05T09:12:41Z", "until": "2027-01-01T00:00:00Z"]],
        ])
        #expect(try judge(sample, catalogue: catalogue) == .ignored(.tooOld))
        let later = changing(sample, "timestamp", to: "2026-03-05T09:12:41Z")
        guard case .counts = try judge(later, catalogue: catalogue) else {
            Issue.record("the first valid moment was not counted")
            return
        }
    }

    @Test func `a signed flat event counts like a statement`() throws {
        let body = try #require(sampleJSON("webhook-course-completed.json")["body"]?.stringValue)
        guard case .flat(let event) = try CourseEvent(body: body) else {
            Issue.record("the event was not read as a flat one")
            return
        }
        func judge(_ linked: PartnerID?) -> CompletionRules.Verdict {
            CompletionRules.judge(event, linkedPartner: linked, catalogue: .shipped, now: now)
        }
        let expected = CompletionRules.Verdict.counts(
            Completion(
                course: "0001114953", learner: "https://learn.hpuniversity.example\nUV00123456789", partner: beta,
                at: Timestamp(rfc3339: "2026-03-05T09:12:40Z")!))
        #expect(judge(beta) == expected)
        #expect(judge(nil) == expected, "the university names the partner")
        #expect(judge(delta) == .ignored(.partner))
    }

    @Test(arguments: [
        ("{", "webhook.body"), ("[]", "webhook.body"), ("{}", "webhook.body.type"),
        (#"{"type":"learning.course.completed","data":{"courseId":1}}"#, "webhook.body.data.courseId"),
        (#"{"type":"learning.course.completed"}"#, "webhook.body.data.learnerId"),
        (#"{"type":"x","data":{"actor":{},"verb":{}}}"#, "webhook.body.data.object"),
        (#"{"type":"x","data":{"statement":{"verb":{}}}}"#, "webhook.body.data.statement.actor"),
    ])
    func `a body that is not as it should be is refused with its fields`(body: String, path: String) {
        let thrown = #expect(throws: JSONFieldErrors.self) { _ = try CourseEvent(body: body) }
        #expect(thrown?.fields.contains { $0.path == path } ?? false, "\(String(describing: thrown))")
    }

    @Test func `a body may carry a statement, and events of other kinds are none of our business`() throws {
        let event = try CourseEvent(body: "{\"type\":\"x\",\"data\":\(sample.text)}")
        #expect(event == .statement(try XAPIStatement(sample)))
        #expect(
            try CourseEvent(body: #"{"type":"learning.course.started"}"#) == .other(type: "learning.course.started"))
    }
}

@Suite(.requirement("Q1", "D6", "D10")) struct TrackCompletionTests {
    private func completion(_ course: String, _ learner: String, _ seconds: Int) -> Completion {
        Completion(course: course, learner: learner, partner: beta, at: now + .seconds(seconds))
    }

    private func tracks(_ completions: Completion..., catalogue: CourseCatalogue = .shipped) -> [Track] {
        TrackCompletion.certifications(from: completions, catalogue: catalogue).map(\.track)
    }

    @Test func `a track needs all of its courses`() {
        #expect(tracks(completion("0001114953", "giulia", 0)).isEmpty)
        #expect(
            tracks(completion("0001114953", "giulia", 0), completion("0001114825", "giulia", 1)) == [.serviceDelivery])
        #expect(tracks(completion("000111475", "marco", 0)) == [.resellAndMonitor])
        #expect(tracks().isEmpty)
    }

    @Test func `one learner does all of them, unless the configuration lets several share`() throws {
        let shared = [completion("0001114953", "giulia", 0), completion("0001114825", "marco", 1)]
        #expect(TrackCompletion.certifications(from: shared, catalogue: .shipped).isEmpty)
        let catalogue = try CourseCatalogue(configuration: [
            "tracks": [
                [
                    "partnerType": "SERVICE_DELIVERY", "tiers": ["PREMIUM", "PREMIUMPLUS"],
                    "allOf": ["0001114953", "0001114825"], "sameLearner": false,
                ]
            ]
        ])
        #expect(TrackCompletion.certifications(from: shared, catalogue: catalogue).map(\.track) == [.serviceDelivery])
    }

    @Test func `the certification dates from the last course, and doing it again changes nothing`() {
        let both = [
            completion("0001114825", "giulia", 50), completion("0001114953", "giulia", 10),
            completion("0001114953", "giulia", 90),
        ]
        let certifications = TrackCompletion.certifications(from: both, catalogue: .shipped)
        #expect(certifications.map(\.completedAt) == [now + .seconds(50)])
        #expect(TrackCompletion.certifications(from: both.reversed(), catalogue: .shipped) == certifications)
    }

    @Test(.requirement("Q4")) func `a certification lasts as long as its shortest course`() throws {
        let catalogue = try CourseCatalogue(configuration: [
            "tracks": [["partnerType": "resell-and-monitor", "tiers": ["premium"], "allOf": ["000111475"]]],
            "courses": ["000111475": ["lastsDays": 365]],
        ])
        let certification = TrackCompletion.certifications(
            from: [completion("000111475", "marco", 0), completion("000111475", "luca", 100)], catalogue: catalogue
        ).first
        #expect(certification?.completedAt == now)
        #expect(certification?.validUntil == now + .seconds(100 + 365 * 86_400))
    }

    @Test(arguments: [
        ("tracks", JSON.array([])), ("tracks[0].partnerType", JSON.array([["tiers": ["premium"], "allOf": ["1"]]])),
        ("tracks[0].tiers", JSON.array([["partnerType": "service-delivery", "tiers": ["gold"], "allOf": ["1"]]])),
        ("tracks[0].allOf", JSON.array([["partnerType": "service-delivery", "tiers": ["premium"], "allOf": [1]]])),
    ])
    func `a catalogue with a fault is refused with its place`(path: String, tracks: JSON) {
        let thrown = #expect(throws: JSONFieldErrors.self) {
            _ = try CourseCatalogue(configuration: ["tracks": tracks])
        }
        #expect(thrown?.fields.map(\.path) == [path])
    }
}

@Suite struct VoidingRulesTests {
    @Test func `voiding takes back what has not led to a certification`() {
        #expect(VoidingRules.judge(.completion(ledToCertification: false)) == .takeBack)
        #expect(VoidingRules.judge(.completion(ledToCertification: true)) == .tooLate)
        #expect(VoidingRules.judge(.unknown) == .remember)
        #expect(VoidingRules.judge(.ignored) == .takeBack)
        #expect(VoidingRules.judge(.voiding) == .notAllowed)
    }

    @Test func `a voiding statement names the one that it voids`() throws {
        let sample = sampleJSON("statement-service-delivery-1.json")
        #expect(VoidingRules.target(of: try XAPIStatement(sample)) == nil)
        var voiding = changing(sample, "verb/id", to: "http://adlnet.gov/expapi/verbs/voided")
        voiding = changing(
            voiding, "object", to: ["objectType": "StatementRef", "id": "6F0D4D7E-3F0A-4A3E-9B58-1F6B6A1F0C21"])
        #expect(
            VoidingRules.target(of: try XAPIStatement(voiding)) == "6f0d4d7e-3f0a-4a3e-9b58-1f6b6a1f0c21")
    }
}
