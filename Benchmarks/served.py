"""A served node with a PostgreSQL of its own, and clients of it: what the benchmarks in Python share."""
import json
import signal
import socket
import subprocess
import threading


class Client:
    """One authenticated connection."""

    def __init__(self, port, token):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.call("session.open", {"token": token})

    def call(self, method, params):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            raise SystemExit(f"{method} was refused: {answer['error']}")
        return answer["result"]


class Server:
    """`holdfast serve` on a port of loopback that the system chooses, with its data in `folder`."""

    def __init__(self, holdfast, folder):
        self.holdfast = holdfast
        self.folder = folder
        self.process = subprocess.Popen(
            [holdfast, "serve", "--data-dir", folder, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if '"message":"serving"' in line:
                self.port = int(json.loads(line)["address"].rsplit(":", 1)[1])
                break
        else:
            raise SystemExit("the server did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def token(self, *arguments):
        return subprocess.run(
            [self.holdfast, "token", "create", "--data-dir", self.folder, *arguments], check=True,
            capture_output=True, text=True).stdout.strip()

    def client(self, *arguments):
        return Client(self.port, self.token(*arguments))

    def psql(self, *arguments, stdin=None):
        """What psql prints."""
        with open(f"{self.folder}/database.url", encoding="utf-8") as url:
            return subprocess.run(
                ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url.read().strip(), *arguments], check=True,
                capture_output=True, text=True, input=stdin).stdout

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
