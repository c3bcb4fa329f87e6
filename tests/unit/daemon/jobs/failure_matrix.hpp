// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/unit/daemon/jobs/mounting_fixture.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace fsrvp::jobs {

/// What is done, and what may fail in it.
struct Flow {
    enum class What { Create, Delete };

    const char* name;
    std::vector<std::string> shares;
    What what;
    bool mounts; ///< the create mounts, the delete is of what is mounted

    friend void PrintTo(const Flow& flow, std::ostream* out) { *out << flow.name; }
};

/// How one call of a flow goes wrong.
struct Fault {
    enum class Kind {
        Result,
        ResultAfterActing, ///< the server says no although it has done it
        RpcFault,
        CutBefore, ///< the connection, before the request arrives
        CutAfter,  ///< after the server has acted, before its reply
        Garble,
        Hang, ///< to the deadline of the call, or of the job if that is first
        AgentKilledBefore,
        AgentKilledAfter,
        ServerRestarts,
        TimerExpires, ///< the server's sequence timer, just before the call
        FsrvpdKilledBefore,
        FsrvpdKilledAfter,
        FsrvpdKilledAfterCommit, ///< to the database; such a place has no operation
    };

    const char* name;
    Kind kind;
    bool serverActs; ///< although the client is told otherwise, or nothing

    friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

/// The nth call of that operation; the nth commit to the database where there is none.
struct Place {
    std::string operation;
    unsigned nth = 1;

    std::string text() const;
};

/// Runs flows with one fault each, and compares what is on the server, in the database and mounted.
class FailureMatrix : public MountingTest {
  protected:
    static void TearDownTestSuite();
    void SetUp() override;

    /// Where a good run of the flow can fail in that way, as this run shows.
    std::vector<Place> placesOf(const Flow& flow, const Fault& fault);

    /// A server and a database of their own, with what the flow needs, and no connection.
    FssServer& prepare(const Flow& flow);
    /// The flow with that fault, to the end of its job, or to that of fsrvpd: then there is none.
    std::shared_ptr<Job> runWith(const Flow& flow, const Fault& fault, const Place& place);

    enum class Deleting { MayBe, None };
    /// Each record is true, and nothing else is there: the server's shares, its snapshots and
    /// sets, mounts and their directories. `strays` of the snapshots on disk are of no record that
    /// could delete them, and as many sets were begun that nobody knows.
    void expectAgreement(FssServer& server, Deleting deleting, const Place& place);

    /// Deletes what is exposed, and as an administrator what FSRVP can't.
    void clearUp(FssServer& server);

    std::size_t strayCopies = 0;
    std::size_t straySets = 0;

  private:
    Task<std::shared_ptr<Job>> begun(const Flow& flow);
    void inject(FssServer& server, const Fault& fault, const Place& place);
    template <class Op> void injectInto(FssServer& server, const Fault& fault, unsigned nth);
    void atCall(FssServer& server, const Place& place, std::function<void()> act);
    void expectInjected(FssServer& server, const Fault& fault, const Place& place);
    void expectMountsAgree();

    std::vector<std::int64_t> ids_; ///< of what a delete is to delete
    std::size_t callsBefore_ = 0;
    std::uint64_t commitsBefore_ = 0;
    std::atomic<unsigned> left_ = 0; ///< calls until the fault that is none of a call
    std::atomic<unsigned> begun_ = 0;
    bool reached_ = false; ///< where fsrvpd is to be killed
    static unsigned injected_;
};

bool killsFsrvpd(const Fault& fault);

} // namespace fsrvp::jobs
