import Testing
import WorkflowKit

@Suite struct RPCMethodTests {
    struct Rename: RPCMethod {
        static let name = "partner.rename"
        static let summary = "Renames a partner."
        static let access = RPCAccess.kinds([.admin])
        static let effect = RPCEffect.changes

        struct Params: Codable, Sendable, JSONDescribed {
            var partnerId: String
            var name: String
            static let schema = JSONSchema.object([
                .required("partnerId", .identifier), .required("name", .string(1...200)),
            ])
        }

        struct Result: Codable, Sendable, JSONDescribed {
            var name: String
            static let schema = JSONSchema.object([.required("name", .text)])
        }

        static func orderingKey(_ params: Params) -> String? { "partner:\(params.partnerId)" }

        func call(_ params: Params, _ context: RPCContext) async throws -> Result { Result(name: params.name) }
    }

    @Test func `a changing method takes an idempotency key beside its own parameters`() throws {
        let prepared = try AnyRPCMethod(Rename()).prepare(["partnerId": "P-1", "name": "New", "idempotencyKey": "k"])
        #expect(prepared.idempotencyKey == "k")
        #expect(prepared.ordering == .entity(name: "partner", id: "P-1"))
    }

    @Test func `wrong parameters are told all at once`() {
        let error = #expect(throws: RPCError.self) { try AnyRPCMethod(Rename()).prepare(["nam": "x"]) }
        #expect(error?.code == .invalidParams)
        #expect(error?.fields.map(\.path) == ["partnerId", "name", "nam"])
    }

    @Test(
        arguments: [
            (RPCAccess.anyone, nil, true), (.anySession, nil, false), (.anySession, .device, true),
            (.kinds([.admin]), nil, false), (.kinds([.admin]), .device, false), (.kinds([.admin]), .admin, true),
        ] as [(RPCAccess, PrincipalKind?, Bool)])
    func `access is decided by kind`(access: RPCAccess, kind: PrincipalKind?, isAdmitted: Bool) {
        #expect(access.admits(kind) == isAdmitted)
    }

    @Test func `a cursor comes back as it was given out, and no other text is one`() throws {
        let cursor = PageCursor(["2026-03-01T09:30:00.000Z", 7])
        #expect(try PageCursor(cursor.text, count: 2) == cursor)
        for text in ["", "zz", "abc", cursor.text + "00"] {
            #expect(throws: RPCError.self) { try PageCursor(text, count: 2) }
        }
    }

    @Test func `a page always writes its next cursor`() throws {
        #expect(try JSONCoding.encode(Page<Rename.Result>(items: [])) == ["items": [], "nextCursor": nil])
    }
}
