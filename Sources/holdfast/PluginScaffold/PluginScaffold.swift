import Foundation

/// The files of a new plugin, and its lines in the files that list all plugins.
struct PluginScaffold {
    let name: String
    /// The folder of Package.swift.
    let root: String

    init(name: String, root: String) {
        self.name = name
        self.root = root
    }

    /// `Invoices` as `invoices`, `RepairParts` as `repair-parts`: the plugin's name in its ledger and its workflows.
    private var kebab: String {
        var text = ""
        for character in name {
            if character.isUppercase, !text.isEmpty { text += "-" }
            text += character.lowercased()
        }
        return text
    }

    /// Apart from the word that follows it, so that what the new files import is not taken for what this file imports.
    private let brings = "import"

    private var variable: String { name.prefix(1).lowercased() + name.dropFirst() }

    /// An insertion of a line before the one that begins with `anchor`.
    private struct Insertion {
        let file: String
        let anchor: String
        let line: String
    }

    /// - Returns: The files that were written or changed.
    func write() throws -> [String] {
        guard name.wholeMatch(of: #/[A-Z][A-Za-z0-9]{1,60}/#) != nil else {
            throw Refusal(.usage, "a plugin is named like a Swift module, as in Invoices, not \"\(name)\"")
        }
        let package = (try? String(contentsOfFile: root + "/Package.swift", encoding: .utf8)) ?? ""
        guard package.contains("name: \"holdfast\""), FileManager.default.fileExists(atPath: root + "/Plugins") else {
            throw Refusal(.usage, "a plugin is begun in a checkout of Holdfast: there is no Package.swift of it here")
        }
        let folder = "\(root)/Plugins/\(name)"
        let tests = "\(root)/Tests/\(name)Tests"
        guard !FileManager.default.fileExists(atPath: folder), !FileManager.default.fileExists(atPath: tests),
            !package.contains("\"\(name)\"")
        else { throw Refusal(.failed, "there is a module \"\(name)\" already") }
        // All changes are found to be possible before the first is made.
        let changed = try changes()
        var written: [String] = []
        for (path, text) in [
            ("Plugins/\(name)/Plugin+\(name).swift", plugin), ("Plugins/\(name)/\(name)Greeting.swift", workflow),
            ("Tests/\(name)Tests/\(name)GreetingTests.swift", test),
        ] {
            let url = URL(filePath: "\(root)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
            written.append(path)
        }
        for (path, text) in changed.sorted(by: { $0.key < $1.key }) {
            try Data(text.utf8).write(to: URL(filePath: "\(root)/\(path)"))
            written.append(path)
        }
        return written
    }

    /// The line before which the module's own import stands in alphabetical order.
    private func firstImport(after name: String, in file: String) throws -> String {
        let text = try String(contentsOfFile: "\(root)/\(file)", encoding: .utf8)
        let lines = text.split(separator: "\n").prefix { $0.hasPrefix(brings + " ") }
        return lines.first { $0 > "\(brings) \(name)" }.map(String.init) ?? "/// The plugins of this binary."
    }

    private func changes() throws -> [String: String] {
        let package = "Package.swift"
        let list = "Sources/holdfast/Plugins.swift"
        let table = "Tests/RepositoryTests/ImportTests.swift"
        let insertions = [
            Insertion(
                file: package, anchor: #"        plugin("ResellAndMonitor"),"#, line: "        plugin(\"\(name)\"),"),
            Insertion(
                file: package, anchor: #"                "HoldingTenant", "ResellAndMonitor","#,
                line: "                \"\(name)\","),
            Insertion(
                file: package, anchor: #"        tests(of: "WorkflowKit"),"#,
                line: "        tests(of: \"\(name)\", [\"WorkflowKit\", \"WorkflowTestKit\"]),"),
            Insertion(file: list, anchor: try firstImport(after: name, in: list), line: "\(brings) \(name)"),
            Insertion(file: list, anchor: "            .canary,", line: "            .\(variable),"),
            Insertion(
                file: table, anchor: #"                "WorkflowKit", "WorkflowEngine", "EngineMethods","#,
                line: "                \"\(name)\","),
        ]
        var texts: [String: String] = [:]
        for insertion in insertions {
            let text =
                try texts[insertion.file]
                ?? "\n" + String(contentsOfFile: "\(root)/\(insertion.file)", encoding: .utf8)
            guard let place = text.range(of: "\n" + insertion.anchor) else {
                throw Refusal(.failed, "\(insertion.file) has no line that begins with \"\(insertion.anchor)\"")
            }
            texts[insertion.file] = text.replacingCharacters(
                in: place, with: "\n\(insertion.line)\n\(insertion.anchor)")
        }
        // Without the line end that lets an anchor be the first line.
        return texts.mapValues { String($0.dropFirst()) }
    }

    private var plugin: String {
        """
        public \(brings) WorkflowKit

        extension Plugin {
            /// What this plugin is about, in one sentence.
            public static let \(variable) = Plugin(
                name: "\(kebab)", workflows: [WorkflowType(\(name)Greeting.self)])
        }

        """
    }

    private var workflow: String {
        """
        public \(brings) WorkflowKit

        /// Greets somebody once, and again after a day unless the greeting was answered.
        public struct \(name)Greeting: Workflow {
            public struct Input: Codable, Sendable {
                public var name: String

                public init(name: String) { self.name = name }
            }

            public struct Output: Codable, Sendable {
                public let greetings: Int
            }

            public static let name = "\(kebab).greeting"
            public static let summary = "Greets somebody, and again after a day unless the greeting was answered."
            public static let inputSchema: JSONSchema? = .object([.required("name", .string(1...200))])

            public init() {}

            public func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
                try await context.step("greet") { _ in "Hello, \\(input.name)" }
                let answer = try await context.signal("answered", as: JSON.self, timeout: .seconds(86_400))
                guard answer == nil else { return Output(greetings: 1) }
                try await context.step("greet again") { _ in "Hello again, \\(input.name)" }
                return Output(greetings: 2)
            }
        }

        """
    }

    private var test: String {
        """
        \([name, "Testing", "WorkflowKit", "WorkflowTestKit"].sorted().map { "\(brings) \($0)" }.joined(separator: "\n"))

        @Suite struct \(name)GreetingTests {
            @Test func `whoever does not answer is greeted again after a day`() async throws {
                let test = WorkflowTest([WorkflowType(\(name)Greeting.self)])
                #expect(try await test.run(\(name)Greeting.self, .init(name: "Ada")).greetings == 2)
                #expect(test.elapsed >= .seconds(86_400))
            }

            @Test func `whoever answers is left in peace`() async throws {
                let test = WorkflowTest([WorkflowType(\(name)Greeting.self)])
                try test.signal("answered", JSON.string("hello"))
                #expect(try await test.run(\(name)Greeting.self, .init(name: "Ada")).greetings == 1)
            }
        }

        """
    }
}
