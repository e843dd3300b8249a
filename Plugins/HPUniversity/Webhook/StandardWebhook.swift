internal import Crypto
internal import Foundation
package import WorkflowKit

/// The secret with which a sender signs: `whsec_` and 24 to 64 bytes in base64.
package struct WebhookSecret: Sendable {
    fileprivate let key: SymmetricKey

    /// `nil` unless the text has the prefix and the length is right.
    package init?(_ text: some StringProtocol) {
        let prefix = "whsec_"
        guard text.hasPrefix(prefix), let bytes = Data(base64Encoded: String(text.dropFirst(prefix.count))),
            (24...64).contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// Several secrets separated by spaces, as during a rotation; `nil` if any of them is wrong or there is none.
    package static func list(_ text: String) -> [WebhookSecret]? {
        let parts = text.split(separator: " ")
        let secrets = parts.compactMap { WebhookSecret($0) }
        return secrets.isEmpty || secrets.count != parts.count ? nil : secrets
    }
}

/// One message signed by the rules of Standard Webhooks 1.0.
package struct SignedMessage: Hashable, Sendable {
    /// `webhook-id`.
    package let id: String
    /// `webhook-timestamp`: seconds since 1970, exactly as in the header.
    package let timestamp: String
    /// `webhook-signature`: one or more signatures, separated by spaces.
    package let signature: String
    /// The exact text.
    package let body: String

    package init(id: String, timestamp: String, signature: String, body: String) {
        self.id = id
        self.timestamp = timestamp
        self.signature = signature
        self.body = body
    }
}

/// Verifies and makes signatures by the rules of Standard Webhooks 1.0 (`v1`, HMAC with SHA-256).
package enum StandardWebhook {
    /// Why a message is not believed. A caller is told only that it was not.
    package enum Rejection: String, Error, Hashable, Sendable {
        /// The identifier is empty, too long, or holds a full stop, which separates the signed parts.
        case id
        /// The time is no whole number of seconds.
        case timestamp
        case tooOld = "too-old"
        case tooNew = "too-new"
        /// No signature of the scheme `v1` was made with one of the secrets.
        case signature
    }

    /// How far sender and receiver may be apart, either way.
    package static let tolerance = Duration.seconds(300)
    /// Most signatures that are looked at; a rotation needs two or three.
    private static let signaturesMax = 16

    package static func verify(
        _ message: SignedMessage, secrets: [WebhookSecret], now: Timestamp
    ) -> Result<Timestamp, Rejection> {
        guard !message.id.isEmpty, message.id.utf8.count <= 256, !message.id.utf8.contains(UInt8(ascii: ".")) else {
            return .failure(.id)
        }
        guard (1...12).contains(message.timestamp.utf8.count),
            message.timestamp.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int64(message.timestamp)
        else { return .failure(.timestamp) }
        let sentAt = Timestamp(microsecondsSince1970: seconds * 1_000_000)
        if sentAt < now - tolerance { return .failure(.tooOld) }
        if sentAt > now + tolerance { return .failure(.tooNew) }
        let signed = content(message)
        var isGenuine = false
        // Every combination is compared, so that the time taken does not tell which one was right.
        for signature in message.signature.split(separator: " ").prefix(signaturesMax) {
            let parts = signature.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
            // Base64 has several spellings of the same bytes; only the usual one is taken.
            guard parts.count == 2, parts[0] == "v1", let code = Data(base64Encoded: String(parts[1])),
                code.count == SHA256.byteCount, code.base64EncodedString() == parts[1]
            else { continue }
            for secret in secrets {
                // Compares in constant time.
                let fits = HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: secret.key)
                isGenuine = isGenuine || fits
            }
        }
        return isGenuine ? .success(sentAt) : .failure(.signature)
    }

    /// Signs a message that is sent at `time`.
    package static func sign(id: String, body: String, at time: Timestamp, secret: WebhookSecret) -> SignedMessage {
        let timestamp = String(time.microsecondsSince1970 / 1_000_000)
        let unsigned = SignedMessage(id: id, timestamp: timestamp, signature: "", body: body)
        let code = HMAC<SHA256>.authenticationCode(for: content(unsigned), using: secret.key)
        return SignedMessage(
            id: id, timestamp: timestamp, signature: "v1,\(Data(code).base64EncodedString())", body: body)
    }

    private static func content(_ message: SignedMessage) -> Data {
        Data("\(message.id).\(message.timestamp).\(message.body)".utf8)
    }
}
