internal import NIOCore
private import NIOSSL
private import NIOTLS
internal import WorkflowKit

/// Makes a connection somebody's when its TLS handshake showed a certificate of the clients' authority.
///
/// The certificate says who it is for in a URI among its alternative names: `holdfast:<kind>:<id>`, for example
/// `holdfast:partner:P-1001`. One without such a name authenticates nobody, and a token is needed.
final class CertificateHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ConnectionHandler

    init(connection: ConnectionHandler) { self.connection = connection }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            if let certificate, let token = Self.token(certificate), let session = connection.session {
                session.authenticate(byCertificate: token)
                connection.noteSession()
            }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private static func token(_ certificate: NIOSSLCertificate) -> AuthenticatedToken? {
        for name in certificate._subjectAlternativeNames() where name.nameType == .uri {
            let uri = String(decoding: Array(name.contents), as: UTF8.self)
            if let principal = CertificatePrincipal.principal(uri: uri) {
                let expiry = Timestamp(microsecondsSince1970: Int64(certificate.notValidAfter) * 1_000_000)
                return AuthenticatedToken(tokenID: uri, principal: principal, expiresAt: expiry)
            }
        }
        return nil
    }
}
