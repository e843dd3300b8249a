import RPCWire
import WorkflowKit

/// What the bytes from a network must never be able to do, tried with whatever libFuzzer comes up with.
///
/// The first byte says how the network cuts the rest into pieces. A broken promise traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let cut = bytes.first else { return 0 }
    let input = Array(bytes.dropFirst())
    let whole = FuzzedConnection.lines(of: input, pieceBytes: max(input.count, 1))
    let pieces = FuzzedConnection.lines(of: input, pieceBytes: Int(cut % 16) + 1)
    precondition(whole == pieces, "the network's cuts change what the lines are")
    for line in whole { FuzzedConnection.check(line) }
    return 0
}
