// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/operations.hpp"
#include "tests/support/agent_client.hpp"
#include "tests/support/lab.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>

namespace fsrvp::test {

/// What a login proves itself by.
enum class Proof { NtlmPassword, Password, Keytab, MachineKeytab, TicketCache };

/// One of the ways to speak to the lab's server.
struct Way {
    const char* name; ///< of the test
    Auth auth;
    Proof proof;
    RpcProtection rpc;
    const char* identity; ///< that the agent gives
};

void PrintTo(const Way& way, std::ostream* out);

/// Labs with a KDC, one for each suite, and agents that know it.
class SecurityTest : public testing::Test {
  protected:
    static void start(LabOptions options);

    static void TearDownTestSuite() { theLab().reset(); }

    static Lab& lab() { return *theLab(); }

    static const LabRealm& realm() { return lab().realm(); }

    /// In the realm, with the lab's krb5.conf and its server's name.
    static AgentClient agent() { return AgentClient(environment(), withHosts); }

    /// The same with a clock that is off, as faketime(1) has it: "+1h".
    static AgentClient agentAt(const std::string& offset);

    /// The same with a krb5.conf of its own.
    static AgentClient agentWith(const std::filesystem::path& krb5Conf) {
        return AgentClient({{"KRB5_CONFIG", krb5Conf}}, withHosts);
    }

    /// The lab's krb5.conf with one text in it replaced; gone with the lab.
    static std::filesystem::path krb5ConfWith(const std::string& text, const std::string& instead);

    static Login login(Proof proof);
    static Access access(const Way& way);
    static Access kerberos(Proof proof);

    /// Bytes of a cache by kinit(1) for root, and kvno(1) for those services.
    static Secret ticketCache(const std::vector<std::string>& services = {});

    static std::string unc(const std::string& share) {
        return "\\\\" + realm().host + "\\" + share + "\\";
    }

    static bool supports(AgentClient& agent, const std::string& share);
    /// The whole life of a snapshot of share `data`: all that a create and a delete call.
    static void createAndDelete(AgentClient& agent);

    /// What the agent says against it.
    static Error refusal(AgentClient agent, const Access& access);

  private:
    static std::optional<Lab>& theLab();

    static Environment environment() { return {{"KRB5_CONFIG", realm().krb5Conf()}}; }

    static Argv withHosts(const Argv& argv) { return lab().withHosts(argv); }
};

} // namespace fsrvp::test
