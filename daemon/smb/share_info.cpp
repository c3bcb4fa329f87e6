// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/share_info.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/fsrvp/stub.hpp"

#include <cstdint>

namespace fsrvp::smb {
namespace {

constexpr std::uint32_t kLevel = 1005;
constexpr std::uint32_t kDfsRoot = 0x00000002; // SHI1005_FLAGS_DFS_ROOT

/// SHARE_INFO_1005.
struct ShareFlags : ndr::Declared {
    std::uint32_t flags = 0;

    static void fields(auto& codec, auto& m) { codec(ndr::Field{"shi1005_flags", m.flags}); }
};

/// The one arm that is asked for stands for the union InfoStruct.
struct NetrShareGetInfo {
    static constexpr std::uint16_t opnum = 16;

    struct In {
        ndr::UniqueString serverName;
        std::u16string netName;
        std::uint32_t level = kLevel;

        static void fields(auto& codec, auto& m) {
            codec(ndr::Field{"ServerName", m.serverName},
                  ndr::Field{"NetName", m.netName},
                  ndr::Field{"Level", m.level});
        }
    };

    struct Out {
        std::uint32_t level = kLevel;
        ndr::Unique<ShareFlags> info;

        static void fields(auto& codec, auto& m) {
            codec(ndr::Field{"Level", m.level}, ndr::Field{"ShareInfo1005", m.info});
        }
    };
};

} // namespace

bool isDfsRoot(Channel& srvsvc, const std::string& share, std::chrono::milliseconds timeout) {
    NetrShareGetInfo::In in;
    in.netName = toUtf16(share);
    const Stub stub =
        srvsvc.call(NetrShareGetInfo::opnum, encodeRequest<NetrShareGetInfo>(in), timeout);
    // Its status is a Win32 error code: 0 is success there too.
    const auto reply = decodeReply<NetrShareGetInfo>(stub);
    if (reply.hresult != 0 || reply.out.level != kLevel || !reply.out.info.value) {
        throw Error(Errc::Failed,
                    "the server does not say what share '" + share + "' is (error " +
                        std::to_string(reply.hresult) + ")");
    }
    return (reply.out.info.value->flags & kDfsRoot) != 0;
}

} // namespace fsrvp::smb
