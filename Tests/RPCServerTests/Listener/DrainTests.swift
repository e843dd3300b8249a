import Testing
import WireClient
import WorkflowKit

@testable import RPCServer

@Suite struct DrainTests {
    @Test func `a wait that would outlive the server is told to come again`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(
                #"{"jsonrpc":"2.0","id":1,"method":"test.patience","params":{"text":"x"}}"# + "\n")
            await server.recorder.gate.arrived(1)
            async let drained: Void = server.listener.drain(grace: .seconds(600))
            let answer = try await client.next()
            #expect(answer["error"]?["code"] == -32006)
            #expect(answer["error"]?["data"]?["retryable"] == true)
            #expect(await client.line() == nil)
            await drained
        }
    }
}
