import Glibc

/// A value that one thread at a time may use.
///
/// It is `Synchronization.Mutex` on a pthread mutex. The slow path of Swift 6.3's own mutex lies in a library that is
/// not instrumented, so the thread sanitizer reports a race wherever two threads really meet; it knows pthread's. Once
/// that is mended this type can go.
@safe final class Locked<Value>: @unchecked Sendable {
    private nonisolated(unsafe) var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init(_ value: sending Value) {
        unsafe self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let result = unsafe pthread_mutex_init(mutex, nil)
        precondition(result == 0, "the system refused to create a mutex: errno \(result)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread uses the value; it must not wait for anything.
    func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try unsafe body(&value)
    }
}
