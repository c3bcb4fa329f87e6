// SPDX-License-Identifier: GPL-3.0-or-later
// Writes sources with mount tables, options and a helper's words into a directory, as
// fuzz_mount_text reads them.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

const std::string kOptions =
    "rw,vers=3.1.1,sec=ntlmssp,cache=strict,username=backup,domain=LAB,uid=0,noforceuid,gid=0,"
    "noforcegid,addr=192.0.2.7,file_mode=0755,dir_mode=0755,iocharset=utf8,seal,soft,nounix,"
    "serverino,mapposix,rsize=4194304,wsize=4194304,bsize=1048576,echo_interval=60,port=1445";
const std::string kTable =
    "20 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "21 20 0:30 / /mnt/share rw shared:2 master:3 - cifs //fs1/my\\040data " +
    kOptions +
    "\n"
    "22 21 0:30 /sub /mnt/share rw - smb3 //fs1/data/sub rw,multiuser,sec=krb5i,cruid=5\n"
    "23 20 0:31 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n"
    "24 20 0:32 / /m rw - tmpfs  rw\n";

const std::string kSeeds[] = {
    "/mnt/share/dir/file\n" + kTable,
    "/run/user/1000/gvfs/smb-share:server=fs1,share=data\n" + kTable,
    "//fs1/data/sub dir/\n",
    "\\\\fs1\\hid$\\a\\b\n",
    "smb://LAB;user@fs1:1445/my%20data/a%2Fb\n",
    "smb://user:password@[2001:db8::7]/data?x#y\n",
    "file:///mnt/share\n",
    kOptions + ",forceuid,forcegid,noperm,cifsacl,modefromsid,idsfromsid,hard,cruid=5",
    "mount error(111): could not connect to 127.0.0.1Unable to find suitable address.\n",
    "mount error(13): Permission denied\nRefer to the mount.cifs(8) manual page\n",
    "umount: /x: target is busy.\n",
};

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) {
            std::fprintf(stderr, "usage: make_mount_corpus DIRECTORY\n");
            return 2;
        }
        const std::filesystem::path directory = argv[1];
        std::filesystem::create_directories(directory);
        int number = 0;
        for (const std::string& seed : kSeeds) {
            std::ofstream(directory / std::to_string(number++), std::ios::binary) << seed;
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_mount_corpus: %s\n", error.what());
        return 1;
    }
}
