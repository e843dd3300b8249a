package import HoldingTenant

/// What an end user sees of an alert. Of the partner it holds the display name, and nothing else.
package struct PopUp: Hashable, Sendable {
    package let alertID: String
    package let type: String
    package let language: Language
    package let title: String
    package let body: String
    package let coveredBy: String
    package let view: String
    package let dismiss: String

    package init(
        alertID: String, type: String, serial: String, tier: Tier, partnerName: String, language: Language
    ) {
        func text(_ key: Text, _ words: [String: String] = [:]) -> String {
            TextCatalogue.text(key, in: language, words)
        }
        self.alertID = alertID
        self.type = type
        self.language = language
        title = Text(alertType: type).map { text($0) } ?? type
        body = text(.popupBody, ["serial": serial])
        coveredBy = text(
            .popupCoveredBy, ["tier": Text(tier).map { text($0) } ?? tier.rawValue, "partner": partnerName])
        view = text(.popupView)
        dismiss = text(.popupDismiss)
    }
}
