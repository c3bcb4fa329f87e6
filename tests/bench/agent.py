# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to fsrvp-agent as fsrvpd does: one JSON object a packet, on its descriptor 3."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time


class Agent:
    """A new agent, logged in to the lab's server by NTLM."""

    def __init__(self, program, lab, protection):
        self.directory = tempfile.mkdtemp(prefix="fsrvp-bench.")
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                ["bash", "-c", f'exec 3<&{theirs.fileno()} "$0"', program],
                pass_fds=[theirs.fileno()], env={"RUNTIME_DIRECTORY": self.directory})
        with open(lab["credentials"]) as file:
            login = dict(line.rstrip("\n").split("=", 1) for line in file)
        self.ask({"call": "connect", "host": "127.0.0.1", "port": lab["port"], "auth": "ntlm",
                  "user": login["username"], "domain": "", "password": login["password"],
                  "keytab": "", "ticket_cache": "", "rpc": protection,
                  "encryption": "required"})

    def ask(self, request):
        self.socket.send(json.dumps(request | {"timeout_ms": 20000}).encode())
        answer = json.loads(self.socket.recv(65536))
        if answer["reply"] == "error":
            raise RuntimeError(f"the agent answered {answer}")
        return answer

    def time_call(self, name, given):
        """Microseconds that one operation takes; the server must answer with success."""
        begin = time.perf_counter()
        answer = self.ask({"call": "operation", "name": name, "in": given})
        took = (time.perf_counter() - begin) * 1e6
        if answer["hresult"] != 0:
            raise RuntimeError(f"{name} answered {answer}")
        return took

    def close(self):
        self.socket.close()
        self.process.wait(10)
        shutil.rmtree(self.directory)
