package import HoldingTenant
package import WorkflowKit

/// Texts in the reader's language.
package enum TextCatalogue {
    /// The text in `language` with its words in braces filled in.
    ///
    /// - Parameter words: by name, without braces. A word that is not given stays in braces, where a reader sees it.
    package static func text(_ key: Text, in language: Language, _ words: [String: String] = [:]) -> String {
        guard let pattern = table(language)[key] ?? EnglishTexts.texts[key] else {
            preconditionFailure("there is no text for \(key.rawValue)")
        }
        guard pattern.utf8.contains(UInt8(ascii: "{")) else { return pattern }
        var text = ""
        var rest = pattern[...]
        // From left to right, so that a brace inside a filled-in word is never taken for another word.
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = String(rest[rest.index(after: open)..<close])
            text += rest[..<open]
            text += words[name] ?? "{\(name)}"
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    /// The text by language, for whoever shows it and knows its reader.
    package static func inAllLanguages(_ key: Text, _ words: [String: String] = [:]) -> JSON {
        .object(
            JSONObject(
                uniqueMembers: Language.allCases.map { ($0.rawValue, .string(text(key, in: $0, words))) }))
    }

    /// Every text of a language, for checks.
    package static func table(_ language: Language) -> [Text: String] {
        switch language {
        case .english: EnglishTexts.texts
        case .italian: ItalianTexts.texts
        }
    }
}

extension Text {
    /// The title of an alert; `nil` for a type that only a configuration knows, which is shown by its name.
    package init?(alertType: String) {
        self.init(rawValue: "alert.\(alertType).title")
    }

    package init?(_ state: RepairCase.State) {
        self.init(rawValue: "case.state.\(state.rawValue)")
    }

    package init?(_ state: SupportRequest.State) {
        self.init(rawValue: "support.state.\(state.rawValue)")
    }

    /// `nil` for the one outcome that no partner is told.
    package init?(_ outcome: TraceOutcome) {
        self.init(rawValue: "trace.\(outcome.rawValue)")
    }

    package init?(_ tier: Tier) {
        self.init(rawValue: "tier.\(tier.rawValue)")
    }
}
