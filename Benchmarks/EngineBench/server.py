#!/usr/bin/env python3
"""What a server costs that has nothing to do: idle queries, and the memory and waking of parked runs.

    Benchmarks/PostgresBench/with-cluster.sh Benchmarks/EngineBench/server.py .build/release/holdfast [runs]

Speaks the protocol over TCP like any client.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

HOLDFAST = sys.argv[1]
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
IDLE_SECONDS = 60
PORT = 17420
URL = f"postgresql:///bench_server?host={os.environ['PGHOST']}&user=postgres"


def psql(text, database="bench_server"):
    done = subprocess.run(
        ["psql", "-XAtq", "-d", database, "-c", text], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Client:
    """One authenticated connection; calls may be pipelined."""

    def __init__(self, token):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.lines = self.socket.makefile("rb")
        self.call("session.open", {"token": token})

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, method, params, identifier=1):
        message = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            raise SystemExit(f"refused: {answer['error']}")
        return answer["result"]

    def call(self, method, params):
        self.send(method, params)
        return self.receive()


def resident_megabytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def queries():
    with open(os.path.join(os.environ["PGHOST"], "log")) as log:
        return sum(1 for line in log if re.search(r"LOG:  (execute|statement)", line))


def wait_until(text, wanted):
    while psql(text) != wanted:
        time.sleep(0.05)


def start_many(client, workflow, make_input):
    begin = time.monotonic()
    for first in range(0, RUNS, 1_000):
        runs = [{"workflow": workflow, "input": make_input()} for _ in range(min(1_000, RUNS - first))]
        yield from (item["runId"] for item in client.call("run.startMany", {"runs": runs})["items"])
    print(f"{RUNS} runs of {workflow} started in {time.monotonic() - begin:.1f} s")


def main():
    psql("create database bench_server", "postgres")
    subprocess.run([HOLDFAST, "migrate", "up", "--database", URL], check=True, capture_output=True)
    token = json.loads(subprocess.run(
        [HOLDFAST, "token", "create", "--kind", "admin", "--json", "--database", URL], check=True,
        capture_output=True, text=True).stdout)["token"]
    server = subprocess.Popen(
        [HOLDFAST, "serve", "--canary", "--database", URL, "--listen", f"127.0.0.1:{PORT}"],
        stdout=subprocess.DEVNULL, stderr=open(os.path.join(os.environ["PGHOST"], "server.log"), "w"))
    try:
        measure(server, token)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def measure(server, token):
    while True:
        try:
            client = Client(token)
            break
        except OSError:
            time.sleep(0.1)
    client.close()
    time.sleep(10)
    psql("alter system set log_statement = 'all'")
    psql("select pg_reload_conf()")
    time.sleep(1)
    before = queries()
    time.sleep(IDLE_SECONDS)
    print(f"idle: {(queries() - before) / IDLE_SECONDS:.2f} queries/s")
    psql("alter system reset log_statement")
    psql("select pg_reload_conf()")

    client = Client(token)
    empty = resident_megabytes(server)
    runs = list(start_many(client, "canary.await", lambda: {"signal": "go"}))
    started = resident_megabytes(server)
    begin = time.monotonic()
    parked = "select count(*) from holdfast.run where state = 2"
    wait_until(parked, str(RUNS))
    print(f"all parked {time.monotonic() - begin:.1f} s later")
    time.sleep(12)
    full = resident_megabytes(server)
    print(f"memory: {empty:.0f} MB empty, {started:.0f} MB when all were started, {full:.0f} MB when all were "
          f"parked: {full - empty:.0f} MB over the empty server")

    begin = time.monotonic()
    threads = [threading.Thread(target=wake, args=(token, runs[part::8])) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until("select count(*) from holdfast.run", "0")
    print(f"all woken by a signal each and ended in {time.monotonic() - begin:.1f} s")

    due = time.time() + 90
    list(start_many(client, "canary.sleep", lambda: {"ms": max(1, int((due - time.time()) * 1000))}))
    wait_until(parked, str(RUNS))
    if time.time() > due:
        raise SystemExit("they were due before all were parked; try fewer runs")
    time.sleep(12)
    full = resident_megabytes(server)
    wait_until("select count(*) from holdfast.run", "0")
    print(f"memory with as many parked on timers: {full - empty:.0f} MB over the empty server")
    print(f"all due at the same moment, all ended {time.time() - due:.1f} s after it")


def wake(token, runs):
    client = Client(token)
    in_flight = 0
    for run in runs:
        client.send("run.signal", {"runId": run, "name": "go"})
        in_flight += 1
        if in_flight == 100:
            client.receive()
            in_flight -= 1
    for _ in range(in_flight):
        client.receive()


main()
