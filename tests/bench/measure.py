#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of ./bench. Each compares two commands that do the same, from start to end of the
process, in alternating blocks of one run; the figure is the ratio of the medians."""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True   # leave no __pycache__ in the source tree
from agent import Agent

SHARES = [f"x{n}" for n in range(1, 11)]
BLOCKS = 3
ROWS = 100_000
CALL_BLOCKS, CALLS = 6, 500
# protocol rule for rpcclient: Samba hears of a connection's end late, and the next connection could
# meet a worker that does not know what the last one made.
SETTLE = 1.1


def timed(argv):
    """Runs it; gives milliseconds and what it printed."""
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True)
    took = (time.perf_counter() - start) * 1000
    if done.returncode != 0:
        sys.exit(f"{argv} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return took, done.stdout


def ours(fsrvpctl):
    """One block: a snapshot of every share, then their deletion; the SMB session is up."""
    create, delete = [], []
    timed([fsrvpctl, "create", "--no-mount", "//127.0.0.1/data"])
    for share in SHARES:
        create.append(timed([fsrvpctl, "create", "--no-mount", f"//127.0.0.1/{share}"])[0])
    listed = json.loads(timed([fsrvpctl, "list", "--json"])[1])["snapshots"]
    for snapshot in listed:
        took = timed([fsrvpctl, "delete", str(snapshot["id"])])[0]
        if snapshot["share"] in SHARES:
            delete.append(took)
    return create, delete


def rpcclient_command(lab, command):
    return ["rpcclient", "-s", lab["conf"], "-A", lab["credentials"], "-p", str(lab["port"]),
            "127.0.0.1", "-c", command]


def theirs(lab):
    """The same block by rpcclient."""
    create, delete = [], []
    for share in SHARES:
        time.sleep(SETTLE)
        took, out = timed(rpcclient_command(lab, f"fss_create_expose backup ro {share}"))
        create.append(took)
        guids = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", out)
        set_id, copy_id = guids[0], next(g for g in guids if g != guids[0])
        time.sleep(SETTLE)
        delete.append(timed(rpcclient_command(lab, f"fss_delete {share} {set_id} {copy_id}"))[0])
    return create, delete


def fill(database):
    """Records of ROWS snapshots of one server, as fsrvpd would have made them."""
    script = f"""
        PRAGMA foreign_keys = ON;
        BEGIN;
        INSERT INTO job (operation, state, owner_uid, subjects, accepted_us, ended_us, error_name,
                         error_message) VALUES ('create', 'done', 0, '[]', 1, 2, '', '');
        INSERT OR IGNORE INTO server (host, port) VALUES ('127.0.0.1', 1445);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
        INSERT INTO shadow_copy_set (job, server, set_id, context, writable, state, completed_us)
            SELECT (SELECT max(id) FROM job), (SELECT max(id) FROM server),
                   printf('%08x-0000-4000-8000-000000000000', i), 'nas-rollback', 0, 'complete',
                   1700000000000000 + i FROM n;
        INSERT INTO shadow_copy (set_row, snapshot_id, source_server, source_share, exposed,
                                 created_us, state, owner_uid, description, labels, policy)
            SELECT id, set_id, '127.0.0.1', 'data', 'data@{{' || set_id || '}}',
                   1700000000000000, 'exposed', 0, 'a description', '{{}}', NULL
            FROM shadow_copy_set WHERE set_id LIKE '________-0000-4000-8000-000000000000';
        COMMIT;"""
    subprocess.run(["sqlite3", database], input=script, text=True, check=True)


SELECT = """SELECT c.id, c.snapshot_id, s.set_id, v.host || ':' || v.port AS server,
    c.source_share AS share, c.exposed, c.created_us AS created, s.completed_us AS completed,
    s.context, s.writable, c.state, c.owner_uid, c.description, c.labels, c.policy
    FROM shadow_copy c JOIN shadow_copy_set s ON s.id = c.set_row JOIN server v ON v.id = s.server
    WHERE c.state NOT IN ('deleted', 'failed') ORDER BY c.id"""


def list_rows(fsrvpctl, database):
    mine, other = [], []
    for _ in range(5):
        took, out = timed([fsrvpctl, "list", "--json"])
        mine.append(took)
        assert len(json.loads(out)["snapshots"]) == ROWS
        took, out = timed(["sqlite3", "-readonly", "-json", database, SELECT])
        other.append(took)
        assert len(json.loads(out)) == ROWS
    return mine, other


def protected_rows(program, lab):
    """By protection: microseconds of calls through an agent, in alternating blocks."""
    took = {"none": [], "integrity": [], "privacy": []}
    for _ in range(CALL_BLOCKS):
        for protection, times in took.items():
            # Samba hears of a connection's end late.
            time.sleep(SETTLE)
            agent = Agent(program, lab, protection)
            calls = [agent.time_call("GetSupportedVersion", {}) for _ in range(CALLS)]
            times.extend(calls[CALLS // 10:])
            agent.close()
    return took


def row(name, mine, other, other_name, unit="ms"):
    m, o = statistics.median(mine), statistics.median(other)
    print(f"{name:<44} {m:9.1f} {unit}   {other_name:<14} {o:9.1f} {unit}   ratio {m / o:6.2f}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--fsrvpctl", "--agent", "--database", "--other-lab"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    other_lab = json.loads(args.other_lab)
    mine, other = ([], []), ([], [])
    for _ in range(BLOCKS):
        for into, part in ((mine, ours(args.fsrvpctl)), (other, theirs(other_lab))):
            into[0].extend(part[0])
            into[1].extend(part[1])
    print(f"medians over {len(mine[0])} runs of each command, start to end of the process")
    row("fsrvpctl create, SMB session up", mine[0], other[0], "rpcclient")
    row("fsrvpctl delete, SMB session up", mine[1], other[1], "rpcclient")
    took = protected_rows(args.agent, other_lab)
    for protection in "integrity", "privacy":
        row(f"a call at {protection}", took[protection], took["none"], "unprotected", "us")
    fill(args.database)
    row(f"fsrvpctl list --json, {ROWS} snapshots",
        *list_rows(args.fsrvpctl, args.database), "sqlite3 -json")


if __name__ == "__main__":
    main()
