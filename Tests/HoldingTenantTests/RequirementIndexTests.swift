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
        #expect(index.markdown(for: ["D2", "D3"]).contains("| D3 | FirstTests: two<br>SecondTests: three |"))
        #expect(index.markdown(for: ["D2"]).contains("| D2 | **no test** |"))
    }

    @Test func `what can be proved without a database has its test`() throws {
        var index = RequirementIndex()
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        for module in ["HoldingTenantTests", "SellThroughTests", "HPUniversityTests", "SupportCasesTests"] {
            let folder = tests.appending(path: module)
            for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasSuffix(".swift")
            {
                index.add(source: try String(contentsOf: folder.appending(path: file), encoding: .utf8))
            }
        }
        // The rest is about the server as a whole: its name, its tenants, automatic creation, upload.
        let server = ["D2", "D8", "D13", "Q19", "Q20"]
        let all = (1...42).map { "D\($0)" } + (1...20).map { "Q\($0)" }
        #expect(index.missing(from: all).filter { !server.contains($0) } == [])
    }
}
