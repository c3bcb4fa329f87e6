// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/agent_client.hpp"

#include "daemon/base/packet.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace fsrvp::test {

namespace {

/// "username=" and "password=" lines.
Login loginFrom(const std::string& text) {
    const auto value = [&text](const std::string& key) {
        const std::size_t begin = text.find(key + "=") + key.size() + 1;
        return text.substr(begin, text.find('\n', begin) - begin);
    };
    Login login;
    login.user = value("username");
    login.password = Secret(value("password"));
    return login;
}

} // namespace

AgentClient::AgentClient(const Environment& environment, const std::function<Argv(Argv)>& wrap) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot make a socket");
    }
    socket_.reset(ends[0]);
    ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
    const UniqueFd theirs(ends[1]);
    // The agent finds its socket as descriptor 3, which is ours or free: it is the lower of the
    // two.
    const std::string number = std::to_string(theirs.get());
    Argv argv{"bash", "-c", "exec 3<&" + number + " " + number + "<&- \"$0\"", FSRVP_AGENT};
    Environment all = environment;
    all.emplace("RUNTIME_DIRECTORY", dir_.path());
    process_ = std::make_unique<Process>(wrap ? wrap(argv) : argv, all);
}

AgentClient::~AgentClient() {
    socket_.reset();
    const auto status = process_->wait(std::chrono::seconds(5));
    EXPECT_TRUE(killed_ || status == 0) << status.value_or(-1) << ": " << process_->err();
}

agent::Answer AgentClient::ask(const agent::Request& request) {
    sendPacket(socket_.get(), agent::encode(request));
    const auto packet = receivePacket(socket_.get());
    if (!packet) {
        throw Error(Errc::Unreachable, "the agent has ended: " + process_->err());
    }
    return agent::decodeAnswer(*packet);
}

std::string AgentClient::connect(const Access& access) {
    return get<agent::Connected>({agent::Connect{access}, {}}).identity;
}

Access AgentClient::accessTo(const Lab& lab, Lab::User user) {
    Access access;
    access.server = ServerId{lab.host(), lab.port()};
    access.login = loginFrom(lab.credentialsText(user));
    return access;
}

agent::OperationResult AgentClient::operation(std::string name, nlohmann::json in) {
    return get<agent::OperationResult>({agent::Operation{std::move(name), std::move(in)}, {}},
                                       std::chrono::seconds(60));
}

void AgentClient::kill() {
    killed_ = true;
    process_->kill(SIGKILL);
    process_->wait(std::chrono::seconds(5));
}

} // namespace fsrvp::test
