import WorkflowKit

/// Every text that people read, for whoever shows them.
struct TextList: RPCMethod {
    static let name = "text.list"
    static let summary = "The texts of pop-ups, pages and messages in the reader's language, by their keys."
    static let access = RPCAccess.anySession
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var language: String?

        static let schema = JSONSchema.object([
            .optional("language", .string(0...200), "what the reader prefers, as in Accept-Language: it-IT, en;q=0.5")
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var language: String
        /// Words in braces are filled in by whoever shows the text.
        var texts: [String: String]

        static let schema = JSONSchema.object([
            .required("language", .oneOf(Language.allCases.map(\.rawValue))), .required("texts", .map(of: .text)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let language = Language(preferring: params.language ?? "")
        let texts = TextCatalogue.table(language).map { ($0.key.rawValue, $0.value) }
        return Result(language: language.rawValue, texts: Dictionary(uniqueKeysWithValues: texts))
    }
}
