public import Testing

/// Names the requirement that a test proves, for example `.requirement("D27")` or `.requirement("Q5", "D34")`.
///
/// The table of requirements and tests in docs/ is generated from these traits: a test that proves a requirement
/// carries it, and a requirement without a test shows up as a gap.
public struct RequirementTrait: TestTrait, SuiteTrait {
    /// Requirement identifiers as written in the requirement list: `D1`… for what is asked, `Q1`… for decisions.
    public let identifiers: [String]

    public var isRecursive: Bool { true }

    public var comments: [Comment] {
        identifiers.map { Comment(rawValue: "requirement \($0)") }
    }
}

extension Trait where Self == RequirementTrait {
    /// Marks a test or a suite as the proof of the requirements with these identifiers.
    public static func requirement(_ identifiers: String...) -> Self {
        RequirementTrait(identifiers: identifiers)
    }
}
