/// A durable process: an ordinary async function whose effects all go through its context.
///
/// Whatever the context returned once, it returns again after a crash, so the function picks up where it was. Between
/// calls to the context it is plain Swift; it must decide by its input and by what the context returned, and by nothing
/// else (no clock, no random numbers, no global state).
///
///     struct Greeting: Workflow {
///         static let name = "greeting"
///         func run(_ input: Person, _ context: WorkflowContext) async throws -> String {
///             let salutation = try await context.step("choose") { _ in salutation(for: input) }
///             try await context.sleep(for: .seconds(60 * 60 * 24))
///             return salutation
///         }
///     }
public protocol Workflow: Sendable {
    associatedtype Input: Codable & Sendable
    associatedtype Output: Codable & Sendable

    /// Unique among all plugins; lower case, words joined by dots or hyphens.
    static var name: String { get }
    /// Counts from 1. A run keeps the version that started it; keep the old type registered until its runs have ended.
    static var version: Int { get }
    /// One sentence for whoever reads the list of workflows.
    static var summary: String { get }
    /// The shape of ``Input``, checked when a run is started; nil to rely on decoding alone.
    static var inputSchema: JSONSchema? { get }

    init()

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output
}

extension Workflow {
    public static var version: Int { 1 }
    public static var summary: String { "" }
    public static var inputSchema: JSONSchema? { nil }
}

/// For workflows and steps that have nothing to say.
public struct Nothing: Codable, Hashable, Sendable {
    public init() {}
}
