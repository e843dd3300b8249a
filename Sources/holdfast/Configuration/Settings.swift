import Configuration
import Foundation
import WorkflowKit

/// Where an option's value comes from when the command line does not give it: the environment, then the file.
///
/// A key such as `dataDir` is `HOLDFAST_DATA_DIR` in the environment and `"dataDir"` in the JSON file.
struct Settings: Sendable {
    private let reader: ConfigReader
    /// Members of the file that are no single values, such as catalogues.
    private let documents: [String: JSON]

    /// - Parameter file: named on the command line; nil takes `HOLDFAST_CONFIG`, and without that no file is read.
    init(file: String?) async throws {
        let environment = EnvironmentVariablesProvider()
        var providers: [any ConfigProvider] = [environment.prefixKeys(with: "holdfast")]
        var documents: [String: JSON] = [:]
        if let path = file ?? ProcessInfo.processInfo.environment["HOLDFAST_CONFIG"], !path.isEmpty {
            let (values, others) = try Self.read(path)
            providers.append(InMemoryProvider(values: values))
            documents = others
        }
        reader = ConfigReader(providers: providers)
        self.documents = documents
    }

    /// The file's single values, and its objects and lists. Read here because the library takes no lists of objects.
    private static func read(_ path: String) throws(Refusal) -> ([AbsoluteConfigKey: ConfigValue], [String: JSON]) {
        let members = try document(at: path, "the configuration file").objectValue
        guard let members else {
            throw Refusal(.configuration, "cannot use the configuration file \"\(path)\": it holds no JSON object")
        }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        var documents: [String: JSON] = [:]
        for member in members {
            let content: ConfigContent
            switch member.value {
            case .string(let text): content = .string(text)
            case .bool(let flag): content = .bool(flag)
            case .number: content = .string(member.value.text)
            case .object, .array:
                documents[member.key] = member.value
                continue
            case .null: continue
            }
            values[AbsoluteConfigKey([member.key])] = ConfigValue(content, isSecret: true)
        }
        return (values, documents)
    }

    private static func document(at path: String, _ what: String) throws(Refusal) -> JSON {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Refusal(.configuration, "cannot read \(what) \"\(path)\"")
        }
        do {
            return try JSON(parsing: Array(bytes))
        } catch {
            throw Refusal(.configuration, "cannot use \(what) \"\(path)\": it is no JSON: \(error)")
        }
    }

    func text(_ key: String) -> String? {
        guard let value = reader.string(forKey: ConfigKey(key)), !value.isEmpty else { return nil }
        return value
    }

    /// `true`, `yes` or `1` and their opposites in the environment; a boolean in the file. Anything else is refused, so
    /// that a flag which was meant to be set is not silently off.
    func flag(_ key: String) throws(Refusal) -> Bool {
        if let flag = reader.bool(forKey: ConfigKey(key)) { return flag }
        guard let text = text(key) else { return false }
        throw Refusal(.configuration, "the setting \"\(key)\" is true or false, not \"\(text)\"")
    }

    /// An object or a list: written into the configuration file itself, or in a JSON file of its own whose path the
    /// environment or the configuration file gives.
    func document(_ key: String) throws(Refusal) -> JSON? {
        if let path = text(key) { return try Self.document(at: path, "the file of \"\(key)\"") }
        return documents[key]
    }
}
