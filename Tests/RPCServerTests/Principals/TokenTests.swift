import RPCServer
import Testing
import WorkflowKit

@Suite struct TokenTests {
    @Test(arguments: PrincipalKind.allCases)
    func `a new token tells its kind and is read again`(kind: PrincipalKind) throws {
        var generator = SystemRandomNumberGenerator()
        let token = Token.random(kind: kind, using: &generator)
        #expect(token.text.hasPrefix("hf_\(kind.rawValue)_"))
        #expect(try #require(Token(token.text)) == token)
        #expect(Token.random(kind: kind, using: &generator).hash != token.hash)
    }

    @Test(arguments: [
        "", "hf_admin_", "hf_admin_short", "hf_king_0123456789012345678901", "xx_admin_0123456789012345678901",
        "hf_admin_012345678901234567890-", "hf_admin_0123456789012345678901_1",
    ])
    func `what cannot be a token is none`(text: String) {
        #expect(Token(text) == nil)
    }

    let noon = Timestamp(microsecondsSince1970: 1_772_366_400_000_000)

    @Test func `a token is good until it expires`() {
        let life = TokenLife(expiresAt: noon, endsAt: nil)
        #expect(life.isGood(at: noon - .milliseconds(1)))
        #expect(!life.isGood(at: noon))
    }

    @Test func `rotation leaves an overlap, which revoking cuts short`() {
        let rotated = TokenLife(expiresAt: noon, endsAt: nil).rotated(at: noon - .seconds(100), overlap: .seconds(60))
        #expect(rotated.isGood(at: noon - .seconds(41)))
        #expect(!rotated.isGood(at: noon - .seconds(40)))
        #expect(!rotated.revoked(at: noon - .seconds(90)).isGood(at: noon - .seconds(90)))
    }

    @Test func `rotation does not prolong`() {
        let life = TokenLife(expiresAt: noon, endsAt: noon - .seconds(90)).rotated(
            at: noon - .seconds(100), overlap: .seconds(60))
        #expect(life.end == noon - .seconds(90))
        #expect(TokenLife(expiresAt: noon, endsAt: nil).rotated(at: noon, overlap: .seconds(60)).end == noon)
    }

    @Test func `a certificate's URI names a caller of a kind`() {
        #expect(CertificatePrincipal.principal(uri: "holdfast:partner:P-1:x")?.partnerID == "P-1:x")
        for uri in ["holdfast:king:P-1", "holdfast:partner:", "https://partner/P-1", "holdfast:partner"] {
            #expect(CertificatePrincipal.principal(uri: uri) == nil)
        }
    }
}
