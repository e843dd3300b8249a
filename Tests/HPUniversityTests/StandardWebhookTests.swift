import HPUniversity
import RequirementTags
import Testing
import WorkflowKit

@Suite struct StandardWebhookTests {
    private let secretText = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    private let sentAt = Timestamp(microsecondsSince1970: 1_772_701_965_000_000)
    private let body =
        #"{"type":"learning.course.completed","timestamp":"2026-03-05T09:12:44Z","data":{"courseId":"0001114953","#
        + #""learnerId":"UV00123456789","partnerId":"10284417","result":"passed","completedAt":"2026-03-05T09:12:40Z"}}"#
    private let genuine = "v1,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0="

    private func verify(
        id: String = "msg_2x7Qb0", timestamp: String = "1772701965", signature: String? = nil, body: String? = nil,
        secrets: String? = nil, at now: Timestamp? = nil
    ) throws -> StandardWebhook.Rejection? {
        let message = SignedMessage(
            id: id, timestamp: timestamp, signature: signature ?? genuine, body: body ?? self.body)
        let secrets = try #require(WebhookSecret.list(secrets ?? secretText))
        if case .failure(let rejection) = StandardWebhook.verify(message, secrets: secrets, now: now ?? sentAt) {
            return rejection
        }
        return nil
    }

    @Test func `the published test vector is believed`() throws {
        #expect(try verify() == nil)
        let secret = try #require(WebhookSecret(secretText))
        #expect(StandardWebhook.sign(id: "msg_2x7Qb0", body: body, at: sentAt, secret: secret).signature == genuine)
    }

    @Test func `a body that was written again with a space is not`() throws {
        #expect(try verify(body: body.replacing(",", with: ", ")) == .signature)
    }

    @Test(arguments: [
        (-301, StandardWebhook.Rejection.tooNew), (-300, nil), (0, nil), (300, nil), (301, .tooOld),
    ])
    func `five minutes either way are tolerated`(seconds: Int, expected: StandardWebhook.Rejection?) throws {
        #expect(try verify(at: sentAt + .seconds(seconds)) == expected)
    }

    @Test(arguments: ["", "msg.2x7Qb0", String(repeating: "x", count: 257)])
    func `an identifier that could move the border between the signed parts is refused`(id: String) throws {
        #expect(try verify(id: id) == .id)
    }

    @Test(arguments: ["", "1772701965.0", "-1772701965", " 1772701965", "0x69A9", "9999999999999"])
    func `a time that is no whole number of seconds is refused`(timestamp: String) throws {
        #expect(try verify(timestamp: timestamp) == .timestamp)
    }

    @Test(arguments: [
        "", "v1", "v1,", "v1a,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0=",
        "v2,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0=", "Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0=",
        "v1,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0", "v1,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sb",
        "v1,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR1=", "V1,Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0=",
        "v1:Gpv9h4xODP+AK41tbwURWXUjCzYCtst1l47IV5sbQR0=",
    ])
    func `any other signature is refused`(signature: String) throws {
        #expect(try verify(signature: signature) == .signature)
    }

    @Test func `of several signatures one is enough`() throws {
        #expect(try verify(signature: "v1,AAAA v1a,xyz \(genuine)") == nil)
        #expect(try verify(signature: Array(repeating: "v1,AAAA", count: 16).joined(separator: " ")) == .signature)
    }

    @Test func `during a rotation either secret is good`() throws {
        let old = "whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA="
        #expect(try verify(secrets: "\(old) \(secretText)") == nil)
        #expect(try verify(secrets: old) == .signature)
    }

    @Test(arguments: ["", "whsec_", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_AAECAwQF", "whsec_!!!!"])
    func `a secret of the wrong shape is none`(text: String) {
        #expect(WebhookSecret(text) == nil)
        #expect(WebhookSecret.list("\(secretText) \(text.isEmpty ? "x" : text)") == nil)
    }
}
