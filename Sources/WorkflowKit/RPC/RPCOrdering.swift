/// What a request touches, as far as its parameters tell: requests of one connection that may touch the same entity
/// take effect in the order in which they were sent, all others run side by side.
public enum RPCOrdering: Hashable, Sendable {
    /// Nothing that another request could name: it makes something new, or waits for something to happen.
    case free
    /// One entity, by one of the names that such entities have: two serials name two PCs, but a serial and the number of
    /// an alert may belong to the same one.
    case entity(name: String, id: String)
    /// It cannot be told.
    case everything

    /// Whether two requests may touch the same entity.
    package func mayTouchSame(as other: RPCOrdering) -> Bool {
        switch (self, other) {
        case (.free, _), (_, .free): false
        case (.everything, _), (_, .everything): true
        case (.entity(let name, let id), .entity(let otherName, let otherID)): name != otherName || id == otherID
        }
    }

    /// The entity of a key such as `device:5CG1234ABC`.
    init(key: String) {
        let parts = key.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        self = parts.count == 2 ? .entity(name: parts[0], id: parts[1]) : .entity(name: "", id: key)
    }
}
