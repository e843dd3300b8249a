import Foundation
import Testing

/// What the documents promise exists.
@Suite struct DocumentTests {
    static let documents = Repository.files(below: "", ending: "md")

    /// The targets of the Makefile.
    static let targets: Set<String> = {
        let makefile = Repository.files.first { $0.path == "Makefile" }
        let names = makefile?.lines.compactMap { $0.firstMatch(of: #/^([a-z-]+):/#)?.output.1 } ?? []
        return Set(names.map(String.init))
    }()

    @Test func `the Makefile has the commands that the README names first`() {
        #expect(
            Self.targets.isSuperset(of: ["help", "run", "test", "check", "fast", "interop", "fuzz", "bench", "clean"]))
    }

    @Test func `every make command in a document exists`() {
        for document in Self.documents {
            for match in document.text.matches(of: #/(?m)(?:^|`)\s*make ([a-z-]+)/#) {
                let target = String(match.output.1)
                #expect(Self.targets.contains(target), "\(document.path) names \"make \(target)\"")
            }
        }
    }

    @Test func `the first workflow in the documents is the one that the tests run, in under forty lines`() throws {
        let source = try #require(
            Repository.files.first { $0.path == "Tests/WorkflowEngineTests/FirstWorkflowTests.swift" })
        let document = try #require(Self.documents.first { $0.path == "docs/workflows.md" })
        let block = document.text.firstMatch(of: #/(?s)```swift\n(.*?)\n```/#)?.output.1
        #expect(block.map(String.init) == source.text.trimmingCharacters(in: .newlines))
        #expect(source.lines.filter { !$0.isEmpty }.count < 40)
    }

    @Test func `every relative link leads to a file`() {
        for document in Self.documents {
            let folder = (document.path as NSString).deletingLastPathComponent
            for match in document.text.matches(of: #/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/#) {
                let target = String(match.output.1)
                guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
                let path = Repository.root.appending(path: folder).appending(path: target).path
                #expect(FileManager.default.fileExists(atPath: path), "\(document.path) links to \(target)")
            }
        }
    }

    @Test func `every script that a document calls exists`() {
        for document in Self.documents {
            for match in document.text.matches(of: #/(?:scripts|\.ci|Tests|Benchmarks)\/[A-Za-z0-9_.\/-]+/#) {
                let path = String(match.output).trimmingCharacters(in: CharacterSet(charactersIn: "./-"))
                let start = match.output.hasPrefix(".") ? "." + path : path
                let exists = FileManager.default.fileExists(atPath: Repository.root.appending(path: start).path)
                #expect(exists, "\(document.path) names \(start)")
            }
        }
    }

    @Test func `what has been released is in the change log`() throws {
        let log = try #require(Self.documents.first { $0.path == "CHANGELOG.md" })
        let source = try #require(Repository.files.first { $0.path == "Sources/holdfast/Holdfast.swift" })
        let version = try #require(source.text.firstMatch(of: #/version = "([0-9.]+)"/#)?.output.1)
        #expect(log.text.contains("## \(version)"))
    }
}
