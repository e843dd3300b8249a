#!/usr/bin/env python3
"""What callers wait for with many PCs in many holding tenants, as a ratio to the same with few.

    Benchmarks/DeviceBench/devices.py .build/release/holdfast [tenants] [calls]

Starts a server with a PostgreSQL of its own in a throw-away folder. Every holding tenant has 1,000 PCs with their care
pack and history; first there are two tenants, then all of them. Prints one JSON document.
"""
import json
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import served

HOLDFAST = os.path.abspath(sys.argv[1])
TENANTS = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
CALLS = int(sys.argv[3]) if len(sys.argv) > 3 else 2_000
PER_TENANT = 1_000
FEW = 2
# Cases are made of PCs that have a token each, so there are fewer of them.
CASES = max(CALLS // 10, 10)
TAIL = "0123456789BCDFGHJKLMNPQRSTVWXYZ"

FILL = f"""
insert into holding.partner (partner_id, name, created_at)
select 'P-' || n, 'Partner ' || n, now() from generate_series(:first, :last) as n;

insert into holding.certification (partner_id, track, completed_at)
select 'P-' || n, 'resell-and-monitor', now() - interval '1 day' from generate_series(:first, :last) as n;

insert into holding.holding_tenant (partner_id, created_at, first_transfer_at)
select 'P-' || n, now(), now() from generate_series(:first, :last) as n;

-- A tenant's PCs come spread over time, so they do not lie side by side.
insert into holding.device (serial, product_number, sold_by, filer, sold_on, end_customer, reported_at, partner_id, since)
select '5CG6' || to_char(n % 53 + 1, 'FM00')
        || substr('{TAIL}', n / 29791 % 31 + 1, 1) || substr('{TAIL}', n / 961 % 31 + 1, 1)
        || substr('{TAIL}', n / 31 % 31 + 1, 1) || substr('{TAIL}', n % 31 + 1, 1),
    '9G2J7ET', 'P-' || tenant, 'DISTIT01', current_date, 'Studio Gamma', now(), 'P-' || tenant, now()
from generate_series(0, {PER_TENANT} - 1) as place
cross join generate_series(:first, :last) as tenant
cross join lateral (select (tenant - 1) * {PER_TENANT} + place as n) as numbered
order by place, tenant;

insert into holding.cover (serial, part, tier, noted_at)
select serial, 'U04RYE', 'premium-plus', now()
from holding.device
where not exists (select from holding.cover where cover.serial = device.serial)
order by device_id;

insert into holding.device_history (device_id, at, what, reference, partner_id)
select device_id, now(), 'transferred', 'report:' || gen_random_uuid() || ' line 1', partner_id
from holding.device
where not exists (select from holding.device_history where device_history.device_id = device.device_id)
order by device_id;
"""


def serial(tenant, place):
    number = (tenant - 1) * PER_TENANT + place
    tail, rest = "", number
    for _ in range(4):
        rest, digit = divmod(rest, len(TAIL))
        tail = TAIL[digit] + tail
    return f"5CG6{number % 53 + 1:02d}{tail}"


def percentiles(times):
    times = sorted(times)
    return {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}


def timed(count, call):
    """Milliseconds of each of `count` calls, one after the other."""
    for index in range(count // 10):
        call(index)
    times = []
    for index in range(count):
        start = time.perf_counter()
        call(index)
        times.append((time.perf_counter() - start) * 1_000)
    return percentiles(times)


def measure(server, tenants, picks, used):
    """Partners that `picks` chose ask for their PCs, and PCs of theirs report a fault."""
    chosen = picks.sample(range(1, tenants + 1), min(tenants, 20))
    partners = [(tenant, server.client("--kind", "partner", "--partner", f"P-{tenant}")) for tenant in chosen]

    def asks(method, params):
        def call(index):
            tenant, client = partners[index % len(partners)]
            client.call(method, params(tenant))
        return call

    def own(tenant):
        return serial(tenant, picks.randrange(PER_TENANT))

    figures = {
        "device.list": timed(CALLS, asks("device.list", lambda tenant: {"place": "unassigned"})),
        "device.get": timed(CALLS, asks("device.get", lambda tenant: {"serial": own(tenant)})),
        "device.trace": timed(CALLS, asks("device.trace", lambda tenant: {"serials": [own(tenant)]})),
        "device.trace of 20": timed(
            CALLS, asks("device.trace", lambda tenant: {"serials": [own(tenant) for _ in range(20)]})),
    }
    pcs = []
    while len(pcs) < CASES + CASES // 10:
        name = own(chosen[len(pcs) % len(chosen)])
        if name not in used:
            used.add(name)
            pcs.append((name, server.client("--kind", "device", "--serial", name)))

    def alert_to_case(index):
        name, client = pcs.pop()
        alert = client.call("alert.raise", {"serial": name, "type": "battery-replace"})["alertId"]
        client.call("alert.view", {"alertId": alert})
        client.call("repair.submit", {"alertId": alert, "contact": {"name": "Mario Rossi"}})

    figures["alert to case"] = timed(CASES, alert_to_case)
    return figures


def fill(server, first, last):
    # In pieces, so that no statement needs much memory.
    for start in range(first, last + 1, 200):
        server.psql("-v", f"first={start}", "-v", f"last={min(start + 199, last)}", stdin=FILL)
    server.psql("-c", "vacuum analyze")


def main():
    seed = int(os.environ.get("HOLDFAST_SEED", "20260305"))
    picks = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = served.Server(HOLDFAST, folder)
        try:
            used = set()
            fill(server, 1, FEW)
            few = measure(server, FEW, picks, used)
            fill(server, FEW + 1, TENANTS)
            many = measure(server, TENANTS, picks, used)
        finally:
            server.stop()
    print(json.dumps({
        "seed": seed, "few": FEW * PER_TENANT, "many": TENANTS * PER_TENANT,
        "methods": {
            name: {
                figure: {
                    "fewMs": round(few[name][figure], 2), "manyMs": round(many[name][figure], 2),
                    "ratio": round(many[name][figure] / few[name][figure], 2)}
                for figure in ("p50", "p99")}
            for name in few}}, indent=2))


if __name__ == "__main__":
    main()
