import Synchronization
package import WorkflowKit

/// Hands on to the engine of this node, which is made after the methods that start runs on it.
package final class LateRunLauncher: RunLauncher {
    private let launcher = Mutex<(any RunLauncher)?>(nil)

    package init() {}

    /// From now on runs are started by `launcher`. Called once, when the node has joined the cluster: until then it has
    /// no time of the database, and what it would write has no day.
    package func use(_ launcher: any RunLauncher) {
        self.launcher.withLock { $0 = launcher }
    }

    package func start<Started: Workflow>(
        _ workflow: Started.Type, _ input: Started.Input, key: String?, in transaction: any Transaction
    ) async throws -> (run: RunID, isNew: Bool) {
        let launcher = try current()
        return try await transaction.withServerRights {
            try await launcher.start(workflow, input, key: key, in: transaction)
        }
    }

    package func signal<Payload: Encodable & Sendable>(
        workflow: String, key: String, name: String, _ payload: Payload, in transaction: any Transaction
    ) async throws -> Bool {
        let launcher = try current()
        let json = try JSONCoding.encode(payload)
        return try await transaction.withServerRights {
            try await launcher.signal(workflow: workflow, key: key, name: name, json, in: transaction)
        }
    }

    package func transactionCommitted() {
        launcher.withLock { $0 }?.transactionCommitted()
    }

    private func current() throws(RPCError) -> any RunLauncher {
        guard let launcher = launcher.withLock({ $0 }) else {
            throw .unavailable("The node is starting; nothing was applied.")
        }
        return launcher
    }
}
