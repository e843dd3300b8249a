/// Which test proves which requirement, read from the sources of the tests.
///
/// The sources are read instead of the running tests, so that the table can be made and checked without running
/// anything. Only the form that the tests are written in is understood: attributes before `struct` and `func`, names
/// in backticks.
public struct RequirementIndex: Sendable {
    public struct Proof: Hashable, Comparable, Sendable {
        public let suite: String
        public let test: String

        public static func < (left: Proof, right: Proof) -> Bool {
            (left.suite, left.test) < (right.suite, right.test)
        }
    }

    public private(set) var proofs: [String: Set<Proof>] = [:]

    public init() {}

    /// Adds the tests of one source file.
    public mutating func add(source: String) {
        var attributes = ""
        var suite = ""
        var ofSuite: [String] = []
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("@Suite") || trimmed.hasPrefix("@Test") { attributes = "" }
            if trimmed.hasPrefix("@") || !attributes.isEmpty { attributes += trimmed }
            if let name = Self.name(after: "struct ", in: trimmed),
                attributes.hasPrefix("@Suite") || !line.hasPrefix(" ")
            {
                suite = name
                ofSuite = attributes.hasPrefix("@Suite") ? Self.identifiers(in: attributes) : []
                attributes = ""
            } else if attributes.hasPrefix("@Test"), let test = Self.name(after: "func `", in: trimmed) {
                for identifier in Self.identifiers(in: attributes) + ofSuite {
                    proofs[identifier, default: []].insert(Proof(suite: suite, test: test))
                }
                attributes = ""
            }
        }
    }

    /// A table with one row for each of `requirements`, in that order. A requirement without a test shows as one.
    public func markdown(for requirements: [(id: String, text: String)]) -> String {
        var text = "| | requirement | proved by |\n|---|---|---|\n"
        for (id, sentence) in requirements {
            let tests = (proofs[id] ?? []).sorted().map { "\($0.suite): \($0.test)" }
            let proof = tests.isEmpty ? "**no test**" : tests.joined(separator: "<br>")
            text += "| \(id) | \(sentence) | \(proof) |\n"
        }
        return text
    }

    /// The requirements of the list that no test proves.
    public func missing(from requirements: [String]) -> [String] {
        requirements.filter { proofs[$0]?.isEmpty ?? true }
    }

    private static func name(after keyword: String, in line: Substring) -> String? {
        guard let start = line.firstRange(of: keyword)?.upperBound else { return nil }
        let isQuoted = keyword.hasSuffix("`")
        let name = line[start...].prefix { isQuoted ? $0 != "`" : ($0.isLetter || $0.isNumber || $0 == "_") }
        return name.isEmpty ? nil : String(name)
    }

    /// The texts in quotes between `.requirement(` and its closing parenthesis.
    private static func identifiers(in attributes: String) -> [String] {
        guard let start = attributes.firstRange(of: ".requirement(")?.upperBound else { return [] }
        let list = attributes[start...].prefix { $0 != ")" }
        return list.split(separator: ",").compactMap { entry in
            let parts = entry.split(separator: "\"", omittingEmptySubsequences: false)
            return parts.count == 3 ? String(parts[1]) : nil
        }
    }
}
