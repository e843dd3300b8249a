import WorkflowKit

extension SQLValue {
    /// Reads one cell in PostgreSQL's binary format, as the `send` function of `type` writes it.
    init(decoding reader: inout CellReader, as type: TypeOID) throws(UndecodableValue) {
        switch type {
        case .bool: self = .bool(try reader.bool())
        case .int2: self = .int2(try reader.integer())
        case .int4: self = .int4(try reader.integer())
        case .int8, .xid8: self = .int8(try reader.integer())
        case .oid, .xid: self = .int8(Int64(try reader.integer() as UInt32))
        case .float4: self = .float8(Double(Float(bitPattern: try reader.integer())))
        case .float8: self = .float8(Double(bitPattern: try reader.integer()))
        case .numeric: self = .numeric(try reader.numeric())
        case .text, .varchar, .bpchar, .name, .char, .unknown: self = .text(try reader.text(reader.remaining))
        case .bytea: self = .bytes(try reader.bytes(reader.remaining))
        case .uuid: self = .uuid(try reader.uuid())
        case .timestamptz: self = .timestamp(try reader.timestamp())
        case .date: self = .date(try reader.date())
        case .jsonb: self = .json(try reader.jsonb(reader.remaining))
        case .json: self = .json(try reader.bytes(reader.remaining))
        case .void:
            self = .null
            return

        case .boolArray:
            self = .boolArray(try reader.array { reader, _ throws(UndecodableValue) in try reader.bool() })
        case .int2Array:
            self = .int2Array(try reader.array { reader, _ throws(UndecodableValue) in try reader.integer() })
        case .int4Array:
            self = .int4Array(try reader.array { reader, _ throws(UndecodableValue) in try reader.integer() })
        case .int8Array:
            self = .int8Array(try reader.array { reader, _ throws(UndecodableValue) in try reader.integer() })
        case .oidArray:
            self = .int8Array(
                try reader.array { reader, _ throws(UndecodableValue) in Int64(try reader.integer() as UInt32) })
        case .float4Array:
            self = .float8Array(
                try reader.array { reader, _ throws(UndecodableValue) in
                    Double(Float(bitPattern: try reader.integer()))
                })
        case .float8Array:
            self = .float8Array(
                try reader.array { reader, _ throws(UndecodableValue) in Double(bitPattern: try reader.integer()) })
        case .textArray, .varcharArray, .bpcharArray, .nameArray:
            self = .textArray(try reader.array { reader, length throws(UndecodableValue) in try reader.text(length) })
        case .byteaArray:
            self = .bytesArray(try reader.array { reader, length throws(UndecodableValue) in try reader.bytes(length) })
        case .uuidArray:
            self = .uuidArray(try reader.array { reader, _ throws(UndecodableValue) in try reader.uuid() })
        case .timestamptzArray:
            self = .timestampArray(try reader.array { reader, _ throws(UndecodableValue) in try reader.timestamp() })
        case .dateArray:
            self = .dateArray(try reader.array { reader, _ throws(UndecodableValue) in try reader.date() })
        case .jsonbArray:
            self = .jsonArray(try reader.array { reader, length throws(UndecodableValue) in try reader.jsonb(length) })
        case .jsonArray:
            self = .jsonArray(try reader.array { reader, length throws(UndecodableValue) in try reader.bytes(length) })

        default:
            throw UndecodableValue(
                reason: "values of the type with oid \(type.rawValue) are not understood: cast it in the statement")
        }
        guard reader.remaining == 0 else { throw UndecodableValue(reason: "the cell is longer than its type") }
    }
}
