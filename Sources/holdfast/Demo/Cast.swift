import Foundation

/// Who plays this time: for every partner, learner, distributor and PC of the sample files a fresh one, so that the
/// story can be played on one server as often as one likes.
struct Cast: Sendable {
    /// From a text of the samples to the one that takes its place.
    private let names: [String: String]

    /// As they are called in the sample files.
    static let partner = "10284417"
    static let distributor = "DISTIT01"
    static let serviceLearner = "UV00123456789"
    static let resaleLearner = "UV00987654321"
    /// PCs of the samples, and two that nobody sold.
    static let serials = [
        "5CG6081BCD", "5CG6081BCF", "5CG6080XYZ", "5CG6091DFG", "5CG6091DFH", "5CG6101KLM", "5CG6101KLN",
        "5CG6101KLP", "5CG6111ZZZ",
    ]

    init() {
        var generator = SystemRandomNumberGenerator()
        var names = [
            Self.partner: "1" + Self.digits(7, &generator), Self.distributor: "DS" + Self.digits(6, &generator),
            Self.serviceLearner: "UV" + Self.digits(11, &generator),
            Self.resaleLearner: "UV" + Self.digits(11, &generator),
        ]
        let tail = Array("0123456789BCDFGHJKLMNPQRSTVWXYZ")
        // The week stays, the plant and the last four characters are drawn: hundreds of millions of PCs.
        var taken = Set<String>()
        for serial in Self.serials {
            var fresh: String
            repeat {
                let plant = String(Int.random(in: 0...9, using: &generator))
                let last = (0..<4).map { _ in tail[Int.random(in: 0..<tail.count, using: &generator)] }
                fresh = "5C" + plant + serial.dropFirst(3).prefix(3) + String(last)
            } while !taken.insert(fresh).inserted
            names[serial] = fresh
        }
        self.names = names
    }

    private static func digits(_ count: Int, _ generator: inout SystemRandomNumberGenerator) -> String {
        (0..<count).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
    }

    /// Who takes the place of `name` of the samples.
    subscript(name: String) -> String {
        guard let fresh = names[name] else { preconditionFailure("\(name) is nobody's name in the samples") }
        return fresh
    }

    /// A sample's text with everybody replaced; all names keep their lengths, so fixed widths stay right.
    func play(_ text: String) -> String {
        names.sorted { $0.key < $1.key }.reduce(text) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
    }
}
