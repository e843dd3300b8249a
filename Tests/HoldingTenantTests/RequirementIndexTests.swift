import Foundation
import RequirementTags
import Testing

@Suite struct RequirementIndexTests {
    private let source = """
        @Suite(.requirement("D1", "Q2")) struct FirstTests {
            struct Row { }
            @Test func `one`() {}
            @Test(
                .requirement("D3"),
                arguments: [1]
            )
            func `two`(number: Int) {}
        }
        @Suite struct SecondTests {
            @Test(.requirement("D3")) func `three`() {}
            @Test func `four`() {}
        }
        """

    @Test func `tests prove what they and their suite are marked with`() {
        var index = RequirementIndex()
        index.add(source: source)
        #expect(index.proofs["D1"]?.sorted().map(\.test) == ["one", "two"])
        #expect(index.proofs["Q2"]?.count == 2)
        #expect(
            index.proofs["D3"]?.sorted().map { "\($0.suite) \($0.test)" } == ["FirstTests two", "SecondTests three"])
        #expect(index.missing(from: ["D1", "D2", "D3"]) == ["D2"])
        let table = index.markdown(for: [("D2", "Two."), ("D3", "Three.")])
        #expect(table.contains("| D3 | Three. | FirstTests: two<br>SecondTests: three |"))
        #expect(table.contains("| D2 | Two. | **no test** |"))
    }

    /// The tests of the whole repository.
    private func repository() throws -> RequirementIndex {
        var index = RequirementIndex()
        for folder in try FileManager.default.contentsOfDirectory(atPath: Self.tests.path).sorted()
        where folder.hasSuffix("Tests") && folder != "RequirementTags" {
            let files = FileManager.default.subpaths(atPath: Self.tests.appending(path: folder).path) ?? []
            for file in files.sorted() where file.hasSuffix(".swift") && !file.hasSuffix("RequirementIndexTests.swift")
            {
                let path = Self.tests.appending(path: folder).appending(path: file)
                index.add(source: try String(contentsOf: path, encoding: .utf8))
            }
        }
        return index
    }

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    @Test func `every requirement has a test that proves it`() throws {
        #expect(try repository().missing(from: RequirementList.all.map(\.id)) == [])
        #expect(RequirementList.asked.map(\.id) == (1...42).map { "D\($0)" })
        #expect(RequirementList.decided.map(\.id) == (1...20).map { "Q\($0)" })
    }

    /// `HOLDFAST_WRITE_DOCS=1` writes the page instead of comparing it.
    @Test func `the page of requirements tells the tests as they are`() throws {
        let index = try repository()
        let page = """
            # What the server does for partners, and the tests that prove it

            Made from the tests' own tags by `HOLDFAST_WRITE_DOCS=1 swift test --filter RequirementIndexTests`. A test
            fails when this page no longer tells the tests as they are, or when a requirement has none.

            ## What was asked for

            \(index.markdown(for: RequirementList.asked))
            ## What was decided where nothing was asked

            \(index.markdown(for: RequirementList.decided))
            """
        let file = Self.tests.deletingLastPathComponent().appending(path: "docs/requirements.md")
        if ProcessInfo.processInfo.environment["HOLDFAST_WRITE_DOCS"] == "1" {
            try Data(page.utf8).write(to: file)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == page, "docs/requirements.md is out of date: HOLDFAST_WRITE_DOCS=1 writes it anew")
    }
}
