// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/fsrvp/channel.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/fakes/fss_state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::fakes {

/// What goes wrong with one call. See FssServer::fail().
struct Failure {
    enum class Kind { Result, Fault, Drop, Hang, Garble };
    enum class When { BeforeActing, AfterActing };

    Kind kind = Kind::Result;
    When when = When::BeforeActing;
    std::uint32_t hresult = 0;
    Errc code = Errc::Failed;
    std::function<void()> began; ///< Hang: see below

    /// The server answers this result, with its out parameters zero and NULL. BeforeActing:
    /// nothing was done. AfterActing: the call took its effect all the same.
    static Failure result(std::uint32_t hresult, When when = When::BeforeActing);
    /// An RPC fault: Error(code). The server has not acted; the channel stays usable.
    static Failure fault(Errc code);
    /// The connection is lost: Error(Unreachable), and for every later call on that channel.
    static Failure drop(When when);
    /// The call blocks until releaseHung() (then it acts and answers), cutConnections() or the
    /// server's end (Error Unreachable), or its own timeout (Error TimedOut; the channel is dead,
    /// the server never acts). `began` is called on the calling thread once the call hangs: have
    /// it post to your event loop.
    static Failure hang(std::function<void()> began = {});
    /// The server acts; its reply is no valid stub, so that decodeReply throws Error(Protocol).
    static Failure garble();
};

/// An FSRVP server in memory that behaves as Samba 4.17's: FssState answers,
/// this carries the calls and lets them fail. All members may be called from any thread; calls are
/// answered one after the other. Connections that are still open when the server goes end with
/// Error(Unreachable); check openConnections() at a test's end.
class FssServer {
  public:
    explicit FssServer(FssOptions options = {});
    FssServer(const FssServer&) = delete;
    FssServer& operator=(const FssServer&) = delete;
    ~FssServer();

    // What the administrator does. Each takes effect at once.

    /// Two shares of one volume can't be in one set; without a name the volume is the share's own.
    void addShare(const std::string& name, const std::string& volume = {});
    /// A share whose volume can't take snapshots.
    void addUnsupportedShare(const std::string& name);
    /// From now on each commit of that share fails; what else is in its set is taken.
    void breakShare(const std::string& name);
    /// Deletes an exposed share behind the agent's back. DeleteShareMapping then still answers 0.
    void removeExposedShare(const std::string& name);
    /// Deletes a snapshot behind the agent's back. DeleteShareMapping then removes the exposed
    /// share and answers E_FAIL, each time again.
    void removeFromDisk(const Guid& shadowCopyId);
    /// From now on every operation answers E_ACCESSDENIED (or no more).
    void setAccess(FssAccess access);
    /// The sequence timer runs out: sets before Exposed are forgotten, the context is unset.
    /// What they had committed stays on the disk.
    void expireSequence();
    /// The worker process ends and a new one starts: sets in Started and Added are gone, the
    /// others are read back, the context is unset. Cuts all connections.
    void restartWorker();
    /// Another client has the server write its records anew without any of these sets. Exposed
    /// shares and what is on the disk stay.
    void forgetSets();

    // Connections.

    /// A bound connection; it may be used and destroyed in another thread.
    /// @throws what refuseConnections() says
    std::unique_ptr<Channel> connect();
    /// The next `count` calls of connect() throw Error(code).
    void refuseConnections(Errc code, unsigned count = 1);
    /// Ends all open connections, also those that hang in a call.
    void cutConnections();
    std::size_t openConnections() const;
    /// The most that were ever open at once: real servers lose records when it is over one.
    std::size_t mostConnections() const;
    /// How often connect() was called, refused ones too.
    std::size_t connectCount() const;

    // Failures.

    /// The nth call of Op from now (1: the next) fails that way, once. What was said before of
    /// the same call is replaced; other calls' failures stay.
    template <class Op> void fail(Failure failure, unsigned nth = 1) {
        addFailure(Op::opnum, std::move(failure), nth, 1);
    }

    /// The next `count` calls of Op fail that way.
    template <class Op> void failTimes(unsigned count, Failure failure) {
        addFailure(Op::opnum, std::move(failure), 1, count);
    }

    /// Forgets failures that have not come up. Hung calls go on hanging.
    void clearFailures();
    /// Lets all hung calls go on.
    void releaseHung();
    std::size_t hungCalls() const;
    /// fn is called with the operation's name before each call is answered, on the calling
    /// thread, outside the lock: for looking at what the client has stored by then.
    void onCall(std::function<void(std::string_view)> fn);

    // Inspection: copies of what is there now.

    /// Names of all calls that came, in order, failed ones too: "StartShadowCopySet". What is
    /// called on a dead channel never comes.
    std::vector<std::string> calls() const;
    /// Sets in the order of their start.
    std::vector<FssSet> sets() const;
    /// Bare names, "data@{…}" or "hid$@{…}$", in the order of their exposure.
    std::vector<std::string> exposedShares() const;
    std::vector<FssSnapshot> onDisk() const;
    /// What a look into the root of a share shows of them.
    std::vector<std::string> directories(const std::string& share) const;

  private:
    class Connection;
    struct Shared;

    void addFailure(std::uint16_t opnum, Failure failure, unsigned nth, unsigned count);

    std::shared_ptr<Shared> shared_; // connections may outlive the server in another thread
};

} // namespace fsrvp::fakes
