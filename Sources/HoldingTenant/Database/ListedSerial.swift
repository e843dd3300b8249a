import Foundation
import WorkflowKit

/// One entry of a list of PCs, as the caller wrote it.
struct ListedSerial: Hashable, Sendable {
    var raw: String
    var product: String?

    var serial: SerialNumber? { try? SerialNumber.read(raw).get() }

    /// Reads an uploaded list: a serial number a line, perhaps a product number behind it. The header is optional, and
    /// further columns are ignored.
    static func list(csv text: String) -> [ListedSerial] {
        var listed: [ListedSerial] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
                .flatMap { $0.split(separator: ";", omittingEmptySubsequences: false) }
                .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \t\"\u{FEFF}")) }
            guard let first = cells.first, !first.isEmpty else { continue }
            if listed.isEmpty, first.lowercased() == "serial_number" { continue }
            let product = cells.count > 1 && ProductNumber(cells[1]) != nil ? cells[1] : nil
            listed.append(ListedSerial(raw: first, product: product))
        }
        return listed
    }

    /// Most PCs of one list.
    static let most = 100_000

    /// The list of a request: given with it, or uploaded before.
    static func list(
        _ serials: [String]?, uploadId: String?, of caller: Principal, in transaction: any Transaction
    ) async throws -> [ListedSerial] {
        var listed: [ListedSerial]
        switch (serials, uploadId) {
        case (let serials?, nil):
            listed = serials.map { ListedSerial(raw: $0) }
        case (nil, let text?):
            guard let id = UUID(uuidString: text),
                let upload = try await UploadBook.find(id, owner: caller.qualifiedID, in: transaction)
            else { throw RPCError.notFound("upload") }
            guard upload.isWhole else {
                throw RPCError.precondition("upload", "The upload is not complete.")
            }
            guard upload.bytes <= 16 * 1_024 * 1_024 else {
                throw RPCError.invalidParam("uploadId", "must be a list of at most \(most) serial numbers")
            }
            var bytes: [UInt8] = []
            try await UploadBook.forEachPart(of: id, in: transaction) { bytes += $0 }
            listed = list(csv: String(decoding: bytes, as: UTF8.self))
        default:
            throw RPCError.invalidParams([
                JSONFieldError(path: "serials", message: "give either serials or an uploadId"),
                JSONFieldError(path: "uploadId", message: "give either serials or an uploadId"),
            ])
        }
        guard !listed.isEmpty, listed.count <= most else {
            throw RPCError.invalidParam(
                serials == nil ? "uploadId" : "serials", "must list 1 to \(most) serial numbers")
        }
        return listed
    }
}
