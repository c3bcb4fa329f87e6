# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's disk, and the Samba server that the guest finds ready to start.

The disk is one btrfs: `root` takes all that the guest writes, `lab` has the shares. Samba's own
state lies in /srv/lab, as if labserver had made it there.
"""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import secrets

from lab_host import command

HERE = pathlib.Path(__file__).resolve().parent
WHERE = pathlib.Path("/srv/lab")   # in the guest


def load_labserver():
    """labserver is a program without the suffix of a module."""
    path = str(HERE.parent / "lab/labserver")
    loader = importlib.machinery.SourceFileLoader("labserver", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("labserver", loader))
    loader.exec_module(module)
    return module


labserver = load_labserver()
BTRFS_SHARES = labserver.BTRFS_SHARES + ["share"]
SHARES = {name: f"{WHERE}/mnt/{name}" for name in BTRFS_SHARES + ["plain", "shell"]}


def make_disk(image, mount):
    """Makes the disk and leaves it mounted at `mount`."""
    with image.open("wb") as file:
        file.truncate(2 << 30)
    command("mkfs.btrfs", "-q", "-K", image)
    mount.mkdir()
    # The loop device goes with the mount by itself.
    command("mount", "-t", "btrfs", "-o", "loop", image, mount)
    for directory in "root/upper", "root/work", "lab":
        (mount / directory).mkdir(parents=True)
    for name in SHARES:
        share = mount / "lab" / name
        if name in BTRFS_SHARES:
            command("btrfs", "subvolume", "create", share)
        else:
            share.mkdir()
        (share / "file.txt").write_text(f"first version of {name}\n")


def make_server(stage):
    """Samba's configuration, its users and its registry, and what fsrvpd must know of them."""
    lab = stage / WHERE.relative_to("/")
    for name in ("lock", "state", "cache", "private", "pid", "ncalrpc", "binddns", "usershares",
                 "winbindd", "log"):
        (lab / name).mkdir()
    # The tools write the same files for the guest as they would for this host.
    conf = lab / "smb.conf"
    conf.write_text(labserver.smb_conf(lab, 445, SHARES, []))
    for user, suffix in (labserver.ROOT, ""), (labserver.UNPRIVILEGED, "-nobody"):
        password = secrets.token_hex(16)
        command("smbpasswd", "-c", conf, "-L", "-s", "-a", user, stdin=f"{password}\n{password}\n")
        credentials = lab / f"credentials{suffix}"
        with open(credentials, "w", opener=labserver.private_opener) as file:
            file.write(f"username={user}\npassword={password}\n")
    command("net", f"--configfile={conf}", "conf", "listshares")
    conf.write_text(labserver.smb_conf(WHERE, 445, SHARES, []))
    servers = stage / "etc/fsrvpd/servers.d"
    servers.mkdir(parents=True, exist_ok=True)   # the host may have the product installed
    (servers / "lab.json").write_text(json.dumps(
        {"hosts": ["127.0.0.1", "win2k12"], "credentials_file": f"{WHERE}/credentials",
         # The first connection starts Samba's helpers, and QEMU without KVM is slow.
         "timeouts": {"connect_sec": 60, "workers_end_sec": 1}}) + "\n")
