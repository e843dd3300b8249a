import Foundation
import Testing

@testable import PostgresStore

/// Starting a new migration.
@Suite struct MigrationTemplateTests {
    @Test func `a new file takes the next number and can be read once it has a statement`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hfm-new-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try MigrationTemplate.write(name: "create-parts", plugin: "parts", in: folder)
        #expect(first == "\(folder)/0001-create-parts.sql")
        #expect(
            try MigrationTemplate.write(name: "add-track", plugin: "parts", in: folder).hasSuffix("/0002-add-track.sql")
        )
        let text = try String(contentsOfFile: first, encoding: .utf8)
        let file = try MigrationFile.read(
            plugin: "parts", fileName: "0001-create-parts.sql",
            text: text.replacing("-- holdfast: down", with: "select 1;\n-- holdfast: down"))
        #expect(file.phase == .expand && file.down != nil)
    }

    @Test(arguments: ["", "Add Track", "a/b", "ü"])
    func `a name that no file should have is refused`(_ name: String) {
        let error = #expect(throws: MigrationError.self) {
            try MigrationTemplate.file(name: name, plugin: "p", after: [])
        }
        #expect(error?.exitCode == 64)
    }

    @Test func `a folder that is not there is told`() {
        let error = #expect(throws: MigrationError.self) {
            try MigrationTemplate.write(name: "a", plugin: "p", in: "/nowhere/at/all")
        }
        #expect(error?.message.contains("/nowhere/at/all") == true)
    }
}
