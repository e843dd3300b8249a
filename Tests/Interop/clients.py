"""The clients: aiorpcX and pjrpc as they come from PyPI, and nc."""

import asyncio
import json
import os
import select
import socket
import subprocess
import threading

from scenarios import Refused


class AiorpcX:
    """aiorpcX speaks lines over TCP by itself; it drops an error's data."""

    def __init__(self, host, port):
        self.address = (host, port)

    def __enter__(self):
        import aiorpcx

        self.aiorpcx = aiorpcx
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.session = self._run(self._open())
        return self

    async def _open(self):
        self.connector = self.aiorpcx.connect_rs(*self.address)
        return await self.connector.__aenter__()

    def __exit__(self, *error):
        self._run(self.session.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    async def _ask(self, method, params):
        try:
            return await self.session.send_request(method, () if params is None else params)
        except self.aiorpcx.RPCError as error:
            raise Refused(error.code, error.message)

    def call(self, method, params=None):
        return self._run(asyncio.wait_for(self._ask(method, params), 20))

    def notify(self, method, params=None):
        self._run(self.session.send_notification(method, () if params is None else params))

    def batch(self, calls):
        async def ask():
            async with self.session.send_batch() as batch:
                for method, params in calls:
                    batch.add_request(method, () if params is None else params)
            return batch.results

        return [
            Refused(result.code, result.message) if isinstance(result, self.aiorpcx.RPCError) else result
            for result in self._run(ask())
        ]

    def many(self, calls):
        async def ask():
            return await asyncio.gather(*(self._ask(method, params) for method, params in calls))

        return self._run(ask())


class Pjrpc:
    """pjrpc over a socket: it brings requests, answers and ids, and this brings the lines."""

    def __init__(self, host, port):
        self.address = (host, port)

    def __enter__(self):
        import pjrpc
        from pjrpc.client import AbstractClient

        connection = socket.create_connection(self.address, timeout=30)
        lines = connection.makefile("rw", encoding="utf-8", newline="\n")

        class LineClient(AbstractClient):
            def _request(self, request_text, is_notification, request_kwargs):
                lines.write(request_text + "\n")
                lines.flush()
                if is_notification:
                    return None
                line = lines.readline()
                if not line:
                    raise ConnectionError("the server closed the connection")
                return line

        self.pjrpc = pjrpc
        self.connection = connection
        self.client = LineClient()
        return self

    def __exit__(self, *error):
        self.connection.close()

    def _request(self, method, params, id):
        return self.pjrpc.Request(method, params=params, id=id)

    def _unwrap(self, response):
        if response.is_error:
            error = response.unwrap_error()
            return Refused(error.code, error.message, error.data)
        return response.unwrap_result()

    def call(self, method, params=None):
        if params is None:
            params = {}
        answer = self._unwrap(self.client._send_request(self._request(method, params, 1), {}))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def notify(self, method, params=None):
        self.client.notify(method, **(params or {}))

    def batch(self, calls):
        requests = [self._request(method, params, index) for index, (method, params) in enumerate(calls)]
        text = json.dumps([request.to_json() for request in requests])
        response = self.pjrpc.common.BatchResponse.from_json(
            json.loads(self.client._request(text, False, {})), error_cls=self.pjrpc.client.exceptions.JsonRpcError)
        answers = {response.id: self._unwrap(response) for response in response}
        return [answers[index] for index in range(len(calls))]

    def many(self, calls):
        return [self.call(method, params) for method, params in calls]


class Netcat:
    """nc, which knows nothing of JSON: what it sends is what a person would type."""

    def __init__(self, host, port):
        self.address = (host, port)

    def __enter__(self):
        host, port = self.address
        self.received = b""
        self.process = subprocess.Popen(
            ["nc", "-N", host, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def _send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _receive(self):
        # nc keeps its output open after the server has closed, until its input ends too.
        while b"\n" not in self.received:
            if not select.select([self.process.stdout], [], [], 10)[0]:
                raise ConnectionError("the server is silent")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                break
            self.received += more
        line, _, self.received = self.received.partition(b"\n")
        if not line:
            raise ConnectionError("the server closed the connection")
        assert len(line) < 64 * 1024 or b"openrpc" in line, "a line is longer than usual readers take"
        return json.loads(line)

    @staticmethod
    def _message(method, params, id=None):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        if id is not None:
            message["id"] = id
        return message

    @staticmethod
    def _unwrap(answer):
        assert answer["jsonrpc"] == "2.0" and ("result" in answer) != ("error" in answer), answer
        if "error" in answer:
            error = answer["error"]
            return Refused(error["code"], error["message"], error["data"])
        assert isinstance(answer["result"], dict), answer
        return answer["result"]

    def call(self, method, params=None):
        self._send(self._message(method, params, 1))
        answer = self._unwrap(self._receive())
        if isinstance(answer, Refused):
            raise answer
        return answer

    def notify(self, method, params=None):
        self._send(self._message(method, params))

    def batch(self, calls):
        self._send([self._message(method, params, index + 1) for index, (method, params) in enumerate(calls)])
        answers = {answer["id"]: self._unwrap(answer) for answer in self._receive()}
        return [answers[index + 1] for index in range(len(calls))]

    def many(self, calls):
        for index, (method, params) in enumerate(calls):
            self._send(self._message(method, params, index + 1))
        answers = [self._receive() for _ in calls]
        assert sorted(answer["id"] for answer in answers) == list(range(1, len(calls) + 1))
        return [self._unwrap(answer) for answer in answers]
