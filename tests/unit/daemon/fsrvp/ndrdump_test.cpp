// SPDX-License-Identifier: GPL-3.0-or-later
// Samba's ndrdump decodes what we encode, encodes it again and must get the same bytes.
#include "daemon/fsrvp/operations.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/daemon/fsrvp/ndrdump_cases.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <string>

namespace fsrvp {
namespace {

class NdrdumpComplains : public testing::Test {
  protected:
    /// What ndrdump has to say against the stub; empty when it is content.
    std::string complaint(const NdrdumpCase& c) const {
        write("stub", c.stub);
        write("request", c.request);
        test::Argv command{FSRVP_NDRDUMP, "--validate"};
        if (!c.request.empty()) {
            command.insert(command.end(), {"-c", path("request")});
        }
        command.insert(command.end(),
                       {"FileServerVssAgent",
                        "fss_" + std::string(c.operation),
                        std::string(c.direction),
                        path("stub")});
        const test::RunResult result = test::run(command);
        const std::string said = result.out + result.err;
        const auto has = [&said](const char* part) { return said.find(part) != said.npos; };
        // Differences between the bytes are only warnings to it.
        const bool isContent = result.exitCode == 0 && has("pull returned Success") &&
                               has("dump OK") && !has("WARNING");
        return isContent ? "" : "exit code " + std::to_string(result.exitCode) + "\n" + said;
    }

    /// The last of an operation's requests or responses.
    static NdrdumpCase lastOf(std::size_t opnum, std::string_view direction) {
        NdrdumpCase last;
        for (NdrdumpCase& c : ndrdumpCases(opnum)) {
            if (c.direction == direction) {
                last = std::move(c);
            }
        }
        return last;
    }

  private:
    std::string path(const char* name) const { return (folder_.path() / name).string(); }

    void write(const char* name, const Stub& stub) const {
        std::ofstream out(path(name), std::ios::binary);
        for (const std::byte byte : stub) {
            out.put(static_cast<char>(byte));
        }
    }

    test::TempDir folder_;
};

class Ndrdump : public NdrdumpComplains, public testing::WithParamInterface<std::size_t> {};

std::string operationName(const testing::TestParamInfo<std::size_t>& info) {
    return std::string(ndrdumpCases(info.param).front().operation);
}

TEST_P(Ndrdump, AcceptsOurRequestsAndResponses) {
    std::size_t requests = 0;
    std::size_t responses = 0;
    for (const NdrdumpCase& c : ndrdumpCases(GetParam())) {
        EXPECT_EQ(complaint(c), "");
        ++(c.direction == "in" ? requests : responses);
    }
    std::cout << requests << " requests and " << responses << " responses checked by ndrdump\n";
    EXPECT_GT(requests, 0U);
    EXPECT_GT(responses, 0U);
}

INSTANTIATE_TEST_SUITE_P(Operations,
                         Ndrdump,
                         testing::Range(std::size_t{0}, kOperationCount),
                         operationName);

// That the test above can fail.

TEST_F(NdrdumpComplains, OfAStubThatIsCutShort) {
    NdrdumpCase c = lastOf(AddToShadowCopySet::opnum, "in");
    c.stub.pop_back();
    EXPECT_NE(complaint(c), "");
}

TEST_F(NdrdumpComplains, OfBytesThatAreLeftOver) {
    NdrdumpCase c = lastOf(SetContext::opnum, "in");
    c.stub.push_back(std::byte{1});
    EXPECT_NE(complaint(c), "");
}

TEST_F(NdrdumpComplains, OfAPadThatIsNotZero) {
    IsPathSupported::Out out;
    out.ownerMachineName = ndr::UniqueString(u"ab"); // ends at 8 + 12 + 6, so two bytes of pad
    Reply<IsPathSupported> reply{out, 0};
    NdrdumpCase c{IsPathSupported::name, "out", encodeReply(reply), {}};
    ASSERT_EQ(complaint(c), "");

    c.stub.at(26) = std::byte{0xbf};

    EXPECT_NE(complaint(c), "");
}

TEST_F(NdrdumpComplains, OfAReferentIdWhereARefPointerHasNone) {
    ndr::Writer writer;
    writer.u32(0x20000);
    writer.string(u"\\\\fs1\\data\\");
    EXPECT_NE(complaint({IsPathSupported::name, "in", std::move(writer).take(), {}}), "");
}

} // namespace
} // namespace fsrvp
