import Foundation
import Testing

@Suite struct FileTests {
    @Test func `no source file grows beyond 500 lines`() {
        for file in Repository.files where file.path.hasSuffix(".swift") || file.path.hasSuffix(".sql") {
            // The last line ends with a line break.
            #expect(file.lines.count <= 501, "\(file.path) has \(file.lines.count) lines")
        }
    }

    /// Put together here so that this file does not find itself.
    static let forbidden = [
        "TO" + "DO", "FIX" + "ME", "/wo" + "rk/", "/scr" + "atch", "fatalError(\"unimpl" + "emented",
    ]

    @Test(arguments: Self.forbidden)
    func `no file has an unfinished place or the path of a machine`(word: String) {
        for file in Repository.files {
            for (index, line) in file.lines.enumerated() {
                #expect(!line.contains(word), "\(file.path):\(index + 1) contains \"\(word)\"")
            }
        }
    }

    @Test func `every text file ends with exactly one line break`() {
        for file in Repository.files where ["swift", "sql", "md", "sh"].contains((file.path as NSString).pathExtension)
        {
            #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file.path)")
        }
    }

    @Test func `every migration says in its name what number it has`() {
        for file in Repository.files where file.path.contains("Migrations/") && file.path.hasSuffix(".sql") {
            let name = (file.path as NSString).lastPathComponent
            guard name != "schema.sql" else { continue }
            #expect(name.wholeMatch(of: #/[0-9]{4}[-_][a-z0-9_-]+\.sql/#) != nil, "\(file.path)")
        }
    }
}
