#!/usr/bin/env python3
"""A report with many serial numbers: its time and the server's memory, against a bare COPY of the same rows.

    Benchmarks/ReportBench/report.py .build/release/holdfast [serials] [csv|x12]

Starts a server with a PostgreSQL of its own in a throw-away folder, so it needs nothing else. While the report is
processed another partner reads its list, and what that takes is compared with an idle server. Prints one JSON document.
"""
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import served

HOLDFAST = os.path.abspath(sys.argv[1])
SERIALS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
FORMAT = sys.argv[3] if len(sys.argv) > 3 else "csv"
TAIL = "0123456789BCDFGHJKLMNPQRSTVWXYZ"
HOME_PAGE = "https://learn.hpuniversity.example"


def serial(number):
    text = ""
    for _ in range(4):
        number, digit = divmod(number, len(TAIL))
        text = TAIL[digit] + text
    return f"5CG6{number % 53 + 1:02d}{text}"


def flat_file(partner):
    lines = ["reseller_id,product_number,serial_number,quantity"]
    lines += [f"{partner},9G2J7ET,{serial(number)},1" for number in range(SERIALS)]
    return "\n".join(lines) + "\n"


def interchange(partner):
    """An 867 with a line of 100 PCs for each invoice."""
    segments = [
        "ISA*00*          *00*          *ZZ*DISTIT01       *ZZ*HPE2OPEN       *260305*0615*U*00401*000000417*0*P*>",
        "GS*PT*DISTIT01*HPE2OPEN*20260305*0615*417*X*004010"]
    body = ["ST*867*0001", "BPT*00*BENCH*20260305*02", "DTM*090*20260304", "DTM*091*20260304",
            "N1*DS*DISTRIBUZIONE ALFA SPA*92*DISTIT01", "PTD*SS***OI*48811-1*DC", f"N1*BY*BENCH*92*{partner}"]
    for start in range(0, SERIALS, 100):
        numbers = range(start, min(start + 100, SERIALS))
        body += [f"QTY*32*{len(numbers)}*EA", f"LIN*{start // 100 + 1}*MG*9G2J7ET"]
        body += [f"REF*SE*{serial(number)}" for number in numbers]
    body.append(f"CTT*{(SERIALS + 99) // 100}")
    body.append(f"SE*{len(body) + 1}*0001")
    return "~\n".join(segments + body + ["GE*1*417", "IEA*1*000000417"]) + "~\n"


class Server(served.Server):
    def kilobytes(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as refs:
            refs.write("5")


def certify(server, admin, partner):
    admin.call("partner.create", {"partnerId": partner, "name": f"Partner {partner}"})
    university = server.client("--kind", "university")
    university.call("learner.put", {"learnerId": f"UV{partner}", "homePage": HOME_PAGE, "partnerId": partner})
    completed = university.call("course.complete", {"statement": {
        "id": f"6f0d4d7e-3f0a-4a3e-9b58-{int(partner):012d}",
        "actor": {"account": {"homePage": HOME_PAGE, "name": f"UV{partner}"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
        "object": {"id": f"{HOME_PAGE}/courses/000111475"}, "timestamp": "2026-03-05T09:12:40Z"}})
    admin.call("run.wait", {"runId": completed["runId"], "timeoutMs": 60_000})


def reads_p99(client, is_over):
    """Milliseconds in which 99 of a hundred reads of another partner are answered, one after the other."""
    times = []
    while not is_over(len(times)):
        start = time.perf_counter()
        client.call("device.list", {"place": "unassigned"})
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)[len(times) * 99 // 100]


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def copy_seconds(server):
    """The same rows into one table with one index."""
    rows = "".join(f"1001\t9G2J7ET\t{serial(number)}\n" for number in range(SERIALS))
    server.psql("-c", "create table bare (partner text, product text, serial text primary key)")
    start = time.perf_counter()
    server.psql("-c", "copy bare from stdin", stdin=rows)
    return time.perf_counter() - start


def main():
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = Server(HOLDFAST, folder)
        try:
            measure(server)
        finally:
            server.stop()


def measure(server):
    with open(f"{server.folder}/admin.token", encoding="ascii") as token:
        admin = served.Client(server.port, token.read().strip())
    certify(server, admin, "1001")
    certify(server, admin, "1002")
    other = server.client("--kind", "partner", "--partner", "1002")
    idle_p99 = reads_p99(other, lambda count: count == 2_000)
    path = f"{server.folder}/report"
    with open(path, "w", encoding="ascii") as file:
        file.write(flat_file("1001") if FORMAT == "csv" else interchange("1001"))
    token = server.token("--kind", "reporter", "--reporter", "DISTIT01")
    idle_kilobytes = server.kilobytes("VmRSS")
    server.forget_peak()
    start = time.perf_counter()
    sending = subprocess.Popen(
        [HOLDFAST, "report", path, "--json", "--server", f"127.0.0.1:{server.port}", "--token", token],
        stdout=subprocess.PIPE, text=True)
    busy_p99 = reads_p99(other, lambda count: sending.poll() is not None and count > 100)
    report = json.loads(sending.stdout.read())["reports"][0]
    total = time.perf_counter() - start
    seconds = (instant(report["finishedAt"]) - instant(report["receivedAt"])).total_seconds()
    peak_kilobytes = server.kilobytes("VmHWM")
    bare = copy_seconds(server)
    assert report["counts"]["accepted"] == SERIALS, report["counts"]
    print(json.dumps({
        "serials": SERIALS, "format": FORMAT, "bytes": os.path.getsize(path),
        "processedSeconds": round(seconds, 2), "uploadedAndProcessedSeconds": round(total, 2),
        "copySeconds": round(bare, 2), "ratio": round(seconds / bare, 1),
        "idleMegabytes": round(idle_kilobytes / 1024, 1),
        "peakOverIdleMegabytes": round((peak_kilobytes - idle_kilobytes) / 1024, 1),
        "othersP99IdleMs": round(idle_p99, 2), "othersP99BusyMs": round(busy_p99, 2),
        "othersP99Ratio": round(busy_p99 / idle_p99, 1)}))


if __name__ == "__main__":
    main()
