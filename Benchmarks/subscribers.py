"""A thousand subscribers, with and without one that never reads: how long an event takes to reach the others.

    subscribers.py HOST PORT ADMIN_TOKEN [SUBSCRIBERS] [SECONDS]

The server runs with --canary. Events are the ends of runs, five a second; a delay is from the event's own time to its
arrival here, so all of it is on one machine's clock.
"""

import asyncio
import datetime
import json
import sys


def line(number, method, params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


async def connect(host, port, token):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(line(1, "session.open", {"token": token}))
    await reader.readline()
    return reader, writer


async def history(host, port, token, events):
    """Events that whoever begins at the beginning is to be sent."""
    reader, writer = await connect(host, port, token)
    for _ in range(events // 1000):
        runs = [{"workflow": "canary.steps", "input": {"steps": 0, "kind": "local"}}] * 1000
        writer.write(line(2, "run.startMany", {"runs": runs}))
        await reader.read(1 << 20)
    writer.close()


async def measure(host, port, token, count, seconds, stalled):
    delays = []
    writers = []

    async def follow(reader):
        while True:
            text = await reader.readline()
            if not text:
                return
            message = json.loads(text)
            if message.get("method") == "event":
                at = datetime.datetime.fromisoformat(message["params"]["at"].replace("Z", "+00:00"))
                now = datetime.datetime.now(datetime.timezone.utc)
                delays.append((now - at).total_seconds() * 1000)

    if stalled:
        _, writer = await connect(host, port, token)
        writer.write(line(2, "event.subscribe", {"types": ["*"], "after": "beginning"}))
        writer.transport.pause_reading()
        writers.append(writer)
    tasks = []
    for _ in range(count):
        reader, writer = await connect(host, port, token)
        writer.write(line(2, "event.subscribe", {"types": ["run.ended"]}))
        await reader.readline()
        tasks.append(asyncio.create_task(follow(reader)))
        writers.append(writer)
    starter, starting = await connect(host, port, token)
    for number in range(seconds * 5):
        starting.write(
            line(number, "run.start", {"workflow": "canary.steps", "input": {"steps": 0, "kind": "local"}}))
        await starter.readline()
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)
    for writer in writers + [starting]:
        writer.close()
    for task in tasks:
        task.cancel()
    delays.sort()
    name = "one more that never reads" if stalled else "all read"
    print(
        f"{count} subscribers, {name}: {len(delays)} of {count * seconds * 5} arrived, "
        f"p50 {delays[len(delays) // 2]:.0f} ms, p99 {delays[len(delays) * 99 // 100]:.0f} ms", flush=True)


async def main(host, port, token, count=1000, seconds=10):
    await history(host, port, token, 50_000)
    await asyncio.sleep(5)
    for stalled in [False, True, False, True]:
        await measure(host, port, token, count, seconds, stalled)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:6])))
