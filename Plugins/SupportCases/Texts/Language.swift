/// A language that the texts exist in.
package enum Language: String, Hashable, Sendable, CaseIterable {
    case english = "en"
    case italian = "it"

    /// The best language for a list of wishes, such as `it-IT, de;q=0.8`; English if none of them exists.
    package init(preferring wishes: String) {
        var best: (language: Language, weight: Double)?
        for wish in wishes.split(separator: ",") {
            let parts = wish.split(separator: ";")
            let tag = parts.first.map { $0.filter { !$0.isWhitespace }.lowercased() } ?? ""
            let primary = String(tag.prefix { $0 != "-" && $0 != "_" })
            let quality = parts.dropFirst().lazy.map { $0.filter { !$0.isWhitespace } }
                .first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            let weight = quality ?? 1
            guard let language = Language(rawValue: primary), weight > 0 else { continue }
            if best.map({ weight > $0.weight }) ?? true { best = (language, weight) }
        }
        self = best?.language ?? .english
    }
}
