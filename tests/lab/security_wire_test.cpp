// SPDX-License-Identifier: GPL-3.0-or-later
// What somebody sees who reads along, where SMB itself is not encrypted.
#include "daemon/base/utf16.hpp"
#include "tests/lab/security_support.hpp"
#include "tests/support/wait_for.hpp"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace fsrvp::test {
namespace {

/// What TCP carries on loopback from and to one port, each direction of each connection in order.
class Capture {
  public:
    explicit Capture(std::uint16_t port)
        : port_(port), socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP))) {
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_protocol = htons(ETH_P_IP);
        address.sll_ifindex = static_cast<int>(::if_nametoindex("lo"));
        const int room = 1 << 24;
        const timeval patience{0, 50'000};
        if (!socket_ ||
            ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room) != 0 ||
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
            throw std::system_error(errno, std::generic_category(), "cannot capture");
        }
        reader_ = std::thread([this] { read(); });
    }

    ~Capture() {
        ends_ = true;
        reader_.join();
    }

    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    bool has(const std::string& bytes) {
        const std::lock_guard lock(mutex_);
        for (const auto& [ends, stream] : streams_) {
            if (stream.find(bytes) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

  private:
    void read() {
        std::vector<char> packet(1 << 17);
        while (!ends_) {
            sockaddr_ll from{};
            socklen_t size = sizeof from;
            const ssize_t got = ::recvfrom(socket_.get(),
                                           packet.data(),
                                           packet.size(),
                                           0,
                                           reinterpret_cast<sockaddr*>(&from),
                                           &size);
            // Linux shows a packet of loopback twice: as it goes and as it comes.
            if (got > 0 && from.sll_pkttype != PACKET_OUTGOING) {
                take({packet.data(), static_cast<std::size_t>(got)});
            }
        }
    }

    void take(std::string_view packet) {
        iphdr ip{};
        if (packet.size() < sizeof ip) {
            return;
        }
        std::memcpy(&ip, packet.data(), sizeof ip);
        packet.remove_prefix(std::min<std::size_t>(packet.size(), ip.ihl * 4U));
        tcphdr tcp{};
        if (ip.protocol != IPPROTO_TCP || packet.size() < sizeof tcp) {
            return;
        }
        std::memcpy(&tcp, packet.data(), sizeof tcp);
        packet.remove_prefix(std::min<std::size_t>(packet.size(), tcp.doff * 4U));
        if (ntohs(tcp.source) == port_ || ntohs(tcp.dest) == port_) {
            const std::lock_guard lock(mutex_);
            streams_[{tcp.source, tcp.dest}] += packet;
        }
    }

    std::uint16_t port_;
    UniqueFd socket_;
    std::mutex mutex_;
    std::map<std::pair<std::uint16_t, std::uint16_t>, std::string> streams_;
    std::atomic<bool> ends_ = false;
    std::thread reader_;
};

/// UTF-16LE, as NDR and SMB have texts.
std::string wide(const std::string& text) {
    const std::u16string units = toUtf16(text);
    return {reinterpret_cast<const char*>(units.data()), units.size() * 2};
}

class Wire : public SecurityTest, public testing::WithParamInterface<Way> {
  protected:
    static void SetUpTestSuite() {
        LabOptions options;
        options.settings = {"server smb encrypt = off"};
        start(options);
    }

    /// Runs a snapshot's whole life, and gives whether the share's UNC was to be seen.
    static bool showsTheShare() {
        Access readable = access(GetParam());
        readable.encryption = SmbEncryption::Preferred;
        Capture capture(lab().port());
        {
            AgentClient client = agent();
            client.connect(readable);
            EXPECT_TRUE(supports(client, "data"));
            createAndDelete(client);
        }
        // All of it was caught: from the first message to the pipe's end, and in clear text.
        const std::string closed("\xfeSMB\x40\x00", 6);
        EXPECT_TRUE(waitFor([&] { return capture.has(closed); }, std::chrono::seconds(2)));
        EXPECT_TRUE(capture.has(wide("FssagentRpc")));
        // SET_CONTEXT's opnum 1 … DELETE's 11 lie behind the 16 bytes of a request's header.
        EXPECT_TRUE(capture.has(std::string("\x05\x00\x00\x03\x10\x00\x00\x00", 8)));
        EXPECT_FALSE(capture.has("\xfdSMB")) << "SMB was encrypted";
        return capture.has(wide(realm().host + "\\data"));
    }
};

class Protected : public Wire {};

class Unprotected : public Wire {};

TEST_P(Protected, CallsNeverShowTheShare) {
    EXPECT_FALSE(showsTheShare());
}

TEST_P(Unprotected, CallsShowTheShare) {
    EXPECT_TRUE(showsTheShare());
}

INSTANTIATE_TEST_SUITE_P(
    OnTheWire,
    Protected,
    testing::Values(
        Way{"Ntlm", Auth::Ntlm, Proof::NtlmPassword, RpcProtection::Privacy, ""},
        Way{"Kerberos", Auth::Kerberos, Proof::Keytab, RpcProtection::Privacy, ""},
        Way{"NegotiateNtlm", Auth::Negotiate, Proof::NtlmPassword, RpcProtection::Privacy, ""},
        Way{"NegotiateKerberos", Auth::Negotiate, Proof::Keytab, RpcProtection::Privacy, ""}),
    [](const auto& way) { return way.param.name; });

// The control; signing hides nothing either.
INSTANTIATE_TEST_SUITE_P(
    OnTheWire,
    Unprotected,
    testing::Values(
        Way{"Ntlm", Auth::Ntlm, Proof::NtlmPassword, RpcProtection::None, ""},
        Way{"Kerberos", Auth::Kerberos, Proof::Keytab, RpcProtection::None, ""},
        Way{"Integrity", Auth::Ntlm, Proof::NtlmPassword, RpcProtection::Integrity, ""}),
    [](const auto& way) { return way.param.name; });

TEST_P(Unprotected, AreRefusedWhereEncryptionIsRequired) {
    const Error error = refusal(agent(), access(GetParam()));

    EXPECT_EQ(error.code(), Errc::NotSupported);
    EXPECT_THAT(
        std::string(error.what()),
        testing::HasSubstr("the server has no SMB encryption (SMB 3.1.1), which is required"));
}

} // namespace
} // namespace fsrvp::test
