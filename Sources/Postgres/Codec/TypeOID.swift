import WorkflowKit

/// The number by which PostgreSQL knows a type (source: `pg_type.dat` of PostgreSQL 15).
struct TypeOID: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }
    private init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// The server is to find out the type from the statement.
    static let inferred = TypeOID(0)

    static let bool = TypeOID(16)
    static let bytea = TypeOID(17)
    static let char = TypeOID(18)
    static let name = TypeOID(19)
    static let int8 = TypeOID(20)
    static let int2 = TypeOID(21)
    static let int4 = TypeOID(23)
    static let text = TypeOID(25)
    static let oid = TypeOID(26)
    static let xid = TypeOID(28)
    static let json = TypeOID(114)
    static let float4 = TypeOID(700)
    static let float8 = TypeOID(701)
    static let unknown = TypeOID(705)
    static let bpchar = TypeOID(1042)
    static let varchar = TypeOID(1043)
    static let date = TypeOID(1082)
    static let timestamptz = TypeOID(1184)
    static let numeric = TypeOID(1700)
    static let void = TypeOID(2278)
    static let uuid = TypeOID(2950)
    static let jsonb = TypeOID(3802)
    static let xid8 = TypeOID(5069)

    static let jsonArray = TypeOID(199)
    static let boolArray = TypeOID(1000)
    static let byteaArray = TypeOID(1001)
    static let nameArray = TypeOID(1003)
    static let int2Array = TypeOID(1005)
    static let int4Array = TypeOID(1007)
    static let textArray = TypeOID(1009)
    static let bpcharArray = TypeOID(1014)
    static let varcharArray = TypeOID(1015)
    static let int8Array = TypeOID(1016)
    static let float4Array = TypeOID(1021)
    static let float8Array = TypeOID(1022)
    static let oidArray = TypeOID(1028)
    static let dateArray = TypeOID(1182)
    static let timestamptzArray = TypeOID(1185)
    static let uuidArray = TypeOID(2951)
    static let jsonbArray = TypeOID(3807)
}

extension SQLValue {
    /// The type that the value is sent as.
    var typeOID: TypeOID {
        switch self {
        case .null: .inferred
        case .bool: .bool
        case .int2: .int2
        case .int4: .int4
        case .int8: .int8
        case .float8: .float8
        case .numeric: .numeric
        case .text: .text
        case .bytes: .bytea
        case .uuid: .uuid
        case .timestamp: .timestamptz
        case .date: .date
        case .json: .jsonb
        case .boolArray: .boolArray
        case .int2Array: .int2Array
        case .int4Array: .int4Array
        case .int8Array: .int8Array
        case .float8Array: .float8Array
        case .textArray: .textArray
        case .bytesArray: .byteaArray
        case .uuidArray: .uuidArray
        case .timestampArray: .timestamptzArray
        case .dateArray: .dateArray
        case .jsonArray: .jsonbArray
        }
    }
}
