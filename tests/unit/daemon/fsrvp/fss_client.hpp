// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/channel.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/fakes/fss_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace fsrvp {

/// The calls of a client on one connection, each as short as a test wants it.
class FssClient {
  public:
    explicit FssClient(fakes::FssServer& server) : channel_(server.connect()) {}

    template <class Op> Reply<Op> ask(const typename Op::In& in) {
        return call<Op>(*channel_, in, std::chrono::seconds(10));
    }

    std::uint32_t setContext(std::uint32_t context) {
        SetContext::In in;
        in.context = context;
        return ask<SetContext>(in).hresult;
    }

    Reply<StartShadowCopySet> start() {
        StartShadowCopySet::In in;
        in.clientShadowCopySetId = Guid::random();
        return ask<StartShadowCopySet>(in);
    }

    Reply<AddToShadowCopySet> add(const Guid& set, const std::u16string& share) {
        AddToShadowCopySet::In in;
        in.clientShadowCopyId = Guid::random();
        in.shadowCopySetId = set;
        in.shareName = share;
        return ask<AddToShadowCopySet>(in);
    }

    /// Prepare, Commit and Expose.
    template <class Op> std::uint32_t advance(const Guid& set) {
        SetAndTimeout in;
        in.shadowCopySetId = set;
        in.timeOutInMilliseconds = 1000;
        return ask<Op>(in).hresult;
    }

    /// RecoveryComplete and Abort.
    template <class Op> std::uint32_t end(const Guid& set) {
        SetOnly in;
        in.shadowCopySetId = set;
        return ask<Op>(in).hresult;
    }

    /// IsPathSupported and IsPathShadowCopied.
    template <class Op> Reply<Op> askPath(const std::u16string& share) {
        ShareOnly in;
        in.shareName = share;
        return ask<Op>(in);
    }

    Reply<GetShareMapping> mapping(const Guid& set,
                                   const Guid& copy,
                                   const std::u16string& share,
                                   std::uint32_t level = 1) {
        GetShareMapping::In in;
        in.shadowCopyId = copy;
        in.shadowCopySetId = set;
        in.shareName = share;
        in.level = level;
        return ask<GetShareMapping>(in);
    }

    std::uint32_t remove(const Guid& set, const Guid& copy, const std::u16string& share) {
        DeleteShareMapping::In in;
        in.shadowCopySetId = set;
        in.shadowCopyId = copy;
        in.shareName = share;
        return ask<DeleteShareMapping>(in).hresult;
    }

    struct Ids {
        Guid set;
        Guid copy;
    };

    /// A set of that one share, up to AddToShadowCopySet; throws when a call does not answer 0.
    Ids added(const std::u16string& share) {
        demand("SetContext", setContext(0x19));
        const auto set = start();
        demand("StartShadowCopySet", set.hresult);
        const auto copy = add(set.out.shadowCopySetId, share);
        demand("AddToShadowCopySet", copy.hresult);
        return {set.out.shadowCopySetId, copy.out.shadowCopyId};
    }

    Ids committed(const std::u16string& share) {
        const Ids ids = added(share);
        demand("CommitShadowCopySet", advance<CommitShadowCopySet>(ids.set));
        return ids;
    }

    Ids exposed(const std::u16string& share) {
        const Ids ids = committed(share);
        demand("ExposeShadowCopySet", advance<ExposeShadowCopySet>(ids.set));
        return ids;
    }

    Ids recovered(const std::u16string& share) {
        const Ids ids = exposed(share);
        demand("RecoveryCompleteShadowCopySet", end<RecoveryCompleteShadowCopySet>(ids.set));
        return ids;
    }

    /// The connection ends.
    void close() { channel_.reset(); }

  private:
    static void demand(const char* operation, std::uint32_t hresult) {
        if (hresult != hresult::kOk) {
            throw hresultError(operation, hresult);
        }
    }

    std::unique_ptr<Channel> channel_;
};

/// A server with two shares on volumes of their own, a client's connection to it, and the check
/// that no connection is left at the end.
class FssTest : public testing::Test {
  protected:
    FssTest() {
        server.addShare("data");
        server.addShare("home");
    }

    void TearDown() override {
        client.close();
        EXPECT_EQ(server.openConnections(), 0U);
        EXPECT_EQ(server.hungCalls(), 0U);
    }

    fakes::FssServer server;
    FssClient client{server};
    const std::u16string data = u"\\\\fs1\\data\\";
    const std::u16string home = u"\\\\fs1\\home\\";
};

} // namespace fsrvp
