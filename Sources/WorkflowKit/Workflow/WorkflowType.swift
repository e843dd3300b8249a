/// A workflow as a plugin hands it to the engine: its name and version, and how to run it on JSON.
public struct WorkflowType: Sendable {
    public let name: String
    public let version: Int
    public let summary: String
    /// The shape of its input; nil when only decoding checks it.
    public let inputSchema: JSONSchema?
    /// Runs the workflow on the JSON text of an input and returns the JSON text of its output.
    package let run: @Sendable ([UInt8], WorkflowContext) async throws -> [UInt8]
    /// Finds everything that is wrong with an input; empty when nothing is. Paths begin at the input.
    package let check: @Sendable (JSON) -> [JSONFieldError]

    public init<W: Workflow>(_ type: W.Type) {
        name = W.name
        version = W.version
        summary = W.summary
        inputSchema = W.inputSchema
        run = { input, context in
            let decoded: W.Input
            do {
                decoded = try JSONCoding.decode(W.Input.self, from: input)
            } catch {
                throw Failure.permanent("input.invalid", "the input does not fit the workflow: \(error)")
            }
            return try JSONCoding.encodeBytes(try await W().run(decoded, context), exactTimes: true)
        }
        check = { input in
            let errors = W.inputSchema?.errors(in: input) ?? []
            guard errors.isEmpty else { return errors }
            do throws(JSONFieldErrors) {
                _ = try JSONCoding.decode(W.Input.self, from: input, unknownMembers: .refuse)
                return []
            } catch {
                return error.fields
            }
        }
    }
}
