import HPUniversity
import HoldingTenant
import SupportCases
import WorkflowKit

/// What an administrator sets of the business: which courses certify, which faults exist, which care packs cover, and
/// with what the university signs.
struct BusinessSettings: Sendable {
    var courses = CourseCatalogue.shipped
    var alerts = AlertCatalogue.shipped
    var carePacks = CarePackCatalogue.shipped
    var webhookSecrets: [WebhookSecret] = []

    /// As shipped; no signed message is believed.
    static let shipped = BusinessSettings()

    private init() {}

    /// Every fault of a document is named at once.
    init(_ settings: Settings) throws(Refusal) {
        courses = try Self.read("courses", settings, courses, CourseCatalogue.init(configuration:))
        alerts = try Self.read("alerts", settings, alerts, AlertCatalogue.init(configuration:))
        carePacks = try Self.read("carePacks", settings, carePacks, CarePackCatalogue.init(configuration:))
        if let text = settings.text("universityWebhookSecret") {
            guard let secrets = WebhookSecret.list(text) else {
                throw Refusal(
                    .configuration,
                    "HOLDFAST_UNIVERSITY_WEBHOOK_SECRET (\"universityWebhookSecret\" in the file) must hold secrets "
                        + "that begin with whsec_, separated by spaces")
            }
            webhookSecrets = secrets
        }
    }

    private static func read<Value>(
        _ key: String, _ settings: Settings, _ shipped: Value, _ read: (JSON) throws(JSONFieldErrors) -> Value
    ) throws(Refusal) -> Value {
        guard let document = try settings.document(key) else { return shipped }
        do {
            return try read(document)
        } catch {
            throw Refusal(.configuration, "cannot use the setting \"\(key)\": \(error)")
        }
    }
}
