# SPDX-License-Identifier: GPL-3.0-or-later
"""A container and a virtual machine with the same root. Either dies with the process that started
it, however that one ends."""

import contextlib
import os
import pathlib
import re

from lab_host import LabError, Namespace, Process, command
import guest_kernel
import guest_lab
import guest_root

CGROUP_NAME = re.compile(r"fsrvp-guest\.(\d+)\.(\d+)")


class Nspawn:
    """systemd-nspawn: boots in a fraction of a second, on the host's kernel."""

    # A /proc for its own PID namespace, and cgroups of its own: two guests in one would end each
    # other's services.
    START = ('for cgroup in $1; do echo 0 >"$cgroup/cgroup.procs"; done; shift; '
             'mount -t proc proc /proc; mount -t tmpfs tmpfs /run; exec "$@"')

    def __init__(self, paths):
        self.paths = paths
        self.root = paths.scratch / "root"
        self.root.mkdir()
        disk = paths.disk_mount
        guest_root.mount_overlay(self.root, [paths.stage, "/"], disk / "root/upper",
                                 disk / "root/work")
        remove_stale_cgroups()
        self.cgroups = own_cgroups()

    def boot(self, console):
        for cgroup in self.cgroups:
            cgroup.mkdir(exist_ok=True)
        binds = [f"--bind={self.paths.out}:/run/guest",
                 f"--bind={self.paths.disk_mount}/lab:{guest_lab.WHERE}/mnt"]
        binds += [f"--bind-ro={tree}:{tree}:norbind" for tree in self.paths.trees]
        return Namespace(
            ["unshare", "--mount", "sh", "-ec", self.START, "start",
             " ".join(map(str, self.cgroups)),
             "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--link-journal=no",
             "--private-network", "--resolv-conf=off", "--timezone=off", "--console=pipe",
             f"--machine=fsrvp-guest-{os.getpid()}", f"--directory={self.root}", *binds,
             "--boot", "systemd.unit=guest.target"], console)

    def close(self):
        for cgroup in self.cgroups:
            remove_cgroup(cgroup)


def own_cgroups():
    """A new one below this process's, in each hierarchy that a systemd would use."""
    name = f"fsrvp-guest.{os.getpid()}.{Process(os.getpid()).start_time}"
    return [parent / name for parent in cgroup_parents()]


def cgroup_parents():
    mounts = {"": "/sys/fs/cgroup/unified", "name=systemd": "/sys/fs/cgroup/systemd"}
    if pathlib.Path("/sys/fs/cgroup/cgroup.procs").exists():
        mounts[""] = "/sys/fs/cgroup"
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in mounts:
            directory = pathlib.Path(mounts[controllers] + path)
            if directory.is_dir():
                yield directory


def remove_stale_cgroups():
    for parent in cgroup_parents():
        for cgroup in parent.glob("fsrvp-guest.*"):
            pid, start_time = CGROUP_NAME.fullmatch(cgroup.name).groups()
            try:
                alive = Process(pid).start_time == int(start_time)
            except OSError:
                alive = False
            if not alive:
                # Its processes may still be dying, or someone else may be as quick.
                with contextlib.suppress(OSError):
                    remove_cgroup(cgroup)


def remove_cgroup(cgroup):
    for directory, _, _ in os.walk(cgroup, topdown=False):
        os.rmdir(directory)


class Vm:
    """QEMU, with a kernel of its own that has cifs."""

    COMMAND_LINE = ("quiet loglevel=3 console=ttyS0 panic=-1 mitigations=off nokaslr "
                    "random.trust_cpu=on cryptomgr.notests audit=0 apparmor=0 "
                    "rcupdate.rcu_expedited=1 systemd.firstboot=off "
                    "systemd.unit=guest.target")

    def __init__(self, paths):
        self.paths = paths
        # Only one kernel at a time may have it mounted.
        command("umount", paths.disk_mount)
        self.kernel = guest_kernel.Kernel(paths.kernel)
        command("mount", "--bind", self.kernel.modules, paths.stage / "usr/lib/modules")
        self.initrd = paths.scratch / "initrd"
        self.kernel.make_initrd(self.initrd, [] if paths.own_root else paths.trees)
        self.accelerator = ["-accel", "kvm", "-cpu", "host"] if kvm_works() else \
            ["-accel", "tcg,thread=multi", "-cpu", "Westmere"]

    def boot(self, console):
        return Namespace(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", "-machine", "pc", *self.accelerator, "-smp", "2", "-m", "1024",
             "-kernel", self.kernel.image, "-initrd", self.initrd, "-append", self.COMMAND_LINE,
             "-serial", "stdio",
             *self.shares(),
             "-drive", f"file={self.paths.disk},format=raw,if=none,id=disk,cache=unsafe",
             "-device", "virtio-blk-pci,drive=disk",
             "-object", "rng-random,filename=/dev/urandom,id=rng",
             "-device", "virtio-rng-pci,rng=rng"], console)

    def shares(self):
        yield from self.share("out", self.paths.out, "")
        if not self.paths.own_root:
            yield from self.share("host", "/", ",readonly=on")
            yield from self.share("stage", self.paths.stage, ",readonly=on")

    @staticmethod
    def share(tag, path, more):
        return ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap{more}",
                "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]

    def fetch_out(self):
        """What the guest has left on its disk instead of in the share."""
        disk = self.paths.disk_mount
        command("mount", "-t", "btrfs", "-o", "loop", self.paths.disk, disk)
        if (disk / "out").exists():
            command("cp", "-a", f"{disk}/out/.", self.paths.out)
        command("umount", disk)

    def close(self):
        pass


def kvm_works():
    """/dev/kvm alone says little: some of them run only guests made for them."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", flags, re.MULTILINE):
        return False
    try:
        # It starts, answers, and ends.
        command("qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-nodefaults", "-display",
                "none", "-monitor", "stdio", stdin="quit\n")
    except LabError:
        return False
    return True


TIERS = {"nspawn": Nspawn, "vm": Vm}
