import Foundation
import HPUniversity
import RequirementTags
import Testing
import WorkflowKit

/// A sample file of the repository.
func sampleJSON(_ name: String) -> JSON {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Samples")
    guard let data = try? Data(contentsOf: folder.appending(path: name)),
        let json = try? JSON(parsing: Array(String(decoding: data, as: UTF8.self).utf8.dropLast()))
    else { preconditionFailure("could not read the sample \"\(name)\"") }
    return json
}

/// A copy of `json` in which the member at the dotted path has another value; nil removes it.
func changing(_ json: JSON, _ path: String, to value: JSON?) -> JSON {
    guard case .object(var object) = json else { preconditionFailure("\(path) is not there") }
    let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
    object[parts[0]] = parts.count == 1 ? value : changing(object[parts[0]] ?? [:], parts[1], to: value)
    return .object(object)
}

@Suite struct XAPIStatementTests {
    private let sample = sampleJSON("statement-service-delivery-1.json")

    private func faults(_ json: JSON) -> [String] {
        do throws(JSONFieldErrors) {
            _ = try XAPIStatement(json)
            return []
        } catch {
            return error.fields.map(\.path)
        }
    }

    @Test(arguments: [
        "statement-service-delivery-1.json", "statement-service-delivery-2.json", "statement-resell-and-monitor.json",
    ])
    func `a complete statement is read`(name: String) throws {
        let statement = try XAPIStatement(sampleJSON(name))
        #expect(statement.id != nil)
        #expect(statement.timestamp != nil)
    }

    @Test func `what the rules need is taken out`() throws {
        let statement = try XAPIStatement(sample)
        #expect(statement.id == "6f0d4d7e-3f0a-4a3e-9b58-1f6b6a1f0c21")
        #expect(statement.actor == .account(homePage: "https://learn.hpuniversity.example", name: "UV00123456789"))
        #expect(statement.object == .activity(id: "https://learn.hpuniversity.example/courses/0001114953"))
        #expect(statement.success == true)
        #expect(statement.timestamp == Timestamp(rfc3339: "2026-03-05T09:12:40Z"))
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let path: String
        let value: JSON?
        var fault: String?

        init(_ path: String, _ value: JSON?, _ fault: String? = nil) {
            self.path = path
            self.value = value
            self.fault = fault
        }

        var expected: String { fault ?? path.split(separator: "/").joined(separator: ".") }
        var testDescription: String { "\(path) = \(value?.text ?? "nothing")" }
    }

    @Test(arguments: [
        Change("id", "no-uuid"), Change("id", 1), Change("actor", nil), Change("verb", nil), Change("object", nil),
        Change("actor", nil, "actor"), Change("actor", "Giulia"), Change("actor/account", nil, "actor"),
        Change("actor/mbox", "mailto:giulia@example.org", "actor"), Change("actor/mbox", "giulia@example.org"),
        Change("actor/mbox_sha1sum", "abc"), Change("actor/openid", "no iri"), Change("actor/Name", "Giulia"),
        Change("actor/objectType", "Person"), Change("actor/member", [], "actor.member"),
        Change("actor/account/homePage", "learn.example"), Change("actor/account/name", ""),
        Change("actor/account/name", nil), Change("actor/account/id", "x"),
        Change("actor/name", nil, "-"),
        Change("verb/id", "passed"), Change("verb/id", nil), Change("verb/display", "ha superato"),
        Change("verb/display/it_IT", "ha superato"), Change("verb/display/it-IT", 1),
        Change("object/id", "0001114953"), Change("object/objectType", "Course"),
        Change("object/objectType", "activity"),
        Change("object/definition/name", [:] as JSON, "-"), Change("object/definition/kind", "x"),
        Change("object/definition/interactionType", "quiz"),
        Change("object/definition/choices", [["x": 1]], "object.definition.choices[0].id"),
        Change("result/success", "true"), Change("result/success", .null), Change("result/Success", true),
        Change("result/score/scaled", 1.5), Change("result/score/raw", "9"), Change("result/score/min", 2, "-"),
        Change("result/duration", "1h"), Change("result/duration", "PT"), Change("result/duration", "P2W", "-"),
        Change("result/extensions", ["reason": 1], "result.extensions.reason"),
        Change("result/extensions", ["https://x.example/e": .null], "-"),
        Change("context/registration", "x"), Change("context/language", "italiano_it"),
        Change("context/team", ["objectType": "Agent", "mbox": "mailto:a@b"], "context.team.objectType"),
        Change("context/contextActivities", ["other": "x"], "context.contextActivities.other"),
        Change("context/contextActivities", ["category": [["id": "https://w3id.org/x"]]], "-"),
        Change("context/contextActivities", ["categories": []], "context.contextActivities.categories"),
        Change("context/statement", ["objectType": "StatementRef", "id": "x"], "context.statement.id"),
        Change("timestamp", "yesterday"), Change("timestamp", "2026-03-05T09:12:40", "-"),
        Change("timestamp", "2026-03-05T09:12:40-00:00"), Change("timestamp", "2026-03-05T10:12:40+01:00", "-"),
        Change("version", "1.0.3", "-"), Change("version", "2.0"), Change("versions", "1.0.3"), Change("stored", 1),
        Change("authority", ["mbox": "mailto:lrs@example.org"], "-"),
        Change("attachments", [["length": 1]], "attachments[0].usageType"),
        Change("verb/id", "http://adlnet.gov/expapi/verbs/voided", "object"),
    ])
    func `a fault is told with its path`(change: Change) {
        let found = faults(changing(sample, change.path, to: change.value))
        if change.expected == "-" {
            #expect(found.isEmpty)
        } else {
            #expect(found.contains(change.expected), "\(found)")
        }
    }

    @Test func `all faults are told at once`() {
        var json = changing(sample, "id", to: "x")
        json = changing(json, "verb/id", to: "y")
        json = changing(json, "result/success", to: 1)
        #expect(Set(faults(json)) == ["id", "verb.id", "result.success"])
    }

    @Test func `groups, sub-statements and references have their own rules`() {
        let group: JSON = ["objectType": "Group", "member": [["mbox": "mailto:a@b.example"]]]
        #expect(faults(changing(sample, "actor", to: group)).isEmpty)
        #expect(faults(changing(sample, "actor", to: ["objectType": "Group"])) == ["actor"])
        let nested: JSON = ["objectType": "Group", "member": [["objectType": "Group", "mbox": "mailto:a@b.example"]]]
        #expect(faults(changing(sample, "actor", to: nested)) == ["actor.member[0].objectType"])
        var inner = changing(sample, "id", to: nil)
        inner = changing(inner, "objectType", to: "SubStatement")
        #expect(faults(changing(sample, "object", to: inner)).filter { $0.hasPrefix("object") }.isEmpty)
        let withID = changing(inner, "id", to: "6f0d4d7e-3f0a-4a3e-9b58-1f6b6a1f0c21")
        #expect(faults(changing(sample, "object", to: withID)).contains("object.id"))
        #expect(faults("no object") == [""])
    }

    @Test func `the fingerprint is that of what is said, not of how it is written`() throws {
        let statement = try XAPIStatement(sample)
        let members = sample.objectValue?.members ?? []
        let turned = JSON.object(JSONObject(uniqueMembers: members.reversed().map { ($0.key, $0.value) }))
        let print = StatementIdentity.fingerprint(of: statement)
        #expect(StatementIdentity.fingerprint(of: try XAPIStatement(turned)) == print)
        let stored = changing(sample, "stored", to: "2026-03-05T09:13:00Z")
        #expect(StatementIdentity.fingerprint(of: try XAPIStatement(stored)) == print)
        let other = changing(sample, "result/success", to: false)
        #expect(StatementIdentity.fingerprint(of: try XAPIStatement(other)) != print)
        #expect(StatementIdentity.judge(fingerprint: print, earlier: nil) == .new)
        #expect(StatementIdentity.judge(fingerprint: print, earlier: print) == .replay)
        #expect(StatementIdentity.judge(fingerprint: print, earlier: [1]) == .conflict)
    }

    @Test func `no change of a statement crashes the reader`() {
        var generator = SeededGenerator(seed: testSeed("mutations of a statement"))
        let original = sample.bytes
        var readable = 0
        for _ in 0..<5_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) {
                    bytes[place] = UInt8.random(in: 0x20...0x7E, using: &generator)
                } else {
                    bytes.remove(at: place)
                }
            }
            guard let json = try? JSON(parsing: bytes) else { continue }
            readable += 1
            let found = faults(json)
            #expect(found.allSatisfy { !$0.isEmpty } || json.objectValue == nil)
        }
        #expect(readable > 100)
    }
}
