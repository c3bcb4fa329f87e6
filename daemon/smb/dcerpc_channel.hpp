// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/channel.hpp"
#include "daemon/model/access.hpp"
#include "daemon/smb/identity.hpp"

#include <chrono>
#include <memory>

namespace fsrvp::smb {

/// Which of a server's pipes.
enum class Service {
    Fsrvp,  ///< FssagentRpc
    Shares, ///< srvsvc
};

/// A pipe, FSRVP's as a rule, through Samba's libdcerpc: SMB 2.1 or later, signed and, as `access`
/// says, encrypted; calls protected as it says, with header signing. Errors as Backend::openPipe
/// and Channel::call say.
///
/// No less than asked for is taken, but for what libdcerpc takes and tells nobody: that the server
/// calls the session a guest's or nobody's and signs it all the same, and that its NTLM for the
/// calls takes no key from us or has keys of less than 128 bits. An encrypted SMB session covers
/// that; one that is only preferred to be may not.
///
/// `timeout` bounds the TCP connection; for a server that takes it and then says nothing, libdcerpc
/// gives up after 60 s, and an earlier end is up to whoever watches this process.
class DcerpcChannel final : public Channel {
  public:
    DcerpcChannel(const Access& access,
                  const Identity& identity,
                  std::chrono::milliseconds timeout,
                  Service service = Service::Fsrvp);
    DcerpcChannel(const DcerpcChannel&) = delete;
    DcerpcChannel& operator=(const DcerpcChannel&) = delete;
    ~DcerpcChannel() override;

    Stub call(std::uint16_t opnum,
              std::span<const std::byte> stub,
              std::chrono::milliseconds timeout) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fsrvp::smb
