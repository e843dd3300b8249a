import CLibPQ
import Foundation
import Glibc
import Synchronization

/// What a socket is watched for.
protocol ReactorClient: AnyObject, Sendable {
    /// The socket can be read or written, or the peer has gone. Called on the reactor's thread; must not block.
    func socketIsReady()
}

/// The one thread that waits for all database sockets of the process.
///
/// It sleeps in `epoll_wait` without a timeout. Statements are sent by the tasks that make them; the thread only
/// reads answers, hands them over, and writes what the kernel did not take at once. A dispatch source per connection
/// was the alternative: it wakes two threads for an answer instead of one.
///
/// Tasks may run on it as well, see ``PostgresConnection/executor``: an answer then goes on in the thread that read it.
final class Reactor: TaskExecutor {
    static let shared = Reactor()

    private struct Clients {
        var nextID: UInt64 = 1
        var byID: [UInt64: WeakClient] = [:]
    }

    private struct WeakClient {
        weak var client: (any ReactorClient)?
    }

    private let epoll: Int32
    /// Counts jobs that other threads put in while the thread sleeps; known to epoll as client 0.
    private let wakeUps: Int32
    private let thread = Atomic<UInt>(0)
    private let jobs = Locked<[UnownedJob]>([])
    private let clients = Locked(Clients())

    private init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "the system refused to create an epoll instance: errno \(errno)")
        wakeUps = holdfast_wake_up_descriptor()
        precondition(wakeUps >= 0, "the system refused to create an eventfd: errno \(errno)")
        control(EPOLL_CTL_ADD, socket: wakeUps, id: 0, output: false)
        let thread = Thread { [self] in serve() }
        thread.name = "postgres-io"
        thread.start()
    }

    /// Starts to watch `socket` for input; returns the number by which the reactor knows the client.
    ///
    /// The client is held weakly, and must be removed before its socket is closed.
    func add(_ client: any ReactorClient, socket: Int32) -> UInt64 {
        let id = clients.withLock { clients in
            let id = clients.nextID
            clients.nextID += 1
            clients.byID[id] = WeakClient(client: client)
            return id
        }
        control(EPOLL_CTL_ADD, socket: socket, id: id, output: false)
        return id
    }

    /// Watches `socket` for room to write too, or no longer.
    func watchOutput(_ isWatched: Bool, of id: UInt64, socket: Int32) {
        control(EPOLL_CTL_MOD, socket: socket, id: id, output: isWatched)
    }

    /// - Parameter socket: Nil when it is closed already: its number may be another client's by now.
    func remove(_ id: UInt64, socket: Int32?) {
        if let socket { control(EPOLL_CTL_DEL, socket: socket, id: id, output: false) }
        clients.withLock { _ = $0.byID.removeValue(forKey: id) }
    }

    private func control(_ operation: Int32, socket: Int32, id: UInt64, output: Bool) {
        var event = unsafe epoll_event()
        unsafe event.events = EPOLLIN.rawValue | (output ? EPOLLOUT.rawValue : 0)
        unsafe event.data.u64 = id
        // It fails only for a socket that is closed already, and then there is nothing left to watch.
        _ = unsafe epoll_ctl(epoll, operation, socket, &event)
    }

    // MARK: Tasks

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        // The thread itself looks for jobs before it sleeps.
        guard pthread_self() != thread.load(ordering: .relaxed) else { return }
        _ = eventfd_write(wakeUps, 1)
    }

    private func runJobs() {
        while true {
            let waiting = jobs.withLock { jobs in
                defer { jobs.removeAll(keepingCapacity: true) }
                return jobs
            }
            if waiting.isEmpty { return }
            for job in waiting { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    private func serve() -> Never {
        thread.store(pthread_self(), ordering: .relaxed)
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            runJobs()
            let count = unsafe epoll_wait(epoll, &events, Int32(events.count), -1)
            for index in 0..<max(0, Int(count)) {
                let id = unsafe events[index].data.u64
                if id == 0 {
                    var jobsPutIn: UInt64 = 0
                    _ = unsafe eventfd_read(wakeUps, &jobsPutIn)
                    continue
                }
                let client = clients.withLock { $0.byID[id]?.client }
                client?.socketIsReady()
            }
        }
    }
}

/// Runs `body` on a thread of its own: for calls of libpq that block, which no thread of the task pool may do.
///
/// A dispatch queue will not do: on Linux its threads are the ones that run the tasks.
func onOwnThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.start()
}
