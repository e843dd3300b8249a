/// Which statements the server has prepared on one connection, the most recently used last.
///
/// A statement is known by its text and the types of its parameters. A null has no type of its own and fits any
/// statement with the same text.
struct StatementCache {
    struct Entry {
        let name: String
        let text: String
        var types: [TypeOID]
        fileprivate var usedAt: UInt64
    }

    /// More than this many are not kept: each costs memory in the server's process.
    let countMax: Int
    private var entries: [String: [Entry]] = [:]
    private(set) var count = 0
    private var clock: UInt64 = 0
    private var namesGiven: UInt64 = 0

    init(countMax: Int) {
        self.countMax = countMax
    }

    /// The name of a prepared statement that takes parameters of `types`.
    mutating func find(_ text: String, types: [TypeOID]) -> String? {
        clock += 1
        guard let index = entries[text]?.firstIndex(where: { $0.accepts(types) }) else { return nil }
        entries[text]![index].usedAt = clock
        return entries[text]![index].name
    }

    /// A name that no statement of the connection has had, and the types to prepare `text` with: those of `types`,
    /// and where they have a null, those that an earlier call had.
    mutating func plan(_ text: String, types: [TypeOID]) -> (name: String, types: [TypeOID]) {
        namesGiven += 1
        var merged = types
        for index in types.indices where types[index] == .inferred {
            let known = entries[text]?.lazy.filter { $0.types.count == types.count }.map { $0.types[index] }
            merged[index] = known?.first { $0 != .inferred } ?? .inferred
        }
        return ("s\(namesGiven)", merged)
    }

    /// Takes in a statement that the server has prepared; returns the names that have to be deallocated for it.
    mutating func insert(name: String, text: String, types: [TypeOID]) -> [String] {
        clock += 1
        var evicted: [String] = []
        // A statement that knew less of its types, or the same, is of no more use.
        entries[text, default: []].removeAll { old in
            let isCovered =
                old.types.count == types.count && zip(old.types, types).allSatisfy { $0 == .inferred || $0 == $1 }
            if isCovered {
                evicted.append(old.name)
                count -= 1
            }
            return isCovered
        }
        entries[text, default: []].append(Entry(name: name, text: text, types: types, usedAt: clock))
        count += 1
        while count > countMax, let oldest = entries.values.joined().min(by: { $0.usedAt < $1.usedAt }) {
            remove(name: oldest.name, text: oldest.text)
            evicted.append(oldest.name)
        }
        return evicted
    }

    /// Forgets a statement, for example because the server no longer has it; false if it was not known.
    @discardableResult
    mutating func remove(name: String, text: String) -> Bool {
        guard let index = entries[text]?.firstIndex(where: { $0.name == name }) else { return false }
        entries[text]!.remove(at: index)
        count -= 1
        if entries[text]!.isEmpty { entries[text] = nil }
        return true
    }
}

extension StatementCache.Entry {
    fileprivate func accepts(_ given: [TypeOID]) -> Bool {
        types.count == given.count && zip(types, given).allSatisfy { $0 == $1 || $1 == .inferred }
    }
}
