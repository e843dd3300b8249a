import HoldingTenant
import RequirementTags
import SupportCases
import Testing

@Suite(.requirement("D42", "D7")) struct TextTests {
    private func words(_ text: String) -> Set<String> {
        var words = Set<String>()
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            words.insert(String(rest[rest.index(after: open)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return words
    }

    @Test(arguments: Language.allCases) func `no text is missing in any language`(language: Language) {
        let table = TextCatalogue.table(language)
        for key in Text.allCases {
            #expect(table[key]?.isEmpty == false, "\(key.rawValue)")
        }
        #expect(table.count == Text.allCases.count)
    }

    @Test(arguments: Text.allCases) func `all languages fill in the same words`(key: Text) {
        let english = words(TextCatalogue.table(.english)[key] ?? "")
        for language in Language.allCases {
            #expect(words(TextCatalogue.table(language)[key] ?? "") == english, "\(key.rawValue) \(language)")
        }
        #expect(english.isSubset(of: ["serial", "partner", "customer", "case", "request", "tier", "date"]))
    }

    @Test func `everything that has a name on the wire has a text`() {
        for type in AlertCatalogue.shipped.types.keys { #expect(Text(alertType: type) != nil, "\(type)") }
        for state in RepairCase.State.allCases { #expect(Text(state) != nil, "\(state)") }
        for state in SupportRequest.State.allCases { #expect(Text(state) != nil, "\(state)") }
        for tier in Tier.allCases { #expect(Text(tier) != nil, "\(tier)") }
        for outcome in TraceOutcome.allCases {
            #expect((Text(outcome) == nil) == (outcome == .reportedForOtherPartner), "\(outcome)")
        }
    }

    @Test func `Italian differs from English but for names`() {
        let same = Text.allCases.filter {
            TextCatalogue.table(.english)[$0] == TextCatalogue.table(.italian)[$0]
        }
        #expect(Set(same) == [.platformName, .tierPremium, .tierPremiumPlus, .formEmail])
    }

    @Test(.requirement("D2")) func `the platform has one name in all languages`() {
        for language in Language.allCases {
            #expect(TextCatalogue.text(.platformName, in: language) == "HP Workforce Experience Platform")
        }
    }

    @Test(.requirement("D18")) func `the page has one name in each language`() {
        #expect(TextCatalogue.text(.pageUnassignedTitle, in: .english) == "Unassigned Devices")
        #expect(TextCatalogue.text(.pageUnassignedTitle, in: .italian) == "Dispositivi non assegnati")
    }

    @Test(arguments: [
        ("it", Language.italian), ("it-IT", .italian), ("de-DE, it;q=0.5", .italian), ("de", .english), ("", .english),
        ("en;q=0.5, it;q=0.9", .italian), ("IT_it", .italian), ("it;q=0, en", .english), ("en, it", .english),
    ])
    func `the reader's language is chosen from its wishes`(wishes: String, expected: Language) {
        #expect(Language(preferring: wishes) == expected)
    }

    @Test func `words are filled in once, and a brace in a name is no word`() {
        let text = TextCatalogue.text(
            .popupCoveredBy, in: .english, ["tier": "{partner}", "partner": "Beta {serial}"])
        #expect(text == "Covered by {partner}, provided by Beta {serial}")
        #expect(TextCatalogue.text(.popupBody, in: .english).contains("{serial}"))
    }

    @Test(.requirement("D26", "Q17")) func `a pop-up tells nothing of the partner but its name`() {
        let popUp = PopUp(
            alertID: "a1", type: "battery-replace", serial: "5CG6081BCD", tier: .premiumPlus,
            partnerName: "Rivenditore Beta", language: .italian)
        #expect(popUp.title == "La batteria deve essere sostituita")
        #expect(popUp.view == "Visualizza")
        #expect(popUp.coveredBy == "Coperto da HP Premium+ Support, fornito da Rivenditore Beta")
        #expect(popUp.type == "battery-replace", "identifiers are not translated")
        let unknown = PopUp(
            alertID: "a1", type: "keyboard-stuck", serial: "5CG6081BCD", tier: .premium, partnerName: "B",
            language: .english)
        #expect(unknown.title == "keyboard-stuck")
    }
}
