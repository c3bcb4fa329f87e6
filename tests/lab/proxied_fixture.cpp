// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/lab/proxied_fixture.hpp"

namespace fsrvp::test {

void ProxiedTest::SetUp() {
    LabTest::SetUp();
    proxy.emplace(lab().port());
    daemon->stop();
    daemon->writeLab(lab(), {{"port", proxy->port()}});
    daemon->start();
}

void ProxiedTest::warmUp() {
    EXPECT_EQ(daemon->ctl({"create", "-q", "--no-mount", unc("plain")}).exitCode, 5);
}

bool ProxiedTest::holdAt(const Moment& moment) {
    return moment.what == Moment::What::Request ? proxy->holdRequest(moment.message)
                                                : proxy->holdReply(moment.message);
}

void ProxiedTest::expectAllWorks() {
    create({"data"});
    deleteAll();
    expectNothingLeft();
}

} // namespace fsrvp::test
