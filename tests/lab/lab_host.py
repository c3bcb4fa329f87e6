# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab takes from its host: processes, a loop device, mounts; and how to give it back.

The image's name carries the lab's pid and that process's start time, and the kernel shows the name
at the loop device. So the next lab finds what one that was killed has left, wherever it was.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

IMAGE_NAME = re.compile(r"fsrvp-lab\.(\d+)\.(\d+)\.img")


class LabError(Exception):
    pass


def command(*argv, stdin=""):
    """Runs a program that has to succeed; returns what it printed."""
    argv = [str(word) for word in argv]
    try:
        done = subprocess.run(argv, input=stdin, text=True, capture_output=True, timeout=60,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"cannot run {argv[0]}: {error}") from error
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} failed with {done.returncode}: "
                       f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def wait_for(predicate, seconds, what):
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)


class Process:
    """One line of /proc/PID/stat."""

    def __init__(self, pid):
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
        # The name before the last parenthesis may hold anything, also spaces and parentheses.
        fields = text[text.rindex(")") + 2:].split()
        self.pid = int(pid)
        self.state = fields[0]
        self.start_time = int(fields[19])


def children_of(pid):
    try:
        return [int(word)
                for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Namespace:
    """A program in a PID namespace of its own, which dies as a whole.

    Samba's helpers leave their parent and would outlive a killed lab. The init of the namespace
    reads a pipe whose other end only this process holds: when this process ends, however it ends,
    init ends too, and the kernel kills everything that is left in there.
    """

    # It says when it has started the program. bash also reaps what is orphaned to it.
    INIT = '"$@" </dev/null >&2 & echo started; read _'

    def __init__(self, argv, output):
        with open(output, "ab") as file:
            self.unshare = subprocess.Popen(
                ["unshare", "--pid", "--fork", "bash", "-c", self.INIT, "lab-init", *argv],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file,
                # A ^C at the terminal is for the lab, which then ends the namespace in order.
                start_new_session=True)
        if not self.unshare.stdout.readline():
            self.close()
            raise LabError(f"no PID namespace: unshare ended with {self.unshare.returncode}")
        self.init, = children_of(self.unshare.pid)
        self.main = next(iter(children_of(self.init)), None)
        self.name = os.readlink(f"/proc/{self.init}/ns/pid")
        if self.name == os.readlink("/proc/self/ns/pid"):
            # What is done to all in the namespace would be done to the whole machine.
            raise LabError("unshare made no PID namespace")

    def processes(self):
        """The program and its helpers as the host sees them, without init and zombies."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == self.name:
                    found.append(Process(entry))
            except OSError:
                pass    # ended while we looked
        return [process for process in found
                if process.pid != self.init and process.state not in "ZX"]

    def alive(self):
        return any(process.pid == self.main for process in self.processes())

    def signal(self, number, processes):
        for process in processes:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                pass

    def freeze(self):
        def stopped():
            running = [process for process in self.processes() if process.state != "T"]
            self.signal(signal.SIGSTOP, running)
            return not running
        wait_for(stopped, 10, "all processes to stop")

    def thaw(self):
        self.signal(signal.SIGCONT, self.processes())

    def end(self):
        def gone():
            # Again and again, since what is ending may just have started something.
            processes = self.processes()
            self.signal(signal.SIGTERM, processes)
            self.signal(signal.SIGCONT, processes)
            return not processes
        try:
            wait_for(gone, 5, "the server to end by itself")
        except LabError:
            pass    # init takes along what is left
        self.close()

    def close(self):
        self.unshare.stdin.close()
        self.unshare.wait()


def own_image_name():
    return f"fsrvp-lab.{os.getpid()}.{Process(os.getpid()).start_time}.img"


def owner_lives(image):
    pid, start_time = IMAGE_NAME.fullmatch(image.name).groups()
    try:
        return Process(pid).start_time == int(start_time)
    except OSError:
        return False


def loops():
    """Every loop device in use, with the path of its file."""
    found = {}
    for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            file = path.read_text().rstrip("\n").removesuffix(" (deleted)")
        except OSError:
            continue    # detached while we looked
        found[f"/dev/{path.parts[3]}"] = pathlib.Path(file)
    return found


def mounts():
    """Pairs of source and mount point, the newest first."""
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        head, tail = line.split(" - ", 1)
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), head.split()[4])
        found.insert(0, (tail.split()[1], point))
    return found


def release_image(image):
    """Unmounts whatever shows the image; whoever has a file open there is given a moment."""
    def detached():
        devices = [device for device, file in loops().items() if file == image]
        for source, point in mounts():
            if source in devices:
                subprocess.run(["umount", point], capture_output=True, check=False)
        return not devices
    try:
        wait_for(detached, 5, f"the loop device of {image} to be released")
    except LabError as error:
        devices = [device for device, file in loops().items() if file == image]
        busy = [point for source, point in mounts() if source in devices]
        users = [user for point in busy for user in users_of(point)]
        for point in busy:
            command("umount", "--lazy", point)
        raise LabError(f"{error}; in use by: {'; '.join(users)}") from error


def users_of(point):
    """Which processes have a file or their working directory there."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            paths = [os.readlink(link) for link in [process / "cwd", *(process / "fd").iterdir()]]
            words = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue    # ended while we looked
        found += [f"{path} of {process.name} {words}" for path in paths if path.startswith(point)]
    return found


def remove_contents(directory):
    inside = [point for _, point in mounts() if point.startswith(f"{directory}/")]
    if inside:
        raise LabError(f"{directory} is not removed: {', '.join(inside)} is still mounted")
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def remove_stale_labs(directory):
    """Gives back what killed labs have left on this host, and empties the directory of one."""
    images = [*loops().values(), *directory.glob("*.img")]
    for image in images:
        if IMAGE_NAME.fullmatch(image.name) and not owner_lives(image):
            try:
                release_image(image)
                remove_contents(image.parent)
            except (LabError, OSError) as error:
                print(f"labserver: a dead lab could not be removed: {error}", file=sys.stderr)
