// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/agent/messages.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/fsrvp/stub.hpp"
#include "daemon/ndr/json_codec.hpp"
#include "tests/support/lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace fsrvp::test {

/// The built fsrvp-agent as a process, spoken to as fsrvpd does: another FSRVP client, one that
/// stops wherever a test wants it to.
class AgentClient {
  public:
    /// @param wrap  makes of the agent's command the one to run, which has to become the agent
    explicit AgentClient(const Environment& environment = {},
                         const std::function<Argv(Argv)>& wrap = {});
    /// Hangs up, which has to end the agent, with status 0, else the test fails.
    ~AgentClient();
    AgentClient(const AgentClient&) = delete;
    AgentClient& operator=(const AgentClient&) = delete;

    /// Sends one packet and waits for the answer.
    agent::Answer ask(const agent::Request& request);

    /// By NTLM as root. @throws Error  what the agent answered
    void connect(const Lab& lab) { connect(accessTo(lab)); }

    /// Gives as whom. @throws Error  what the agent answered
    std::string connect(const Access& access);

    /// The lab by its address, by NTLM as root.
    static Access accessTo(const Lab& lab, Lab::User user = Lab::User::Root);

    /// Any request; T is the answer that it has to have. @throws Error  what the agent answered
    template <class T>
    T get(agent::Request request, std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
        request.timeout = timeout;
        agent::Answer answer = ask(request);
        if (const Error* error = std::get_if<Error>(&answer)) {
            throw Error(*error);
        }
        return std::get<T>(std::move(answer));
    }

    /// One FSRVP operation. @throws Error when it got no answer from the server
    template <class Op> Reply<Op> call(const typename Op::In& in = {}) {
        ndr::ToJson toJson;
        Op::In::fields(toJson, in);
        const agent::OperationResult result =
            operation(std::string(Op::name), std::move(toJson).take());
        Reply<Op> reply;
        ndr::FromJson fromJson(result.out);
        Op::Out::fields(fromJson, reply.out);
        reply.hresult = result.hresult;
        return reply;
    }

    /// The agent's RUNTIME_DIRECTORY.
    const std::filesystem::path& dir() const noexcept { return dir_.path(); }

    /// SIGKILL: the server sees a client that went away.
    void kill();

  private:
    agent::OperationResult operation(std::string name, nlohmann::json in);

    TempDir dir_;
    UniqueFd socket_;
    std::unique_ptr<Process> process_;
    bool killed_ = false;
};

} // namespace fsrvp::test
