# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's root as copies on its own disk, for scenarios that the shares of the host do not
outlive: Linux' virtio-9p has no way to suspend."""

import os
import pathlib
import subprocess

from guest_root import is_program
from lab_host import command

# Beside the product: what runs in such a guest, and what that reads.
PROGRAMS = ["btrfs", "cat", "date", "dbus-daemon", "env", "journalctl", "mkdir", "mount", "mv",
            "net", "rmdir", "sh", "smbd", "systemctl", "systemd-sysusers", "systemd-tmpfiles",
            "timeout", "umount"]
TREES = ["etc", "usr/lib/locale/C.utf8", "usr/lib/systemd", "usr/lib/tmpfiles.d", "usr/lib/*/samba",
         "usr/libexec/samba", "usr/share/dbus-1", "usr/share/samba"]
ROOT = pathlib.Path("/")


def copy(stage, target, words):
    """Copies all that the guest needs to run `words`, a command, from this host's root and from
    `stage`, the layer over it."""
    files = [path for tree in TREES for top in ROOT.glob(tree) for path in (top, *top.rglob("*"))]
    files += [pathlib.Path(command("which", name).strip()) for name in PROGRAMS]
    files += [pathlib.Path(word) for word in words if word.startswith("/")]
    files += libraries([*files, *stage.glob("usr/**/*")])
    # /lib is /usr/lib, and most libraries have several names.
    names = {file.parent.resolve() / file.name for file in files}
    names |= {path.resolve() for path in names}
    names |= {path for path in ROOT.iterdir() if path.is_symlink()}
    listed = "".join(f"{path.relative_to(ROOT)}\n" for path in sorted(names) if path.exists())
    command("sh", "-ec", 'tar -C / --no-recursion -T - -c | tar -C "$1" -x', "copy", target,
            stdin=listed)
    command("cp", "-a", "--remove-destination", f"{stage}/.", target)
    # Its marks have taken the place of what they hide.
    command("find", target, "-type", "c", "-delete")
    for directory in "proc", "sys", "dev", "run", "tmp", "var/tmp":
        (target / directory).mkdir(parents=True, exist_ok=True)


def libraries(files):
    """Those that programs and modules among the files are linked with."""
    linked = [file for file in files
              if not file.name.startswith("lib") and file.is_file() and is_program(file)]
    # It fails when one of them is linked with nothing.
    text = subprocess.run(["ldd", *linked], capture_output=True, text=True, check=False).stdout
    words = {word for line in text.splitlines() if not line.endswith(":") for word in line.split()}
    return [pathlib.Path(word) for word in words if word.startswith("/") and os.path.exists(word)]
