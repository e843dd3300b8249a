import Foundation

/// The files of the repository, as the tests about it see them.
enum Repository {
    /// The folder of Package.swift.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File: Sendable, CustomStringConvertible {
        /// From the root: `Sources/holdfast/Holdfast.swift`.
        let path: String
        let text: String

        var description: String { path }
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    /// Every text file that belongs to the repository; not what is built or downloaded.
    static let files: [File] = {
        let endings: Set<String> = [
            "swift", "sql", "md", "sh", "py", "yml", "h", "c", "modulemap", "json", "csv", "txt",
        ]
        var files: [File] = []
        let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        for name in top where !name.hasPrefix(".") || name == ".ci" {
            let start = root.appending(path: name)
            for path in [name] + (FileManager.default.subpaths(atPath: start.path)?.map { "\(name)/\($0)" } ?? []) {
                let isOfInterest =
                    endings.contains((path as NSString).pathExtension) || path == "Makefile" || path == ".ci/run"
                guard isOfInterest, !path.contains("/."), name != ".build",
                    let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
                else { continue }
                files.append(File(path: path, text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }()

    static func files(below folder: String, ending: String) -> [File] {
        files.filter { ($0.path.hasPrefix(folder + "/") || folder.isEmpty) && $0.path.hasSuffix("." + ending) }
    }
}
