import Foundation
import WorkflowKit

/// How far an upload has come.
struct UploadAnswer: Codable, Sendable, JSONDescribed {
    var uploadId: String
    /// How many bytes are there; the next part begins here.
    var received: Int
    var bytes: Int

    static let schema = JSONSchema.object([
        .required("uploadId", .uuid), .required("received", .integer(0...Int.max)),
        .required("bytes", .integer(0...Int.max)),
    ])

    init(_ upload: UploadBook.Upload, received: Int? = nil) {
        uploadId = upload.id.uuidString.lowercased()
        self.received = received ?? upload.received
        bytes = upload.bytes
    }

    init(uploadId: UUID, bytes: Int) {
        self.uploadId = uploadId.uuidString.lowercased()
        received = 0
        self.bytes = bytes
    }

    static let access = RPCAccess.kinds([.reporter, .admin, .customer, .partner])
}

/// Announces a file.
struct UploadBegin: RPCMethod {
    static let name = "upload.begin"
    static let summary = "Announces a file that is sent in parts, by its length and its SHA-256."
    static let access = UploadAnswer.access
    static let effect = RPCEffect.changes

    struct Params: Codable, Sendable, JSONDescribed {
        var bytes: Int
        var sha256: String

        static let schema = JSONSchema.object([
            .required("bytes", .integer(1...UploadBook.bytesMax)),
            .required("sha256", .string(64...64), "64 hexadecimal digits"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> UploadAnswer {
        let owner = try context.principal.qualifiedID
        guard let sum = Self.bytes(hex: params.sha256) else {
            throw RPCError.invalidParam("sha256", "must be 64 hexadecimal digits")
        }
        let now = context.now
        return try await context.change("upload") { transaction in
            let id = try await UploadBook.begin(
                owner: owner, bytes: params.bytes, sha256: sum, at: now, in: transaction)
            return UploadAnswer(uploadId: id, bytes: params.bytes)
        }
    }

    private static func bytes(hex text: String) -> [UInt8]? {
        let digits = text.compactMap { $0.isASCII ? $0.hexDigitValue : nil }
        guard digits.count == 64, text.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// Adds the next part of a file.
struct UploadAppend: RPCMethod {
    static let name = "upload.append"
    static let summary = "Adds the next bytes of a file; bytes that are there already are skipped."
    static let access = UploadAnswer.access
    static let effect = RPCEffect.changes
    static let errors = ["upload.notFound", "upload.conflict"]

    struct Params: Codable, Sendable, JSONDescribed {
        var uploadId: String
        var offset: Int
        var data: String

        static let schema = JSONSchema.object([
            .required("uploadId", .uuid), .required("offset", .integer(0...UploadBook.bytesMax)),
            .required("data", .string(0...700_000), "base64, at most 512 KiB"),
        ])
    }

    static func orderingKey(_ params: Params) -> String? { "upload:\(params.uploadId.lowercased())" }

    func call(_ params: Params, _ context: RPCContext) async throws -> UploadAnswer {
        let owner = try context.principal.qualifiedID
        guard let data = Data(base64Encoded: params.data), data.count <= UploadBook.partBytesMax else {
            throw RPCError.invalidParam("data", "must be base64 of at most 512 KiB")
        }
        guard let id = UUID(uuidString: params.uploadId) else {
            throw RPCError.invalidParam("uploadId", "must be a UUID")
        }
        return try await context.change("upload:\(params.uploadId)") { transaction in
            guard let upload = try await UploadBook.find(id, owner: owner, isLocked: true, in: transaction) else {
                throw RPCError.notFound("upload")
            }
            guard params.offset <= upload.received else {
                throw RPCError.conflict(
                    "upload", "The bytes before that offset are missing.", detail: ["received": .int(upload.received)])
            }
            guard params.offset + data.count <= upload.bytes else {
                throw RPCError.invalidParam("data", "goes beyond the announced length")
            }
            // After a lost answer a client sends again what is there.
            let fresh = Array(data.dropFirst(upload.received - params.offset))
            guard !fresh.isEmpty else { return UploadAnswer(upload) }
            guard try await UploadBook.append(fresh, to: upload, in: transaction) else {
                throw RPCError.conflict("upload", "The SHA-256 of the whole file is not the one announced.")
            }
            return UploadAnswer(upload, received: upload.received + fresh.count)
        }
    }
}

/// Where to go on after a lost connection.
struct UploadStatus: RPCMethod {
    static let name = "upload.status"
    static let summary = "How many bytes of a file are there."
    static let access = UploadAnswer.access
    static let effect = RPCEffect.reads
    static let errors = ["upload.notFound"]

    struct Params: Codable, Sendable, JSONDescribed {
        var uploadId: String
        static let schema = JSONSchema.object([.required("uploadId", .uuid)])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> UploadAnswer {
        let owner = try context.principal.qualifiedID
        guard let id = UUID(uuidString: params.uploadId) else {
            throw RPCError.invalidParam("uploadId", "must be a UUID")
        }
        return try await context.read { transaction in
            guard let upload = try await UploadBook.find(id, owner: owner, in: transaction) else {
                throw RPCError.notFound("upload")
            }
            return UploadAnswer(upload)
        }
    }
}
