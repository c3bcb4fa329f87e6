// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd or its agent is killed again and again, at random moments of creates and deletes. After
// each, records, exposed shares and snapshots on the disk are the same ones.
//
// FSRVP_KILLS=N  how many kills (10); FSRVP_SEED=N repeats a run's choices, which it prints.
#include "tests/lab/lab_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

const std::vector<std::string> kShares{"data", "my data", "hid$"};

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class RandomKills : public LabTest {
  protected:
    static constexpr std::size_t kMost = 6; ///< snapshots at a time

    /// A worker of Samba's ends so long after its last client, and with it a set that nobody knows
    /// since StartShadowCopySet was answered to nobody. It is 60 s otherwise.
    static void SetUpTestSuite() {
        LabOptions options;
        options.settings = {"rpcd_fsrvp:idle_seconds = 2"};
        startLab(options);
    }

    void SetUp() override {
        LabTest::SetUp();
        daemon->stop();
        daemon->writeLab(
            lab(), {{"timeouts", {{"connect_sec", 2}, {"call_sec", 10}, {"workers_end_sec", 4}}}});
        daemon->start();
        std::printf("FSRVP_SEED=%llu\n", static_cast<unsigned long long>(seed));
    }

    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    }

    /// A create of one to three shares, or a delete of some of what there is.
    Argv chosen() {
        std::vector<std::string> ids = listed();
        std::erase_if(ids, [this](const std::string& id) {
            return std::find(kept.begin(), kept.end(), id) != kept.end();
        });
        const bool creates = ids.empty() || (ids.size() < kMost && below(2) == 0);
        Argv arguments{creates ? "create" : "delete", "-q"};
        if (creates) {
            arguments.emplace_back("--no-mount");
            for (const std::string& share : kShares) {
                ids.push_back(unc(share));
            }
            ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(kShares.size()));
        }
        std::shuffle(ids.begin(), ids.end(), random);
        ids.resize(1 + below(std::min<std::size_t>(ids.size(), kShares.size())));
        arguments.insert(arguments.end(), ids.begin(), ids.end());
        return arguments;
    }

    /// Runs that, and kills fsrvpd or an agent at some moment of it.
    void killIn(const Argv& arguments, bool wholeDaemon) {
        const auto running = daemon->startCtl(arguments);
        const milliseconds moment(below(kSpan));
        underWay += running->wait(moment) ? 0 : 1;
        if (wholeDaemon) {
            daemon->kill();
        } else {
            for (const pid_t agent : daemon->agents()) {
                ::kill(agent, SIGKILL);
            }
        }
        EXPECT_TRUE(running->wait(seconds(120)).has_value()) << daemon->log();
        if (!wholeDaemon) {
            daemon->stop();
        }
        daemon->start();
        EXPECT_TRUE(waitUntilRecovered(seconds(120))) << daemon->log();
    }

    /// They stay: where a share shows a snapshot, fsrvpd knows that it shows all, and has no doubt
    /// about what a commit may have left.
    std::vector<std::string> kept;

    static constexpr std::size_t kSpan = 500; ///< ms in which most of a create or delete is over

    const std::uint64_t seed = number("FSRVP_SEED", std::random_device{}());
    std::mt19937_64 random{seed};
    unsigned underWay = 0;
};

TEST_F(RandomKills, LeaveNothingThatIsNotOnRecord) {
    const std::uint64_t kills = number("FSRVP_KILLS", 10);
    create(kShares);
    kept = listed();
    const auto begin = steady_clock::now();
    for (std::uint64_t kill = 1; kill <= kills; ++kill) {
        const Argv arguments = chosen();
        const bool wholeDaemon = below(2) == 0;
        killIn(arguments, wholeDaemon);
        expectAgreement();
        if (HasFailure()) {
            FAIL() << "FSRVP_SEED=" << seed << ", kill " << kill << " of "
                   << (wholeDaemon ? "fsrvpd" : "its agent") << " in "
                   << testing::PrintToString(arguments) << ": " << daemon->log();
        }
    }
    const auto took = duration_cast<seconds>(steady_clock::now() - begin);
    std::printf("%llu kills, %u of them under way, took %lld s\n",
                static_cast<unsigned long long>(kills),
                underWay,
                static_cast<long long>(took.count()));
    EXPECT_GT(underWay, 0U);
    if (!listed().empty()) {
        deleteAll();
    }
    expectNothingLeft();
}

} // namespace
} // namespace fsrvp::test
