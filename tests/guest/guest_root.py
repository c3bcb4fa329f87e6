# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer that makes a guest of this host's root: the installed product, what the guest needs,
and marks that hide what of the host has no place there. It lies between the host's root (below,
read-only) and the guest's own disk (above)."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import stat

from lab_host import LabError, command

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent

# Of what Debian starts at boot, what a guest starts too.
BOOT_UNITS = {
    "dbus.service", "dbus.socket", "systemd-journald.service", "systemd-journald.socket",
    "systemd-journald-dev-log.socket", "systemd-journal-flush.service",
    "systemd-tmpfiles-setup.service",
}
# Shares are mounted by fstab.
GENERATORS = {"systemd-fstab-generator"}
# systemd takes the first for the sign of a container.
HIDDEN_FILES = ["/.dockerenv", "/etc/resolv.conf"]


def fill(stage, scratch, build, trees):
    """Fills `stage`, an empty directory; the host's root must be what / shows."""
    for tree in trees:
        if tree.exists():
            shutil.copytree(tree, stage, dirs_exist_ok=True)
    for path in hidden():
        hide(stage, path)
    for directory in "usr/lib/modules", "srv/lab/mnt", "var/log/journal":
        (stage / directory).mkdir(parents=True)
    # For both tiers it is another machine than the host.
    (stage / "etc/machine-id").write_text("f5" * 16 + "\n")
    install(stage, scratch, build)


def hidden():
    """What of the host the guest must not see. No directories: that a new one hides an old one
    is an attribute of it, which 9p does not carry."""
    yield from map(pathlib.Path, HIDDEN_FILES)
    # The host's administration, then what its packages bring.
    for path in pathlib.Path("/etc/systemd/system").rglob("*"):
        if path.is_symlink() or path.is_file():
            yield path
    for directory in "generators", "environment-generators":
        for parent in "/etc/systemd", "/usr/lib/systemd":
            for path in pathlib.Path(parent, f"system-{directory}").glob("*"):
                if path.name not in GENERATORS:
                    yield path
    for link in pathlib.Path("/usr/lib/systemd/system").glob("*.wants/*"):
        if link.name not in BOOT_UNITS:
            yield link


def hide(stage, path):
    """Makes an overlay's mark for "not there", unless the guest has its own."""
    mark = stage / path.relative_to("/")
    if not mark.exists():
        mark.parent.mkdir(parents=True, exist_ok=True)
        os.mknod(mark, stat.S_IFCHR, os.makedev(0, 0))


def install(stage, scratch, build):
    """As a package does it: the files, then its script; that one sees the host's files too."""
    with locked(build / "guest/install.lock"):
        command("env", f"DESTDIR={stage}", "cmake", "--install", build, "--prefix", "/usr")
    root, work = scratch / "whole", scratch / "whole-work"
    root.mkdir()
    work.mkdir()
    mount_overlay(root, ["/"], stage, work)
    try:
        command("systemd-sysusers", f"--root={root}", "guest.conf")
        command(SOURCE / "units/after-install", root)
        check_libraries(stage, root)
    finally:
        command("umount", root)


def check_libraries(stage, root):
    """The host's libraries are the guest's: each that a program of ours wants must be there."""
    for path in stage.glob("usr/**/*"):
        if path.is_file() and is_program(path):
            program = path.relative_to(stage)
            wanted = command("chroot", root, "ldd", f"/{program}")
            if "not found" in wanted:
                raise LabError(f"/{program} lacks a library:\n{wanted}")


def is_program(path):
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


@contextlib.contextmanager
def locked(path):
    """Guests that are started together do this one after another."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def mount_overlay(where, lowers, upper, work):
    for path in *lowers, upper, work:
        # They would need escapes that differ between kernels.
        if set(str(path)) & set(",:\\"):
            raise LabError(f"{path}: cannot be a layer, for the letters in its name")
    lower = ":".join(map(str, lowers))
    command("mount", "-t", "overlay", "-o",
            f"lowerdir={lower},upperdir={upper},workdir={work}", "overlay", where)
