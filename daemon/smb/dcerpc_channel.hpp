// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/channel.hpp"
#include "daemon/model/login.hpp"
#include "daemon/model/server_id.hpp"

#include <chrono>
#include <memory>

namespace fsrvp::smb {

/// The FSRVP pipe through Samba's libdcerpc: SMB 2.1 or later, signed and encrypted, NTLM at
/// packet privacy with header signing. Errors as Backend::openPipe and Channel::call say.
///
/// `timeout` bounds the TCP connection; for a server that takes it and then says nothing, libdcerpc
/// gives up after 60 s, and an earlier end is up to whoever watches this process.
class DcerpcChannel final : public Channel {
  public:
    DcerpcChannel(const ServerId& server, const Login& login, std::chrono::milliseconds timeout);
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
