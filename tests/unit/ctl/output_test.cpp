// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/output.hpp"
#include "ctl/text.hpp"
#include "dbus/error_table.hpp"

#include <gtest/gtest.h>

namespace fsrvp::ctl {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

constexpr OutputOptions kPlain{};
constexpr OutputOptions kJson{.json = true};

const Error& sample() {
    static const Error error =
        Error(Errc::NotSupported, "cannot do it", 0x80042316U).withHint("try");
    return error;
}

TEST(ReportError, IsTwoLinesForPeopleWithTheHresult) {
    CaptureStderr();
    const int status = reportError(kPlain, sample());

    EXPECT_EQ(GetCapturedStderr(), "fsrvpctl: cannot do it (hresult 0x80042316)\n  hint: try\n");
    EXPECT_EQ(status, 5);
}

TEST(ReportError, LeavesAnEmptyHintOut) {
    CaptureStderr();
    reportError(kPlain, Error(Errc::NotFound, "there is no snapshot 'x'"));

    EXPECT_EQ(GetCapturedStderr(), "fsrvpctl: there is no snapshot 'x'\n");
}

TEST(ReportError, IsOneObjectOnStdoutForPrograms) {
    CaptureStdout();
    const int status = reportError(kJson, sample());

    EXPECT_EQ(GetCapturedStdout(),
              "{\"schema\": 1, \"error\": {\"name\":\"org.fsrvpd1.Error.NotSupported\","
              "\"hresult\":\"0x80042316\",\"message\":\"cannot do it\",\"hint\":\"try\"}}\n");
    EXPECT_EQ(status, 5);
}

TEST(ReportError, WritesNoTerminalCodesOfAServer) {
    useUtf8();
    CaptureStderr();
    reportError(kPlain, Error(Errc::NotFound, "\x1b[2J\ngone"));

    EXPECT_EQ(GetCapturedStderr(), "fsrvpctl: \\x1b[2J\\x0agone\n");
}

TEST(ReportError, GivesValidJsonForBytesThatAreNotUtf8) {
    CaptureStdout();
    reportError(kJson, Error(Errc::InvalidArgument, "bad \xff"));

    EXPECT_TRUE(nlohmann::json::accept(GetCapturedStdout()));
}

class EveryErrc : public testing::TestWithParam<std::size_t> {};

TEST_P(EveryErrc, HasItsNameAndExitStatus) {
    const auto code = static_cast<Errc>(GetParam());
    CaptureStdout();
    const int status = reportError(kJson, Error(code, "text"));
    const auto json = nlohmann::json::parse(GetCapturedStdout());

    EXPECT_EQ(status, errorRow(code).exitCode);
    EXPECT_EQ(json["schema"], 1);
    EXPECT_EQ(json["error"]["name"], "org.fsrvpd1.Error." + std::string(errcName(code)));
    EXPECT_TRUE(json["error"]["hresult"].is_null());
    EXPECT_EQ(json["error"]["hint"], std::string(errorRow(code).hint));
}

INSTANTIATE_TEST_SUITE_P(ReportError, EveryErrc, testing::Range(std::size_t{0}, kErrcCount));

TEST(SnapshotDocument, IsValidWithNoneOneTwoAndAnError) {
    for (const std::size_t count : {0U, 1U, 2U}) {
        CaptureStdout();
        SnapshotDocument document;
        for (std::size_t i = 0; i < count; ++i) {
            document.add("{\"id\":1}");
        }
        document.end(count == 1 ? std::optional(sample()) : std::nullopt);
        const auto json = nlohmann::json::parse(GetCapturedStdout());

        EXPECT_EQ(json["schema"], 1);
        EXPECT_EQ(json["snapshots"].size(), count);
        EXPECT_EQ(json.contains("error"), count == 1);
    }
}

TEST(ReportSnapshots, OfNothingButAnErrorIsTheErrorAlone) {
    CaptureStdout();
    const int status = reportSnapshots(kJson, {}, sample());
    const auto json = nlohmann::json::parse(GetCapturedStdout());

    EXPECT_EQ(status, 5);
    EXPECT_FALSE(json.contains("snapshots"));
    EXPECT_EQ(json["error"]["message"], "cannot do it");
}

const CheckLine kFine{"name", "ok", "fs1 is 192.0.2.1", "", ""};
const CheckLine kBad{"rpc", "failed", "no \x1b[2J here", "install it", "server fs1"};

TEST(ReportChecks, IsATableWithCuresThenTheError) {
    useUtf8();
    CaptureStdout();
    CaptureStderr();
    const int status =
        reportChecks(kPlain, {kFine, kBad, {"share", "not-tried", "", "", ""}}, sample());

    EXPECT_EQ(GetCapturedStdout(),
              "CHECK  RESULT     FOUND\n"
              "name   ok         fs1 is 192.0.2.1\n"
              "rpc    failed     no \\x1b[2J here\n"
              "                  on server fs1: install it\n"
              "share  not-tried\n");
    EXPECT_EQ(GetCapturedStderr(), "fsrvpctl: cannot do it (hresult 0x80042316)\n  hint: try\n");
    EXPECT_EQ(status, 5);
}

TEST(ReportChecks, ShowsACureThatIsForNoMachine) {
    CaptureStdout();
    const int status = reportChecks(kPlain, {{"clock", "warning", "late", "wait", ""}}, {});

    EXPECT_EQ(GetCapturedStdout(),
              "CHECK  RESULT   FOUND\nclock  warning  late\n                wait\n");
    EXPECT_EQ(status, 0);
}

TEST(ReportChecks, IsOneDocumentForPrograms) {
    CaptureStdout();
    const int status = reportChecks(kJson, {kFine, kBad}, sample());
    const auto json = nlohmann::json::parse(GetCapturedStdout());

    EXPECT_EQ(status, 5);
    EXPECT_EQ(json["schema"], 1);
    ASSERT_EQ(json["checks"].size(), 2U);
    EXPECT_EQ(json["checks"][0]["cure"], "");
    EXPECT_EQ(json["checks"][1]["text"], "no \x1b[2J here");
    EXPECT_EQ(json["checks"][1]["machine"], "server fs1");
    EXPECT_EQ(json["error"]["message"], "cannot do it");
}

TEST(ReportChecks, OfNoneIsTheErrorAloneOrAnEmptyList) {
    CaptureStdout();
    EXPECT_EQ(reportChecks(kJson, {}, sample()), 5);
    EXPECT_FALSE(nlohmann::json::parse(GetCapturedStdout()).contains("checks"));
    CaptureStdout();
    EXPECT_EQ(reportChecks(kJson, {}, {}), 0);
    EXPECT_EQ(nlohmann::json::parse(GetCapturedStdout())["checks"], nlohmann::json::array());
}

Snapshot exposedSnapshot() {
    Snapshot snapshot;
    snapshot.id = 7;
    snapshot.source = Unc{"fs1", "data"};
    snapshot.exposed = "data@{1}";
    snapshot.state = CopyState::Exposed;
    return snapshot;
}

TEST(SentenceOf, SaysWhereASnapshotIs) {
    Snapshot snapshot = exposedSnapshot();
    EXPECT_EQ(sentenceOf(snapshot), "snapshot 7 of //fs1/data is exposed as data@{1}, not mounted");

    snapshot.mountPoints = {"/mnt/a"};
    EXPECT_EQ(sentenceOf(snapshot), "snapshot 7 of //fs1/data is mounted at /mnt/a");
    snapshot.mountPoints = {"/mnt/a", "/mnt/b"};
    EXPECT_EQ(sentenceOf(snapshot), "snapshot 7 of //fs1/data is mounted at /mnt/a, /mnt/b");
    EXPECT_EQ(sentenceAfterUnmount(snapshot),
              "snapshot 7 of //fs1/data is still mounted at /mnt/a, /mnt/b");

    snapshot.mountPoints.clear();
    EXPECT_EQ(sentenceAfterUnmount(snapshot), sentenceOf(snapshot));
    snapshot.state = CopyState::Deleted;
    EXPECT_EQ(sentenceOf(snapshot), "snapshot 7 of //fs1/data is deleted");
}

TEST(SentenceOf, IsOneLineWhateverTheNames) {
    useUtf8();
    Snapshot snapshot = exposedSnapshot();
    snapshot.exposed = "data\n\x1b[2J";
    EXPECT_EQ(sentenceOf(snapshot),
              "snapshot 7 of //fs1/data is exposed as data\\x0a\\x1b[2J, not mounted");

    snapshot.mountPoints = {"/mnt/写 真\n,\x7f"};
    EXPECT_EQ(sentenceOf(snapshot), "snapshot 7 of //fs1/data is mounted at /mnt/写 真\\x0a,\\x7f");
}

TEST(Note, HasTheNameThatTheProgramWasCalledBy) {
    CaptureStderr();
    note({.program = "cifs"}, "sound");
    reportError({.program = "cifs"}, Error(Errc::NotFound, "gone"));

    EXPECT_EQ(GetCapturedStderr(), "cifs: sound\ncifs: gone\n");
}

TEST(Note, IsNotWrittenWhenQuiet) {
    CaptureStderr();
    note({.quiet = true}, "silence");
    note(kPlain, "sound");

    EXPECT_EQ(GetCapturedStderr(), "fsrvpctl: sound\n");
}

} // namespace
} // namespace fsrvp::ctl
