#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMB server on loopback that is less than ours should be content with.

It serves the pipe FssagentRpc in message mode, as Windows does, to one account; it knows
GetSupportedVersion and IsPathSupported. By --behave it does one thing wrong, so that a test can
show that the client refuses it. Needs Debian's python3-impacket.

When it listens it prints one line of JSON; for each line on stdin, and at its end, another one
that says what has happened up to then. It ends when its stdin ends or a SIGTERM or SIGINT arrives.
"""

import argparse
import collections
import json
import os
import pathlib
import select
import signal
import socketserver
import sys
import threading

sys.dont_write_bytecode = True   # leave no __pycache__ in the source tree
import lesser_rpc
import lesser_smb

BEHAVIOURS = {"good": "nothing is wrong", **lesser_smb.BEHAVIOURS, **lesser_rpc.BEHAVIOURS}


class Tally:
    """What has happened, over all connections."""

    def __init__(self, behaviour, after):
        self.behaviour = behaviour
        self.first_wrong = after + 1 if after else 0
        self.lock = threading.Lock()
        self.numbers = {name: 0 for name in (
            "logins", "failed_logins", "validations", "opened", "binds", "overflows", "plain_calls",
            "broken_calls", "unsigned_requests", "misbehaved")}
        self.calls = collections.Counter()

    def count(self, name):
        with self.lock:
            self.numbers[name] += 1
            return self.numbers[name]

    def call(self, opnum):
        with self.lock:
            self.calls[str(opnum)] += 1

    def misbehaves(self, name):
        """Whether to do that wrong. Only who then does so may ask: it is counted."""
        if name != self.behaviour or self.calls.total() < self.first_wrong:
            return False
        self.count("misbehaved")
        return True

    def print(self):
        with self.lock:
            print(json.dumps({"behave": self.behaviour, "calls": self.calls, **self.numbers}),
                  flush=True)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, options, tally):
        super().__init__(("127.0.0.1", options.port), lesser_smb.Connection)
        self.options = options
        self.tally = tally


def take_credentials(options):
    lines = pathlib.Path(options.credentials).read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    options.user, options.password = values["username"], values["password"]


def serve(tally, wakeup):
    """Until stdin ends or a signal comes."""
    while True:
        readable, _, _ = select.select([sys.stdin, wakeup], [], [])
        if wakeup in readable or not os.read(sys.stdin.fileno(), 4096):
            return
        tally.print()


def wake_by_signals():
    """A descriptor that becomes readable with a signal, which has no other effect."""
    wakeup, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda _number, _frame: None)
    return wakeup


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="behaviours:\n" + "\n".join(f"  {name:22} {text}"
                                           for name, text in BEHAVIOURS.items()))
    parser.add_argument("--credentials", required=True, metavar="FILE",
                        help="`username=` and `password=` lines, as mount.cifs takes them")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--owner", default="LESSER", metavar="NAME",
                        help="OwnerMachineName of IsPathSupported; default: %(default)s")
    parser.add_argument("--piece", type=int, metavar="BYTES",
                        help="no read gives more: STATUS_BUFFER_OVERFLOW, and the next gives more")
    parser.add_argument("--behave", choices=BEHAVIOURS, default="good", metavar="NAME",
                        help="what to do wrong, see below; default: %(default)s")
    parser.add_argument("--after", type=int, default=0, metavar="CALLS",
                        help="behave well until that many calls have been made")
    return parser.parse_args()


def main():
    options = parse_arguments()
    take_credentials(options)
    tally = Tally(options.behave, options.after)
    wakeup = wake_by_signals()
    with Server(options, tally) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(json.dumps({"port": server.server_address[1], "pid": os.getpid()}), flush=True)
        serve(tally, wakeup)
        server.shutdown()
    tally.print()


if __name__ == "__main__":
    main()
