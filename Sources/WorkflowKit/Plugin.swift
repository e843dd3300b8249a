/// A subject of the business as one unit: its workflows, methods and tables, versioned together.
///
/// A plugin is a folder with one such value; the server's list of plugins has one line for it.
public struct Plugin: Sendable {
    /// A numbered SQL file, compiled into the program.
    public typealias Migration = (name: String, text: String)

    /// Lower case, words joined by hyphens; also its name in the ledger of migrations.
    public let name: String
    /// Plugins whose tables its own migrations refer to.
    public let requires: [String]
    public let migrations: [Migration]
    public let workflows: [WorkflowType]
    public let methods: [AnyRPCMethod]
    public let receipts: [EventReceipt]

    public init(
        name: String, requires: [String] = [], migrations: [Migration] = [], workflows: [WorkflowType] = [],
        methods: [AnyRPCMethod] = [], receipts: [EventReceipt] = []
    ) {
        self.name = name
        self.requires = requires
        self.migrations = migrations
        self.workflows = workflows
        self.methods = methods
        self.receipts = receipts
    }
}
