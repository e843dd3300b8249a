internal import Crypto
package import Foundation
package import WorkflowKit

/// Files that were sent in parts.
package enum UploadBook {
    package struct Upload: Sendable {
        package let id: UUID
        package let bytes: Int
        package let sha256: [UInt8]
        package let received: Int
        package let isWhole: Bool
    }

    /// Most bytes of one part.
    package static let partBytesMax = 512 * 1_024
    /// Most bytes of one file.
    package static let bytesMax = 1_024 * 1_024 * 1_024

    package static func begin(
        owner: String, bytes: Int, sha256: [UInt8], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) -> UUID {
        let id = UUID()
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.upload (upload_id, owner, bytes, sha256, created_at) values ($1, $2, $3, $4, $5)
                """, name: "InsertUpload", .uuid(id), .text(owner), .int8(Int64(bytes)), .bytes(sha256),
                .timestamp(now)))
        return id
    }

    /// The upload if it is the owner's; nil otherwise.
    package static func find(
        _ id: UUID, owner: String, isLocked: Bool = false, in transaction: any Transaction
    ) async throws(SQLError) -> Upload? {
        if isLocked {
            _ = try await transaction.query(
                SQLStatement(
                    "select upload_id from holding.upload where upload_id = $1 and owner = $2 for update",
                    name: "LockUpload", .uuid(id), .text(owner)))
        }
        let rows = try await transaction.query(
            SQLStatement(
                """
                select upload_id, bytes, sha256, received, is_whole
                from holding.upload
                where upload_id = $1 and owner = $2
                """, name: "UploadByID", .uuid(id), .text(owner)))
        guard let row = rows.first else { return nil }
        return Upload(
            id: try row.uuid("upload_id"), bytes: try row.int("bytes"), sha256: try row.bytes("sha256"),
            received: try row.int("received"), isWhole: try row.bool("is_whole"))
    }

    /// Adds bytes behind those that are there. The last ones make the upload whole if the sum is right.
    ///
    /// - Returns: false if the sum of the whole is another than the one announced; nothing is kept of the part then.
    package static func append(
        _ content: [UInt8], to upload: Upload, in transaction: any Transaction
    ) async throws -> Bool {
        let received = upload.received + content.count
        if received == upload.bytes {
            var sum = SHA256()
            try await forEachPart(of: upload.id, in: transaction) { sum.update(data: $0) }
            sum.update(data: content)
            guard Array(sum.finalize()) == upload.sha256 else { return false }
        }
        if !content.isEmpty {
            try await transaction.execute(
                SQLStatement(
                    "insert into holding.upload_part (upload_id, start, content) values ($1, $2, $3)",
                    name: "InsertUploadPart", .uuid(upload.id), .int8(Int64(upload.received)), .bytes(content)))
        }
        try await transaction.execute(
            SQLStatement(
                "update holding.upload set received = $2, is_whole = $3 where upload_id = $1", name: "UpdateUpload",
                .uuid(upload.id), .int8(Int64(received)), .bool(received == upload.bytes)))
        return true
    }

    /// Hands the bytes of an upload to `body`, part by part; only one part is in memory.
    package static func forEachPart(
        of upload: UUID, in transaction: any Transaction, _ body: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        var after = -1
        while let part = try await part(of: upload, after: after, in: transaction) {
            after = part.start
            try await body(part.content[...])
        }
    }

    /// The part that begins after the byte `after`, -1 for the first one; nil behind the last.
    package static func part(
        of upload: UUID, after: Int, in transaction: any Transaction
    ) async throws(SQLError) -> (start: Int, content: [UInt8])? {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select start, content
                from holding.upload_part
                where upload_id = $1 and start > $2
                order by start
                limit 1
                """, name: "NextUploadPart", .uuid(upload), .int8(Int64(after))))
        guard let row = rows.first else { return nil }
        return (try row.int("start"), try row.bytes("content"))
    }
}
