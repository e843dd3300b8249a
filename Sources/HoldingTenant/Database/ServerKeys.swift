internal import Crypto
import Foundation
import WorkflowKit

/// The keys with which the server seals and recognises PINs; made on the first use, and the same for all nodes.
struct ServerKeys: Sendable {
    private let seal: SymmetricKey
    private let mark: [UInt8]

    /// Called with the server's rights: no tenant reads the keys.
    init(in transaction: any Transaction) async throws {
        let names = ["cpin-mark", "cpin-seal"]
        let fresh = names.map { _ in unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) } }
        try await transaction.execute(
            SQLStatement(
                """
                insert into holding.server_key (name, key)
                select name, key from unnest($1::text[], $2::bytea[]) as fresh (name, key)
                order by name
                on conflict (name) do nothing
                """, name: "MakeServerKeys", .textArray(names), .bytesArray(fresh)))
        let rows = try await transaction.query(
            SQLStatement(
                "select key from holding.server_key where name = any ($1) order by name", name: "ServerKeys",
                .textArray(names)))
        guard rows.count == 2 else { throw SQLError(kind: .defect, message: "a key of the server is missing") }
        mark = try rows[0].bytes("key")
        seal = SymmetricKey(data: try rows[1].bytes("key"))
    }

    func fingerprint(of pin: CompanyPIN) -> [UInt8] { pin.fingerprint(key: mark) }

    func sealed(_ pin: CompanyPIN) throws -> [UInt8] {
        guard let box = try AES.GCM.seal(Array(pin.text.utf8), using: seal).combined else {
            preconditionFailure("a nonce of the usual size has a combined form")
        }
        return Array(box)
    }

    func opened(_ sealed: [UInt8]) throws -> CompanyPIN {
        let text = try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: seal)
        guard let pin = CompanyPIN(typed: String(decoding: text, as: UTF8.self)) else {
            throw SQLError(kind: .defect, message: "a sealed PIN is none")
        }
        return pin
    }
}
