"""Runs every scenario with every client against a server that is running.

    interop.py HOST PORT ADMIN_TOKEN [UNIVERSITY_TOKEN]
"""

import sys
import traceback

import business
import clients
import discovery
import lines
import scenarios


def main(host, port, token, university=None):
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
    for scenario in discovery.ALL:
        def judge():
            with clients.Pjrpc(host, port) as admin:
                admin.call("session.open", {"token": token, "maxLineBytes": 1 << 20})
                scenario(admin)

        attempt(f"jsonschema: {scenario.__name__.replace('_', ' ')}", judge)
    for scenario in business.ALL:
        def play():
            with clients.Pjrpc(host, port) as admin, clients.Pjrpc(host, port) as hook:
                admin.call("session.open", {"token": token})
                if university:
                    hook.call("session.open", {"token": university})
                scenario(admin, hook if university else None)

        attempt(f"business: {scenario.__name__.replace('_', ' ')}", play)
    print(f"{total - failures} of {total} passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]))
