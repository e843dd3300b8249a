import Configuration
import Foundation
import SystemPackage

/// Where an option's value comes from when the command line does not give it: the environment, then the file.
///
/// A key such as `dataDir` is `HOLDFAST_DATA_DIR` in the environment and `"dataDir"` in the JSON file.
struct Settings: Sendable {
    private let reader: ConfigReader

    /// - Parameter file: named on the command line; nil takes `HOLDFAST_CONFIG`, and without that no file is read.
    init(file: String?) async throws {
        let environment = EnvironmentVariablesProvider()
        var providers: [any ConfigProvider] = [environment.prefixKeys(with: "holdfast")]
        if let path = file ?? ProcessInfo.processInfo.environment["HOLDFAST_CONFIG"], !path.isEmpty {
            do {
                providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(path)))
            } catch {
                throw Refusal(.configuration, "cannot read the configuration file \"\(path)\": \(error)")
            }
        }
        reader = ConfigReader(providers: providers)
    }

    func text(_ key: String) -> String? {
        guard let value = reader.string(forKey: ConfigKey(key)), !value.isEmpty else { return nil }
        return value
    }

    /// `true`, `yes` or `1` in the environment; a boolean in the file.
    func flag(_ key: String) -> Bool { reader.bool(forKey: ConfigKey(key)) ?? false }
}
