import CLibPQ
import WorkflowKit

/// One answer of the server, with the memory that libpq keeps it in.
///
/// It is never written to after libpq hands it over, so any task may read it; the memory is freed with the last
/// reference. Rows are decoded by the task that asked for them, not by the thread that serves the sockets.
@safe final class ServerResult: Sendable {
    private nonisolated(unsafe) let pointer: OpaquePointer

    /// Takes over `pointer`, a `PGresult`.
    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    deinit { unsafe PQclear(pointer) }

    var status: ExecStatusType { unsafe PQresultStatus(pointer) }

    /// Whether it says that something went wrong, a skipped statement of an aborted pipeline among it.
    var isFailure: Bool {
        switch status {
        case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_PIPELINE_ABORTED: true
        default: false
        }
    }

    /// Whether the server now waits for the data of a COPY.
    var isCopyIn: Bool { status == PGRES_COPY_IN }

    /// How many rows the statement changed, or returned.
    var affectedRows: Int {
        let text = unsafe String(cString: PQcmdTuples(pointer))
        return Int(text) ?? 0
    }

    /// What the server calls the command it carried out, for example `COMMIT`.
    var commandTag: String { unsafe String(cString: PQcmdStatus(pointer)) }

    /// One field of an error or notice, for example `PG_DIAG_SQLSTATE`.
    func field(_ code: Int32) -> String? {
        unsafe PQresultErrorField(pointer, code).map { unsafe String(cString: $0) }
    }

    /// Everything libpq has to say about an error; may hold values, so it is for links that broke only.
    var errorText: String { unsafe String(cString: PQresultErrorMessage(pointer)) }

    var rowCount: Int { unsafe Int(PQntuples(pointer)) }

    /// Decodes all rows; throws `.defect` for a column of a type that has no ``SQLValue``.
    func rows() throws(SQLError) -> [SQLRow] {
        let rowCount = self.rowCount
        guard rowCount > 0 else { return [] }
        let columnCount = unsafe PQnfields(pointer)
        var names: [String] = []
        var types: [TypeOID] = []
        for column in 0..<columnCount {
            unsafe names.append(String(cString: PQfname(pointer, column)))
            unsafe types.append(TypeOID(rawValue: PQftype(pointer, column)))
        }
        let columns = SQLColumns(names: names)
        var rows: [SQLRow] = []
        rows.reserveCapacity(rowCount)
        for row in 0..<Int32(rowCount) {
            var values: [SQLValue] = []
            values.reserveCapacity(names.count)
            for column in 0..<columnCount {
                values.append(try value(row: row, column: column, type: types[Int(column)], name: names))
            }
            rows.append(SQLRow(columns: columns, values: values))
        }
        return rows
    }

    private func value(row: Int32, column: Int32, type: TypeOID, name: [String]) throws(SQLError) -> SQLValue {
        if unsafe PQgetisnull(pointer, row, column) != 0 { return .null }
        let length = unsafe Int(PQgetlength(pointer, row, column))
        // Valid until PQclear, and `self` lives at least until the end of this call.
        let cell = unsafe UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: length)
        do throws(UndecodableValue) {
            var reader = unsafe CellReader(cell: cell.bindMemory(to: UInt8.self))
            return try SQLValue(decoding: &reader, as: type)
        } catch {
            throw SQLError(kind: .defect, message: "cannot read column \"\(name[Int(column)])\": \(error.reason)")
        }
    }
}
