// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/greeting.hpp"

#include "daemon/base/error.hpp"
#include "daemon/smb/resolve.hpp"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace fsrvp::smb {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kBodySize = 64; // of the answer, without its buffer
constexpr std::size_t kLargestAnswer = 65536;
constexpr std::uint16_t kSigningRequired = 0x0002;
constexpr std::uint32_t kCapabilityEncryption = 0x00000040;
constexpr std::uint16_t kPreauthContext = 0x0001;
constexpr std::uint16_t kEncryptionContext = 0x0002;

constexpr std::string_view kOldHint = "turn on SMB 2.1 or later on the server; SMB 1 is not spoken";

struct Dialect {
    std::uint16_t revision;
    const char* name;
};

constexpr std::array kDialects{
    Dialect{0x0210, "2.1"},
    Dialect{0x0300, "3.0"},
    Dialect{0x0302, "3.0.2"},
    Dialect{0x0311, "3.1.1"},
};
constexpr std::uint16_t kSmb311 = 0x0311;

[[noreturn]] void malformed(const std::string& why) {
    throw Error(Errc::Protocol, "the server's answer is no SMB: " + why);
}

class Writer {
  public:
    void u8(std::uint8_t value) { bytes.push_back(std::byte{value}); }

    void u16(std::uint16_t value) {
        u8(static_cast<std::uint8_t>(value & 0xffU));
        u8(static_cast<std::uint8_t>(value >> 8U));
    }

    void u32(std::uint32_t value) {
        u16(static_cast<std::uint16_t>(value & 0xffffU));
        u16(static_cast<std::uint16_t>(value >> 16U));
    }

    void zeros(std::size_t count) { bytes.insert(bytes.end(), count, std::byte{0}); }

    void append(std::span<const std::byte> more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }

    std::vector<std::byte> bytes;
};

/// Reads little-endian numbers at offsets, each within the message.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::uint64_t number(std::size_t offset, std::size_t size) const {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            malformed("it is cut off after " + std::to_string(bytes_.size()) + " bytes");
        }
        std::uint64_t value = 0;
        for (std::size_t i = size; i-- > 0;) {
            value = (value << 8U) | std::to_integer<std::uint64_t>(bytes_[offset + i]);
        }
        return value;
    }

    std::uint16_t u16(std::size_t offset) const {
        return static_cast<std::uint16_t>(number(offset, 2));
    }

    std::uint32_t u32(std::size_t offset) const {
        return static_cast<std::uint32_t>(number(offset, 4));
    }

  private:
    std::span<const std::byte> bytes_;
};

constexpr std::uint32_t kSmb1Magic = 0x424d53ff; // "\xffSMB"
constexpr std::uint32_t kSmb2Magic = 0x424d53fe;

void checkHeader(const Reader& message) {
    const std::uint32_t magic = message.u32(0);
    if (magic == kSmb1Magic) {
        throw Error(Errc::NotSupported, "the server speaks SMB 1 only").withHint(kOldHint);
    }
    if (magic != kSmb2Magic || message.u16(4) != kHeaderSize) {
        malformed("it does not begin as one");
    }
    constexpr std::uint16_t negotiate = 0;
    constexpr std::uint32_t fromServer = 1;
    if (message.u16(12) != negotiate || (message.u32(16) & fromServer) == 0) {
        malformed("it answers something else");
    }
    const std::uint32_t status = message.u32(8);
    if (status != 0) {
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), "0x%08x", status);
        throw Error(Errc::NotSupported,
                    std::string("the server takes none of SMB 2.1 to 3.1.1 (NTSTATUS ") +
                        text.data() + ")")
            .withHint(kOldHint);
    }
}

/// Whether the server of an SMB 3.1.1 chose a cipher (MS-SMB2 2.2.4.1.2).
bool choseCipher(const Reader& message) {
    const std::size_t count = message.u16(kHeaderSize + 6);
    std::size_t offset = message.u32(kHeaderSize + 60);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint16_t type = message.u16(offset);
        const std::uint16_t length = message.u16(offset + 2);
        if (type == kEncryptionContext) {
            return message.u16(offset + 8) != 0 && message.u16(offset + 10) != 0;
        }
        offset += (8U + length + 7U) & ~std::size_t{7};
    }
    return false;
}

/// FILETIME to how far it is ahead; a server may leave it at zero.
std::chrono::seconds clockAhead(std::uint64_t fileTime, std::chrono::system_clock::time_point now) {
    constexpr std::int64_t secondsTo1970 = 11644473600;
    constexpr std::uint64_t ticksPerSecond = 10'000'000;
    if (fileTime == 0) {
        return std::chrono::seconds(0);
    }
    const auto theirs = static_cast<std::int64_t>(fileTime / ticksPerSecond) - secondsTo1970;
    const auto ours =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return std::chrono::seconds(theirs - ours);
}

void waitFor(int socket, short events, Clock::time_point end) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd waiting{socket, events, 0};
        const int ready =
            ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3600'000)));
        if (ready > 0) {
            return;
        }
        if (ready == 0) {
            throw Error(Errc::TimedOut, "the server took the connection and did not answer");
        }
        if (errno != EINTR) {
            throw Error(Errc::Failed, std::string("cannot wait: ") + std::strerror(errno));
        }
    }
}

void sendAll(int socket, std::span<const std::byte> bytes, Clock::time_point end) {
    while (!bytes.empty()) {
        waitFor(socket, POLLOUT, end);
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            throw Error(Errc::Unreachable,
                        std::string("the server cut the connection: ") + std::strerror(errno));
        }
        bytes = bytes.subspan(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
}

void receiveAll(int socket, std::span<std::byte> bytes, Clock::time_point end) {
    while (!bytes.empty()) {
        waitFor(socket, POLLIN, end);
        const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) {
            // What a server without SMB 2 does, and Samba with "hosts deny".
            throw Error(Errc::NotSupported,
                        "the server hung up instead of answering an SMB 2.1 negotiation")
                .withHint("turn on SMB 2.1 or later on the server, and let it take connections "
                          "from this machine");
        }
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            throw Error(Errc::Unreachable,
                        std::string("the connection broke: ") + std::strerror(errno));
        }
        bytes = bytes.subspan(got > 0 ? static_cast<std::size_t>(got) : 0);
    }
}

} // namespace

std::vector<std::byte> negotiateRequest(std::span<const std::byte, 48> random) {
    Writer message;
    message.u32(kSmb2Magic);
    message.u16(kHeaderSize);
    message.zeros(8); // credit charge, status, command NEGOTIATE
    message.u16(1);   // credits asked for
    message.zeros(kHeaderSize - message.bytes.size());

    message.u16(36); // StructureSize
    message.u16(kDialects.size());
    message.u16(kSigningRequired);
    message.u16(0);
    message.u32(kCapabilityEncryption);
    message.append(random.first<16>());
    // The contexts begin at the next multiple of 8 behind the dialects.
    constexpr std::size_t dialectsEnd = kHeaderSize + 36 + 2 * kDialects.size();
    constexpr std::size_t contexts = (dialectsEnd + 7) & ~std::size_t{7};
    message.u32(contexts);
    message.u16(2);
    message.u16(0);
    for (const Dialect& dialect : kDialects) {
        message.u16(dialect.revision);
    }
    message.zeros(contexts - message.bytes.size());

    message.u16(kPreauthContext);
    message.u16(2 + 2 + 2 + 32);
    message.u32(0);
    message.u16(1);      // one hash,
    message.u16(32);     // this long a salt,
    message.u16(0x0001); // SHA-512
    message.append(random.last<32>());
    message.zeros((8 - message.bytes.size() % 8) % 8);

    constexpr std::array<std::uint16_t, 4> ciphers{0x0002, 0x0001, 0x0004, 0x0003};
    message.u16(kEncryptionContext);
    message.u16(2 + 2 * ciphers.size());
    message.u32(0);
    message.u16(ciphers.size());
    for (const std::uint16_t cipher : ciphers) {
        message.u16(cipher);
    }

    Writer frame;
    frame.u8(0);
    frame.u8(0);
    frame.u8(static_cast<std::uint8_t>(message.bytes.size() >> 8U));
    frame.u8(static_cast<std::uint8_t>(message.bytes.size() & 0xffU));
    frame.append(message.bytes);
    return std::move(frame.bytes);
}

std::size_t frameSize(std::span<const std::byte, 4> header) {
    const auto at = [&header](std::size_t i) { return std::to_integer<std::size_t>(header[i]); };
    const std::size_t size = (at(1) << 16U) | (at(2) << 8U) | at(3);
    if (at(0) != 0 || size < 4 || size > kLargestAnswer) {
        malformed("it has no NetBIOS frame");
    }
    return size;
}

Greeting readNegotiateResponse(std::span<const std::byte> message,
                               std::chrono::system_clock::time_point now) {
    const Reader reader(message);
    checkHeader(reader);
    if (reader.u16(kHeaderSize) != kBodySize + 1) {
        malformed("its body has another size");
    }
    const std::uint16_t revision = reader.u16(kHeaderSize + 4);
    const auto* dialect = std::find_if(kDialects.begin(), kDialects.end(), [&](const Dialect& d) {
        return d.revision == revision;
    });
    if (dialect == kDialects.end()) {
        malformed("it chose an SMB that was not offered");
    }
    Greeting greeting;
    greeting.dialect = dialect->name;
    greeting.requiresSigning = (reader.u16(kHeaderSize + 2) & kSigningRequired) != 0;
    const std::uint32_t capabilities = reader.u32(kHeaderSize + 24);
    const std::uint64_t systemTime = reader.number(kHeaderSize + 40, 8);
    reader.number(kHeaderSize + 60, 4); // the body's last
    greeting.canEncrypt = revision == kSmb311 ? choseCipher(reader)
                                              : revision != kDialects.front().revision &&
                                                    (capabilities & kCapabilityEncryption) != 0;
    greeting.clockAhead = clockAhead(systemTime, now);
    return greeting;
}

Greeting greet(const ServerId& server, std::chrono::milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    const Connection connection = connectTo(server, timeout);
    std::array<std::byte, 48> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        throw Error(Errc::Failed, std::string("no random bytes: ") + std::strerror(errno));
    }
    sendAll(connection.socket.get(), negotiateRequest(random), end);
    std::array<std::byte, 4> header{};
    receiveAll(connection.socket.get(), header, end);
    std::vector<std::byte> message(frameSize(header));
    receiveAll(connection.socket.get(), message, end);
    Greeting greeting = readNegotiateResponse(message, std::chrono::system_clock::now());
    greeting.address = connection.address;
    return greeting;
}

} // namespace fsrvp::smb
