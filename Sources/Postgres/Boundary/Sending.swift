import CLibPQ

extension Parameters {
    /// Queues the execution of the prepared statement `name`; false when libpq could not.
    func sendPrepared(_ name: String, on connection: OpaquePointer) -> Bool {
        unsafe withPointers { pointers in
            unsafe PQsendQueryPrepared(
                connection, name, count, pointers.values, pointers.lengths, pointers.formats, resultsInBinary) == 1
        }
    }

    /// Queues the execution of `text`, which is parsed for this once.
    func send(_ text: String, on connection: OpaquePointer) -> Bool {
        unsafe withPointers { pointers in
            unsafe PQsendQueryParams(
                connection, text, count, pointers.types, pointers.values, pointers.lengths, pointers.formats,
                resultsInBinary) == 1
        }
    }
}

private let resultsInBinary: Int32 = 1

/// Queues the preparation of `text` under `name`, for parameters of `types`.
func sendPrepare(_ name: String, _ text: String, types: [TypeOID], on connection: OpaquePointer) -> Bool {
    let oids = types.map(\.rawValue)
    return unsafe PQsendPrepare(connection, name, text, Int32(oids.count), oids) == 1
}

/// Queues a text of any number of statements, in the simple protocol. Not in pipeline mode.
func sendSimple(_ text: String, on connection: OpaquePointer) -> Bool {
    unsafe PQsendQuery(connection, text) == 1
}

/// Queues the end of a COPY: with nil as its success, otherwise as a failure that the server then reports.
func sendCopyEnd(failure: String?, on connection: OpaquePointer) -> Bool {
    unsafe PQputCopyEnd(connection, failure) == 1
}

/// Queues the end of a pipeline's transaction.
func sendSync(on connection: OpaquePointer) -> Bool {
    unsafe PQpipelineSync(connection) == 1
}

/// Queues the release of the prepared statement `name`, which is one of our own names and needs no quotes.
func sendDeallocate(_ name: String, on connection: OpaquePointer) -> Bool {
    unsafe PQsendQueryParams(connection, "deallocate \(name)", 0, nil, nil, nil, nil, resultsInBinary) == 1
}
