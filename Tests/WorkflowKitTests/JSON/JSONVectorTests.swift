import Foundation
import Testing
import WorkflowKit

/// The public JSON parsing suite: a file named `y_…` must be read, one named `n_…` must be refused.
///
/// It is used where it lies beside the package, or where `HOLDFAST_JSON_SUITE` says.
@Suite struct JSONVectorTests {
    static let folder: URL? = {
        if let path = ProcessInfo.processInfo.environment["HOLDFAST_JSON_SUITE"] { return URL(filePath: path) }
        // Tests/WorkflowKitTests/JSON/ is three folders below the package.
        var package = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { package.deleteLastPathComponent() }
        let folder = package.deletingLastPathComponent().appending(path: "shared/data/json-parsing")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static func vectors(_ prefix: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: #require(folder), includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix(prefix) }
    }

    @Test(.enabled(if: folder != nil)) func `every file that must be read is read`() throws {
        let files = try Self.vectors("y_")
        #expect(files.count >= 90)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            if file.lastPathComponent.hasPrefix("y_object_duplicated_key") {
                // RFC 8259 says that names should be unique. Here they must be, and nothing else is wrong with these.
                let error = #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
                #expect(error?.reason == .duplicateKey("a"))
                continue
            }
            let json = try? JSON(parsing: bytes)
            #expect(json != nil, "\(file.lastPathComponent)")
            #expect(try json.map { try JSON(parsing: $0.bytes) } == json, "\(file.lastPathComponent), written again")
        }
    }

    @Test(.enabled(if: folder != nil)) func `every file that must be refused is refused`() throws {
        let files = try Self.vectors("n_")
        #expect(files.count >= 180)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            // One vector nests 100,000 arrays; the files that are merely deep are refused for their depth.
            #expect((try? JSON(parsing: bytes)) == nil, "\(file.lastPathComponent)")
        }
    }
}
