#!/usr/bin/env python3
"""Two nodes on one PostgreSQL under canary.ledger load, while processes are killed, frozen and cut off at random.

    Tests/Faults/faults.py --holdfast .build/release/holdfast --rounds 200 --seed 1

Every acknowledged run must complete, and every ledger entry must be there exactly once. Prints one line per round and a
summary; exits 1 on a violation. Needs PostgreSQL's server programs and nothing outside Python's standard library.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def server_programs():
    try:
        return subprocess.check_output(["pg_config", "--bindir"], text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return sorted(__import__("glob").glob("/usr/lib/postgresql/*/bin"))[-1]


class Cluster:
    """A throw-away PostgreSQL of default durability."""

    def __init__(self):
        self.bin = server_programs()
        self.folder = tempfile.mkdtemp(prefix="hf-faults-", dir="/tmp")
        self.prefix = []
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.run("initdb", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8")
        self.start()

    def run(self, program, *arguments, check=True):
        command = self.prefix + [f"{self.bin}/{program}", *arguments]
        subprocess.run(command, cwd="/", check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=200"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, mode):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", mode, "-w", "stop", check=False)

    @property
    def url(self):
        return f"host={self.folder} user=postgres dbname=postgres"

    def query(self, sql):
        command = [f"{self.bin}/psql", "-XAtq", "-d", self.url, "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Node:
    def __init__(self, name, port, options, cluster):
        self.name, self.port, self.options, self.cluster = name, port, options, cluster
        self.log = open(f"{cluster.folder}/{name}.log", "ab")
        self.process = None

    def start(self):
        command = [
            self.options.holdfast, "serve", "--canary", "--database", self.cluster.url, "--node", self.name,
            "--listen", f"127.0.0.1:{self.port}",
        ]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def send(self, number):
        self.process.send_signal(number)

    def revive(self):
        if self.process.poll() is not None:
            self.start()
            return True
        return False


class Client:
    """One connection; opened again, to any node, whenever it breaks."""

    def __init__(self, nodes, token, rng):
        self.nodes, self.token, self.rng = nodes, token, rng
        self.reader = self.writer = None
        self.number = 0

    async def call(self, method, params, patience=20.0):
        if self.writer is None:
            node = self.rng.choice(self.nodes)
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", node.port, limit=1 << 20), 2)
            opened = await self.exchange("session.open", {"token": self.token}, patience)
            if "error" in opened:
                # The database is away; what needs a session must not go out without one.
                raise ConnectionError("no session")
        return await self.exchange(method, params, patience)

    async def exchange(self, method, params, patience):
        self.number += 1
        line = json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}) + "\n"
        self.writer.write(line.encode())
        await self.writer.drain()
        answer = await asyncio.wait_for(self.reader.readline(), patience)
        if not answer:
            raise ConnectionError("closed")
        return json.loads(answer)

    def drop(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def insist(self, method, params):
        """Repeats a request until it is answered; what it changes must carry an idempotency key."""
        while True:
            try:
                answer = await self.call(method, params)
            except (OSError, asyncio.TimeoutError, ConnectionError, ValueError):
                self.drop()
                await asyncio.sleep(0.1)
                continue
            error = answer.get("error")
            if error is None:
                return answer["result"]
            if error["code"] in (-32006, -32010, -32007, -32005):
                if error["code"] != -32007:
                    self.drop()
                await asyncio.sleep(0.1)
                continue
            raise RuntimeError(f"{method}: {error}")


class World:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(options.seed)
        self.cluster = Cluster()
        self.started = {}
        self.next = 0
        self.stopping = False
        self.kills = []

    async def load(self, number):
        """Starts runs one after the other and waits for each; each books on an account of its own."""
        client = Client(self.nodes, self.token, random.Random(self.options.seed * 1000 + number))
        while not self.stopping:
            self.next += 1
            account = f"account-{self.next}"
            entries = client.rng.randint(1, 6)
            keyed = client.rng.random() < 0.5
            params = {"workflow": "canary.ledger", "idempotencyKey": account,
                      "input": {"account": account, "entries": entries, "amount": 7,
                                "pauseMs": client.rng.choice([0, 0, 20, 200])}}
            if keyed:
                params["key"] = account
            result = await client.insist("run.start", params)
            self.started[account] = (result["runId"], entries)
            if client.rng.random() < 0.5:
                await client.insist("run.wait", {"runId": result["runId"], "timeoutMs": 60000})
        client.drop()

    async def disturb(self, number):
        fault = self.rng.choices(["kill", "freeze", "cut", "crash"], [5, 1, 4, 2])[0]
        node = self.rng.choice(self.nodes)
        await asyncio.sleep(self.rng.uniform(0.2, 1.5))
        if fault == "kill":
            incarnation, has_heir = self.standing(node)
            self.kills.append((time.time(), incarnation, has_heir, number))
            node.send(signal.SIGKILL)
            node.process.wait()
            await asyncio.sleep(self.rng.uniform(0.5, 4))
            node.start()
        elif fault == "freeze":
            node.send(signal.SIGSTOP)
            await asyncio.sleep(self.rng.uniform(11, 16))
            node.send(signal.SIGCONT)
        elif fault == "cut":
            count = self.rng.randint(1, 4)
            self.cluster.query(
                "select pg_terminate_backend(pid) from (select pid from pg_stat_activity where application_name like"
                f" 'holdfast-%' order by random() limit {count}) as victims")
        else:
            self.cluster.stop("immediate")
            await asyncio.sleep(self.rng.uniform(0, 2))
            self.cluster.start()
        revived = [other.name for other in self.nodes if other.revive()]
        print(f"round {number}: {fault} {node.name if fault in ('kill', 'freeze') else ''}"
              f"{' revived ' + ','.join(revived) if revived else ''}, {len(self.started)} runs started", flush=True)

    def standing(self, node):
        """The node's incarnation, and whether another node is up that could take over from it: one that owns slots and
        has renewed its lease since it or the database last came back."""
        return self.cluster.query(
            f"select (select max(incarnation_id) from holdfast.incarnation where node = '{node.name}'),"
            " exists (select from holdfast.incarnation join holdfast.slot_range on owner = incarnation_id"
            f" where node <> '{node.name}' and state = 'live' and lease_until > now() + interval '6 s'"
            " and lease_until - interval '10 s' > pg_postmaster_start_time()"
            " and lease_until - interval '10 s' > started_at + interval '1 s')").split("|")

    def take_over_times(self):
        """From each kill to the first entry that the other node wrote for a run of the dead one: for kills that left a
        node which was up, and for those that did not, where its start counts, too. None for a node without a run under
        way."""
        rows = self.cluster.query(
            "select run_id, string_agg(incarnation || ':' || (body::jsonb -> 0 ->> 't'), ',' order by seq)"
            " from holdfast.journal group by run_id having count(distinct incarnation) > 1")
        firsts = {}
        for row in rows.splitlines():
            segments = [part.split(":") for part in row.split("|")[1].split(",")]
            for (before, _), (after, at) in zip(segments, segments[1:]):
                if before != after:
                    firsts.setdefault(before, []).append(int(at) / 1e6)
        times = {"t": [], "f": []}
        for killed, incarnation, has_heir, number in self.kills:
            later = [first - killed for first in firsts.get(incarnation, []) if first >= killed]
            if later:
                times[has_heir].append(min(later))
                if min(later) > 3:
                    print(f"round {number}: the take-over took {min(later):.2f} s, another node up: {has_heir}")
        return sorted(times["t"]), sorted(times["f"])

    def check(self):
        violations = []
        rows = self.cluster.query("select account, count(*), count(distinct number) from canary.ledger group by account")
        booked = {line.split("|")[0]: tuple(map(int, line.split("|")[1:])) for line in rows.splitlines()}
        for account, (run, entries) in self.started.items():
            if booked.get(account, (0, 0)) != (entries, entries):
                violations.append(f"{account} ({run}): {booked.get(account)} instead of {entries} entries")
        for account in booked:
            if account not in self.started:
                violations.append(f"{account}: booked, but never acknowledged nor retried to the end")
        left = self.cluster.query("select count(*) from holdfast.run")
        if left != "0":
            states = self.cluster.query("select state, reason, count(*) from holdfast.run group by 1, 2")
            violations.append(f"{left} runs are still open: {states}")
        return violations

    async def run(self):
        subprocess.run([self.options.holdfast, "migrate", "up", "--database", self.cluster.url], check=True,
                       stdout=subprocess.DEVNULL)
        created = subprocess.check_output(
            [self.options.holdfast, "token", "create", "--kind", "admin", "--json", "--database", self.cluster.url])
        self.token = json.loads(created)["token"]
        self.nodes = [Node(name, self.options.port + index, self.options, self.cluster)
                      for index, name in enumerate(["a", "b"])]
        for node in self.nodes:
            node.start()
        loads = [asyncio.create_task(self.load(number)) for number in range(self.options.clients)]
        for number in range(1, self.options.rounds + 1):
            await self.disturb(number)
        self.stopping = True
        await asyncio.wait_for(asyncio.gather(*loads), 180)
        client = Client(self.nodes, self.token, random.Random(0))
        for run, _ in list(self.started.values()):
            result = await client.insist("run.wait", {"runId": run, "timeoutMs": 60000})
            assert result["status"] == "completed", result
        times, times_alone = self.take_over_times()
        violations = self.check()
        fenced = sum(open(node.log.name, "rb").read().count(b"the node was fenced") for node in self.nodes)
        print(f"seed {self.options.seed}: {self.options.rounds} rounds, {len(self.started)} runs acknowledged,"
              f" {sum(entries for _, entries in self.started.values())} entries, {fenced} times a node found itself fenced")
        if times:
            print(f"take-over after SIGKILL: {len(times)} measured, p50 {times[len(times) // 2]:.2f} s,"
                  f" max {times[-1]:.2f} s")
        if times_alone:
            print(f"with no other node up: {len(times_alone)} measured, p50 {times_alone[len(times_alone) // 2]:.2f} s,"
                  f" max {times_alone[-1]:.2f} s")
        for violation in violations[:20]:
            print("VIOLATION", violation)
        print(f"{0 if violations else 1} passed, {1 if violations else 0} failed")
        return not violations

    def close(self):
        for node in getattr(self, "nodes", []):
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        if self.options.keep:
            print("kept", self.cluster.folder)
            self.cluster.stop("fast")
        else:
            self.cluster.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--holdfast", default=".build/debug/holdfast")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--port", type=int, default=7530)
    parser.add_argument("--keep", action="store_true", help="keep the cluster and the nodes' logs")
    options = parser.parse_args()
    world = World(options)
    try:
        ok = asyncio.run(world.run())
    finally:
        world.close()
    sys.exit(0 if ok else 1)


main()
