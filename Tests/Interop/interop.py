"""Runs every scenario with every client against a server that is running: interop.py HOST PORT TOKEN"""

import sys
import traceback

import clients
import lines
import scenarios


def main(host, port, token):
    failures = 0
    total = 0

    def attempt(name, work):
        nonlocal failures, total
        total += 1
        print(name, flush=True)
        try:
            work()
        except Exception:
            failures += 1
            print(f"FAILED {name}")
            traceback.print_exc()

    for client in [clients.Netcat, clients.AiorpcX, clients.Pjrpc]:
        for scenario in scenarios.ALL:
            attempt(
                f"{client.__name__}: {scenario.__name__.replace('_', ' ')}",
                lambda: scenario(lambda: client(host, port), token))
    for scenario in lines.ALL:
        attempt(f"nc: {scenario.__name__.replace('_', ' ')}", lambda: scenario(host, port))
    print(f"{total - failures} of {total} passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
