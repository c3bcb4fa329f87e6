# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's kernel, unpacked from its package and installed nowhere, and the initrd that finds the
guest's root."""

import lzma
import pathlib
import shutil
import subprocess
import tempfile

from guest_root import locked
from lab_host import LabError, command

HERE = pathlib.Path(__file__).resolve().parent

META_PACKAGE = "linux-image-amd64"
# Of a few hundred megabytes what a guest without hardware can use.
MODULES = ["arch", "crypto", "fs", "lib", "net", "drivers/block", "drivers/char", "drivers/virtio"]
# Up to the guest's root; after that the kernel asks modprobe for what it needs.
FOR_ROOT = ["virtio_pci", "virtio_blk", "9pnet_virtio", "9p", "overlay", "crc32c", "btrfs"]


def prepare(directory):
    """Makes `directory` once, whole or not at all."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with locked(directory.with_suffix(".lock")):
        if directory.exists():
            return
        # What a killed one had started may still be writing, so nobody takes over its directory.
        prefix = f"{directory.name}.new."
        for old in directory.parent.glob(f"{prefix}*"):
            shutil.rmtree(old, ignore_errors=True)
        new = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=directory.parent))
        unpack(download(new), new)
        new.rename(directory)


def download(directory):
    package = newest_package()
    words = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package]
    if subprocess.run(words, cwd=directory, check=False).returncode != 0:
        # The list may be older than what the mirror still has.
        command("apt-get", "-qq", "update")
        package = newest_package()
        if subprocess.run(words[:-1] + [package], cwd=directory, check=False).returncode != 0:
            raise LabError(f"cannot download {package}")
    file, = directory.glob("*.deb")
    return file


def newest_package():
    for line in command("apt-cache", "depends", "--important", META_PACKAGE).splitlines():
        words = line.split()
        if words[0] == "Depends:":
            return words[1]
    raise LabError(f"apt knows no {META_PACKAGE}")


def unpack(package, directory):
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
        done = subprocess.run(
            ["tar", "-x", "-C", directory, "--wildcards", "./boot/vmlinuz-*",
             "./lib/modules/*/modules.*",
             *(f"./lib/modules/*/kernel/{name}" for name in MODULES)],
            stdin=tar.stdout, check=False)
    if done.returncode != 0 or tar.returncode != 0:
        raise LabError(f"cannot unpack {package}")
    package.unlink()
    vmlinuz, = (directory / "boot").glob("vmlinuz-*")
    version = vmlinuz.name.removeprefix("vmlinuz-")
    command("depmod", "-b", directory, version)
    (directory / "version").write_text(version)
    make_image(vmlinuz, directory / "image")


def make_image(vmlinuz, image):
    """The kernel without its wrapper is not unpacked by the guest, which takes it a second."""
    packed = vmlinuz.read_bytes()
    start = packed.find(b"\xfd7zXZ\0")
    unpacked = b""
    if start >= 0:
        unpacked = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(packed[start:])
    image.write_bytes(unpacked if unpacked.startswith(b"\x7fELF") else packed)


class Kernel:
    def __init__(self, directory):
        if not directory.exists():
            raise LabError(f"no kernel in {directory}: `guest prepare` fetches it")
        self.directory = directory
        self.version = (directory / "version").read_text()
        self.image = directory / "image"
        self.modules = directory / "lib/modules"

    def make_initrd(self, initrd, trees):
        root = initrd.with_suffix(".root")
        for name in "bin", "modules", "proc", "sys", "dev", "host", "stage", "out", "disk", "root":
            (root / name).mkdir(parents=True)
        shutil.copy(HERE.parent / "vm/init", root / "init")
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        (root / "trees").write_text("".join(f"{tree}\n" for tree in trees))
        (root / "insmod").write_text("".join(self.copy_modules(root)))
        with open(initrd, "wb") as file:
            names = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, stdout=file,
                           input=names.encode(), check=True)

    def copy_modules(self, root):
        """Yields the names in the order in which they can be loaded."""
        wanted = command("modprobe", "--show-depends", "-a", "-d", self.directory, "-S",
                         self.version, *FOR_ROOT)
        for line in dict.fromkeys(wanted.splitlines()):
            words = line.split()
            if words[0] == "insmod":
                path = pathlib.Path(words[1])
                shutil.copy(path, root / "modules")
                yield f"/modules/{path.name}\n"
