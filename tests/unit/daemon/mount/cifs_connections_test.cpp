// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/cifs_connections.hpp"

#include <gtest/gtest.h>

namespace fsrvp::mount::fs {
namespace {

constexpr const char* kTwoShares = R"(Display Internal CIFS Data Structures for Debugging
---------------------------------------------------
CIFS Version 2.39
Features: DFS,FSCACHE,STATS,DEBUG,ALLOW_INSECURE_LEGACY,CIFS_POSIX,UPCALL(SPNEGO),XATTR,ACL
CIFSMaxBufSize: 16384
Active VFS Requests: 0

Servers: 
1) ConnectionId: 0x1 Hostname: fs1 
Number of credits: 389 Dialect 0x311 signed
TCP status: 1 Instance: 1
Local Users To Server: 1 SecMode: 0x1 Req On Wire: 0
In Send: 0 In MaxReq Wait: 0

	Sessions: 
	1) Address: 10.0.0.1 Uses: 2 Capability: 0x300047	Session Status: 1 
	Security type: RawNTLMSSP  SessionId: 0x43abb460 encrypted
	User: 0 Cred User: 0

	Shares: 
	0) IPC: \\fs1\IPC$ Mounts: 1 DevInfo: 0x0 Attributes: 0x0
	PathComponentMax: 0 Status: 1 type: 0 Serial Number: 0x0 Encrypted
	Share Capabilities: None	Share Flags: 0x0
	tid: 0xa60a9161	Maximal Access: 0x1f00a9

	1) \\fs1\Data@{0E0C3E5A-94F0-4E26-A8C1-6F2A5B1E0001} Mounts: 1 DevInfo: 0x20 Attributes: 0x1006f
	PathComponentMax: 255 Status: 1 type: DISK Serial Number: 0x9ab5bf10 Encrypted
	tid: 0x7c6c7b8c	Maximal Access: 0x1f01ff

	2) \\fs1\my files Mounts: 1 Type: NTFS DevInfo: 0x20 Attributes: 0x1006f
	PathComponentMax: 255 Status: 1 type: DISK Serial Number: 0x1	DISCONNECTED 

	MIDs: 
--
Witness registrations:
)";

TEST(CifsConnections, FindsAShareWithoutRegardToCase) {
    EXPECT_TRUE(hasTreeConnect(kTwoShares, "data@{0e0c3e5a-94f0-4e26-a8c1-6f2a5b1e0001}"));
}

TEST(CifsConnections, FindsANameWithSpacesThatIsBeingReconnected) {
    EXPECT_TRUE(hasTreeConnect(kTwoShares, "my files"));
}

TEST(CifsConnections, ANameBeyondAsciiIsComparedAsItIs) {
    const char* line = "\t2) \\\\win2k12\\süß日 Mounts: 1 DevInfo: 0x20 Attributes: 0x801007f\n";

    EXPECT_TRUE(hasTreeConnect(line, "süß日"));
    EXPECT_FALSE(hasTreeConnect(line, "SÜSS日"));
}

TEST(CifsConnections, WithoutAnyMountNothingIsConnected) {
    EXPECT_FALSE(hasTreeConnect("Servers: \n\t[NONE]\n", "data"));
}

TEST(CifsConnections, APartOfANameIsAnotherShare) {
    EXPECT_FALSE(hasTreeConnect(kTwoShares, "my"));
    EXPECT_FALSE(hasTreeConnect(kTwoShares, "data"));
}

TEST(CifsConnections, AServersNameIsNoShares) {
    EXPECT_FALSE(hasTreeConnect(kTwoShares, "fs1"));
}

TEST(CifsConnections, WhatANameImitatesIsNotTakenForALine) {
    EXPECT_FALSE(hasTreeConnect("\t1) \\\\fs1\\a Mounts: 1 Type: 2) \\\\fs1\\b Mounts: 1\n", "b"));
}

TEST(CifsConnections, AnOlderKernelsFormIsRead) {
    EXPECT_TRUE(hasTreeConnect("\tShares:\n\t1) \\\\vm1\\cifs Mounts: 1 DevInfo: 0x20 Attributes: "
                               "0x1006f\n",
                               "cifs"));
}

TEST(CifsConnections, NothingIsConnectedInAnEmptyFile) {
    EXPECT_FALSE(hasTreeConnect("", "data"));
    EXPECT_FALSE(hasTreeConnect("\n\n1)\n1) \n\t2) \\\\", "data"));
}

} // namespace
} // namespace fsrvp::mount::fs
