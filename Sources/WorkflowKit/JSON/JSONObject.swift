/// The members of a JSON object, in the order in which they were written; each key occurs once.
///
/// Two objects are equal when they have equal members, whatever the order.
public struct JSONObject: Sendable {
    public struct Member: Hashable, Sendable {
        public let key: String
        public var value: JSON

        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// Up to this many members are searched one by one, which is faster than hashing the key.
    private static let searchedMembersMax = 12

    public private(set) var members: [Member] = []
    /// Where each key stands; empty while there are few members.
    private var positions: [String: Int] = [:]

    public init() {}

    /// Equal keys are a programming error.
    public init(uniqueMembers: [(String, JSON)]) {
        members.reserveCapacity(uniqueMembers.count)
        for (key, value) in uniqueMembers {
            let isNew = append(key, value)
            precondition(isNew, "the key \"\(key)\" stands twice in one JSON object")
        }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    /// The value of `key`. Assigning replaces it in its place or adds it at the end; assigning nil removes it.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member at the end; false, and nothing changes, if there is one of that key.
    @discardableResult
    mutating func append(_ key: String, _ value: JSON) -> Bool {
        if members.count < Self.searchedMembersMax {
            if position(of: key) != nil { return false }
        } else {
            if positions.isEmpty {
                for (index, member) in members.enumerated() { positions[member.key] = index }
            }
            if positions.updateValue(members.count, forKey: key) != nil {
                positions[key] = members.firstIndex { $0.key == key }
                return false
            }
        }
        members.append(Member(key, value))
        return true
    }

    private func position(of key: String) -> Int? {
        positions.isEmpty ? members.firstIndex { $0.key == key } : positions[key]
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        guard !positions.isEmpty else { return }
        positions.removeAll()
        for (index, member) in members.enumerated() { positions[member.key] = index }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Equal keys in a literal are a programming error.
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(uniqueMembers: elements) }
}

extension JSONObject: Sequence {
    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        // A sum does not depend on the order, and equality does not either.
        hasher.combine(members.reduce(0) { $0 &+ $1.hashValue })
    }
}
