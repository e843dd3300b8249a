import Glibc
import RPCWire
import WorkflowKit

/// What the bytes from a network must never be able to do, tried with whatever libFuzzer comes up with.
///
/// The first byte says how the network cuts the rest into pieces, and whether the rest is all that is sent or stands as
/// the id or the parameters of a request, which bytes that know nothing of JSON would seldom become. A broken promise
/// traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let cut = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    let input =
        switch cut >> 6 {
        case 2: Array(#"{"jsonrpc":"2.0","method":"m","id":"#.utf8) + rest + [UInt8(ascii: "}")]
        case 3: Array(#"{"jsonrpc":"2.0","id":1,"method":"m","params":"#.utf8) + rest + [UInt8(ascii: "}")]
        default: rest
        }
    let whole = FuzzedConnection.lines(of: input, pieceBytes: max(input.count, 1))
    let pieces = FuzzedConnection.lines(of: input, pieceBytes: Int(cut % 16) + 1)
    precondition(whole == pieces, "the network's cuts change what the lines are")
    for line in whole { FuzzedConnection.check(line) }
    return 0
}

/// Called once, before the first input: has the kinds of input that were met told at the end.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzInitialize(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    atexit { print("reached: \(FuzzedConnection.reached)") }
    return 0
}
