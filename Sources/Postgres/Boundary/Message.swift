import CLibPQ

/// Something that a connection can be told to send.
enum Message: Sendable {
    /// Execute the statement that is prepared as `name`.
    case execute(name: String, Parameters)
    /// Parse and execute `text`, for this once.
    case executeOnce(text: String, Parameters)
    /// Prepare `text` under `name`, for parameters of `types`.
    case prepare(name: String, text: String, types: [TypeOID])
    /// Release the statement that is prepared as `name`: one of our own names, which need no quotes.
    case deallocate(name: String)
    /// Execute any number of statements in the simple protocol; not in pipeline mode.
    case script(String)
    /// The data of a COPY are complete; or, with a reason, they never will be.
    case copyEnd(failure: String?)
    /// End the transaction of a pipeline.
    case sync

    /// Hands it to libpq, which sends it when it is flushed; false when libpq could not take it.
    func send(on connection: OpaquePointer) -> Bool {
        switch self {
        case .execute(let name, let parameters):
            unsafe parameters.withPointers { pointers in
                unsafe PQsendQueryPrepared(
                    connection, name, parameters.count, pointers.values, pointers.lengths, pointers.formats,
                    Self.resultsInBinary) == 1
            }
        case .executeOnce(let text, let parameters):
            unsafe parameters.withPointers { pointers in
                unsafe PQsendQueryParams(
                    connection, text, parameters.count, pointers.types, pointers.values, pointers.lengths,
                    pointers.formats, Self.resultsInBinary) == 1
            }
        case .prepare(let name, let text, let types):
            unsafe PQsendPrepare(connection, name, text, Int32(types.count), types.map(\.rawValue)) == 1
        case .deallocate(let name):
            unsafe PQsendQueryParams(
                connection, "deallocate \(name)", 0, nil, nil, nil, nil, Self.resultsInBinary) == 1
        case .script(let text):
            unsafe PQsendQuery(connection, text) == 1
        case .copyEnd(let failure):
            unsafe PQputCopyEnd(connection, failure) == 1
        case .sync:
            unsafe PQpipelineSync(connection) == 1
        }
    }

    private static let resultsInBinary: Int32 = 1
}
