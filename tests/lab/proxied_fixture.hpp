// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/lab/lab_fixture.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <cstddef>
#include <optional>

namespace fsrvp::test {

/// LabTest with a proxy between fsrvpd and the server.
class ProxiedTest : public LabTest {
  protected:
    /// Where the proxy stops: the server has not got the message, or its answer does not arrive.
    struct Moment {
        enum class What { Request, Reply };

        std::size_t message; ///< the first is 1
        What what;
    };

    void SetUp() override;

    /// Opens the connection to the server; it stays for two seconds.
    void warmUp();
    /// False when there is no connection.
    bool holdAt(const Moment& moment);
    /// A create and a delete, which leave nothing.
    void expectAllWorks();

    std::optional<TcpProxy> proxy;
};

} // namespace fsrvp::test
