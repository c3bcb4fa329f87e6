// SPDX-License-Identifier: GPL-3.0-or-later
// Writes one of each of the agent's messages into a directory, as fuzz_agent_messages reads them.
#include "daemon/agent/messages.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace fsrvp;
using namespace fsrvp::agent;

std::vector<std::string> allMessages() {
    Connect connect;
    connect.access.server = ServerId{"fs1", 1445};
    connect.access.login.user = "backup";
    connect.access.login.domain = "LAB";
    connect.access.login.password = Secret("secret");
    connect.access.login.keytab = Secret("\x05\x02");
    connect.access.login.ticketCache = Secret("\x05\x04");
    const nlohmann::json mapping = {{"ShareNameUNC", "\\\\FS1\\data"},
                                    {"ShadowCopyShareName", "data@{…}"},
                                    {"CreationTimestamp", 133747218000000000}};
    std::vector<std::string> messages;
    Request request;
    request.timeout = std::chrono::seconds(10);
    const decltype(Request::call) calls[] = {
        connect,
        Resolve{"fs1"},
        Greet{ServerId{"fs1", 1445}},
        GetTickets{connect.access.login},
        Operation{"SetContext", {{"Context", 25}}},
        ListShares{12, "data"},
        ProbeShare{"süß$"},
        AskForDfs{"data"},
        ListGmtDirectories{"data", "@GMT-2026.02.03-04.05.06", "@GMT-2026.02.03-04.05.09"}};
    for (const auto& call : calls) {
        request.call = call;
        messages.push_back('\0' + encode(request));
    }
    const Answer answers[] = {
        Connected{1, 1, "LAB\\backup"},
        Addresses{{"192.0.2.1", "2001:db8::1"}},
        Greeting{"192.0.2.1", "3.1.1", true, true, std::chrono::seconds(-5)},
        Tickets{"backup@LAB.EXAMPLE", std::chrono::hours(10)},
        OperationResult{{{"union_discriminant", 1}, {"ShareMapping1", mapping}}, 0},
        Shares{{"data", "hid$"}, true},
        Probed{true},
        GmtDirectories{{"@GMT-2026.02.03-04.05.07"}},
        Error(Errc::AccessDenied, "no", std::uint32_t{0x80070005}).withHint("ask root")};
    for (const Answer& answer : answers) {
        messages.push_back('\1' + encode(answer));
    }
    return messages;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) {
            std::fprintf(stderr, "usage: make_agent_corpus DIRECTORY\n");
            return 2;
        }
        const std::filesystem::path directory = argv[1];
        std::filesystem::create_directories(directory);
        int number = 0;
        for (const std::string& message : allMessages()) {
            std::ofstream(directory / std::to_string(number++), std::ios::binary) << message;
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_agent_corpus: %s\n", error.what());
        return 1;
    }
}
