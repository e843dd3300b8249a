import Foundation

/// Starts a new migration file.
package enum MigrationTemplate {
    /// Writes `NNNN-name.sql`, with the next free number, into `folder`, and returns its path.
    ///
    /// - Throws: ``MigrationError`` of kind `.usage` for a name that no file can have, `.refused` when the folder
    ///   cannot be read or written.
    package static func write(name: String, plugin: String, in folder: String) throws(MigrationError) -> String {
        let file: (name: String, text: String)
        do {
            let existing = try FileManager.default.contentsOfDirectory(atPath: folder)
            file = try self.file(name: name, plugin: plugin, after: existing)
            let path = folder + "/" + file.name
            try Data(file.text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
            return path
        } catch let error as MigrationError {
            throw error
        } catch {
            throw MigrationError(
                .refused, "could not write a migration into \"\(folder)\": \((error as NSError).localizedDescription)")
        }
    }

    /// The name and text of a new file beside those of `existing`.
    static func file(
        name: String, plugin: String, after existing: [String]
    ) throws(MigrationError) -> (name: String, text: String) {
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        guard isName else {
            throw MigrationError(
                .usage, "\"\(name)\" is no name for a migration: a-z, 0-9 and hyphens, as in add-track")
        }
        let next = (existing.compactMap { MigrationFile.numberAndName(of: $0)?.version }.max() ?? 0) + 1
        guard next <= 9_999 else { throw MigrationError(.refused, "\"\(plugin)\" has used up its 9,999 numbers") }
        let digits = String(next)
        let number = String(repeating: "0", count: 4 - digits.count) + digits
        return (
            "\(number)-\(name).sql",
            """
            -- What this changes, and why.
            -- holdfast: phase expand

            -- Names are written in full (schema.table): the search path is pg_catalog alone.
            -- Add "-- holdfast: no-transaction" for "create index concurrently" and its like.

            -- holdfast: down

            """
        )
    }
}
