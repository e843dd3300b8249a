import Crypto
import Foundation
import HoldingTenant
import WorkflowKit

/// Takes a sell-through report; a workflow reads and applies it.
struct ReportSubmit: RPCMethod {
    static let name = "report.submit"
    static let summary = "Takes a sell-through report: X12 867, EDIFACT SLSRPT or a flat file."
    static let access = RPCAccess.kinds([.reporter, .admin])
    static let effect = RPCEffect.changes
    static let errors = ["upload.notFound", "upload.precondition", "report.conflict"]

    let runs: any RunLauncher
    let catalogue: CarePackCatalogue

    struct Params: Codable, Sendable, JSONDescribed {
        var format: String
        var content: String?
        var uploadId: String?
        var name: String?

        static let schema = JSONSchema.object([
            .required("format", .oneOf(ReportFormat.allCases.map(\.rawValue))),
            .optional("content", .string(1...16_000_000), "the text of the file"),
            .optional("uploadId", .uuid, "instead of the text: a file that was uploaded"),
            .optional("name", .string(1...200), "what the sender calls the file"),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var reportId: String
        var runId: String
        var status: String
        /// True if the same bytes came before: the first report answers.
        var replayed: Bool?

        static let schema = JSONSchema.object([
            .required("reportId", .uuid), .required("runId", .uuid),
            .required("status", .oneOf(ReportAnswer.statuses)), .optional("replayed", .boolean),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let caller = try context.principal
        guard let format = ReportFormat(rawValue: params.format), (params.content == nil) != (params.uploadId == nil)
        else {
            throw RPCError.invalidParams([
                JSONFieldError(path: "content", message: "give either a content or an uploadId"),
                JSONFieldError(path: "uploadId", message: "give either a content or an uploadId"),
            ])
        }
        let now = context.now
        let result = try await context.change("report") { transaction in
            let upload = try await self.upload(params, of: caller, at: now, in: transaction)
            return try await self.submit(upload, format, params.name, by: caller, at: now, in: transaction)
        }
        runs.transactionCommitted()
        return result
    }

    private func upload(
        _ params: Params, of caller: Principal, at now: Timestamp, in transaction: any Transaction
    ) async throws -> UploadBook.Upload {
        if let text = params.uploadId {
            guard let id = UUID(uuidString: text),
                let upload = try await UploadBook.find(id, owner: caller.qualifiedID, in: transaction)
            else { throw RPCError.notFound("upload") }
            guard upload.isWhole else {
                throw RPCError.precondition(
                    "upload", "The upload is not complete.", detail: ["received": .int(upload.received)])
            }
            return upload
        }
        let bytes = Array((params.content ?? "").utf8)
        let id = try await UploadBook.begin(
            owner: caller.qualifiedID, bytes: bytes.count, sha256: Array(SHA256.hash(data: bytes)), at: now,
            in: transaction)
        guard let empty = try await UploadBook.find(id, owner: caller.qualifiedID, in: transaction),
            try await UploadBook.append(bytes, to: empty, in: transaction),
            let upload = try await UploadBook.find(id, owner: caller.qualifiedID, in: transaction)
        else { throw RPCError.internalError }
        return upload
    }

    private func submit(
        _ upload: UploadBook.Upload, _ format: ReportFormat, _ name: String?, by caller: Principal, at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> Result {
        let envelope = try await self.envelope(upload, format, in: transaction)
        let filer = try Self.filer(caller, envelope)
        // Two files of one filer are looked at one after the other, so that the second finds the first.
        _ = try await transaction.query(
            SQLStatement(
                "select pg_advisory_xact_lock(hashtextextended($1, 867))::text", name: "LockFiler", .text(filer)))
        let number = envelope.flatMap { $0.isTest ? nil : Self.normalised($0.controlNumber) }
        if let earlier = try await earlier(filer, upload.sha256, format, number, in: transaction) { return earlier }
        let report = UUID()
        try await transaction.execute(
            SQLStatement(
                """
                insert into sell_through.report (
                    report_id, filer, filer_partner, name, format, upload_id, digest, control_number, status, received_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, 'received', $9)
                """, name: "InsertReport", .uuid(report), .text(filer),
                .text(orNull: caller.kind == .reporter ? caller.partnerID : nil), .text(orNull: name),
                .text(format.rawValue), .uuid(upload.id), .bytes(upload.sha256), .text(orNull: number),
                .timestamp(now)))
        let run = try await runs.start(
            ReportProcessing.self, ReportProcessing.Input(reportId: report, carePacks: catalogue.recorded),
            key: report.uuidString.lowercased(), in: transaction
        ).run
        try await transaction.execute(
            SQLStatement(
                "update sell_through.report set run_id = $2 where report_id = $1", name: "SetReportRun", .uuid(report),
                .uuid(run.uuid)))
        return Result(reportId: report.uuidString.lowercased(), runId: run.description, status: "received")
    }

    /// Who sent the file, as far as its beginning tells.
    private func envelope(
        _ upload: UploadBook.Upload, _ format: ReportFormat, in transaction: any Transaction
    ) async throws -> ReportEnvelope? {
        guard let part = try await UploadBook.part(of: upload.id, after: -1, in: transaction) else { return nil }
        var reader = ReportReader(format, catalogue: catalogue)
        var output = ReportOutput()
        reader.read(part.content.prefix(4_096), into: &output)
        return reader.sender
    }

    /// - Throws: `params.invalid` if somebody else sent the interchange.
    private static func filer(_ caller: Principal, _ envelope: ReportEnvelope?) throws(RPCError) -> String {
        let sender = envelope.map { $0.sender.trimmingCharacters(in: .whitespaces) }
        guard caller.kind == .reporter else { return sender ?? caller.id }
        guard let own = caller.reporterID ?? caller.partnerID else {
            throw .forbidden("The token is bound to no reporter.")
        }
        guard sender == nil || sender == own else {
            throw .invalidParam("content", "the sender of the interchange is not the reporter of this token")
        }
        return own
    }

    private static func normalised(_ number: String) -> String {
        let text = number.trimmingCharacters(in: .whitespaces)
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return text }
        let digits = text.drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }

    /// The answer if the file, or another one of the same number, came before.
    private func earlier(
        _ filer: String, _ digest: [UInt8], _ format: ReportFormat, _ number: String?,
        in transaction: any Transaction
    ) async throws -> Result? {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select report_id, run_id, status, digest = $2 as is_same
                from sell_through.report
                where filer = $1 and (digest = $2 or (format = $3 and control_number = $4))
                order by digest = $2 desc
                """, name: "EarlierReports", .text(filer), .bytes(digest), .text(format.rawValue),
                .text(orNull: number)))
        guard let row = rows.first else { return nil }
        let id = try row.uuid("report_id").uuidString.lowercased()
        guard try row.bool("is_same") else {
            throw RPCError.conflict(
                "report", "The control number of the interchange was used before with other bytes.",
                detail: ["reportId": .string(id)])
        }
        return Result(
            reportId: id, runId: try row.uuid("run_id").uuidString.lowercased(), status: try row.text("status"),
            replayed: true)
    }
}
