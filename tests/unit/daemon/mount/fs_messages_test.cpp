// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/fs_messages.hpp"

#include <gtest/gtest.h>

namespace fsrvp::mount::fs {
namespace {

Errc codeOfRequest(const std::string& packet) {
    try {
        decodeRequest(packet);
    } catch (const Error& error) {
        return error.code();
    }
    return Errc::Failed;
}

Errc codeOfAnswer(const std::string& packet) {
    try {
        decodeAnswer(packet);
    } catch (const Error& error) {
        return error.code();
    }
    return Errc::Failed;
}

TEST(FsMessages, RequestsAreWrittenLikeThis) {
    EXPECT_EQ(encode(Request(CheckDestination{"/mnt/ä"})),
              R"({"path":"/mnt/ä","verb":"check-destination"})");
    EXPECT_EQ(encode(Request(MakeDirectory{"/a", true})),
              R"({"parents":true,"path":"/a","verb":"make-directory"})");
    EXPECT_EQ(encode(Request(IsConnected{"data"})), R"({"share":"data","verb":"connected"})");
    EXPECT_EQ(encode(Request(ReadSecretFile{"/a"})), R"({"path":"/a","verb":"read-secret-file"})");
}

TEST(FsMessages, RequestsAreReadAsTheyWereWritten) {
    const auto again = [](const Request& request) { return decodeRequest(encode(request)); };

    EXPECT_EQ(std::get<CheckDestination>(again(CheckDestination{"/a"})).path, "/a");
    EXPECT_EQ(std::get<RemoveDirectory>(again(RemoveDirectory{"/a"})).path, "/a");
    EXPECT_EQ(std::get<FindHolders>(again(FindHolders{"/a"})).path, "/a");
    EXPECT_EQ(std::get<Detach>(again(Detach{"/a\nb"})).path, "/a\nb");
    EXPECT_EQ(std::get<MakeDirectory>(again(MakeDirectory{"/a", true})).parents, true);
    EXPECT_EQ(std::get<IsConnected>(again(IsConnected{"data"})).share, "data");
    EXPECT_EQ(std::get<ReadSecretFile>(again(ReadSecretFile{"/a"})).path, "/a");
}

TEST(FsMessages, AnswersAreReadAsTheyWereWritten) {
    const std::vector<Holder> holders{{4711, 1000, "vim", "a.txt"}, {0, 0, "/mnt/b", "mount"}};

    EXPECT_EQ(std::get<bool>(decodeAnswer(encode(Answer(true)))), true);
    EXPECT_NO_THROW(std::get<Done>(decodeAnswer(encode(Answer(Done{})))));
    EXPECT_EQ(std::get<std::vector<Holder>>(decodeAnswer(encode(Answer(holders)))), holders);
}

TEST(FsMessages, ASecretFileOfAnyBytesGoesIntoAPacket) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) {
        bytes += static_cast<char>(byte);
    }
    const SecretFile small{Secret(bytes), 4294967295U};
    const SecretFile largest{Secret(std::string(kMostSecretFile, '\xff')), 0};

    EXPECT_EQ(std::get<SecretFile>(decodeAnswer(encode(Answer(small)))), small);
    EXPECT_EQ(std::get<SecretFile>(decodeAnswer(encode(Answer(largest)))), largest);
}

TEST(FsMessages, AnErrorKeepsItsCodeItsWordsAndItsHint) {
    const Error sent = Error(Errc::AlreadyExists, "it is there").withHint("go away");

    const Error received = std::get<Error>(decodeAnswer(encode(Answer(sent))));

    EXPECT_EQ(received.code(), Errc::AlreadyExists);
    EXPECT_STREQ(received.what(), "it is there");
    EXPECT_EQ(received.hint(), "go away");
}

TEST(FsMessages, AProcessNameThatIsNoUtf8BecomesReadable) {
    const std::vector<Holder> holders{{1, 0, "a\xff", "b"}};

    const Answer received = decodeAnswer(encode(Answer(holders)));

    EXPECT_EQ(std::get<std::vector<Holder>>(received).at(0).name, "a\xef\xbf\xbd");
}

TEST(FsMessages, APathThatIsNoUtf8IsNotAskedAbout) {
    try {
        encode(Request(CheckDestination{"/mnt/\xff"}));
        FAIL() << "it was encoded";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
    }
}

TEST(FsMessages, RubbishIsRefused) {
    for (const std::string text : {"",
                                   "[]",
                                   "{",
                                   "null",
                                   "{}",
                                   R"({"verb":"format-disk","path":"/"})",
                                   R"({"verb":"detach"})",
                                   R"({"verb":"detach","path":7})",
                                   R"({"verb":"detach","path":"/a\u0000b"})",
                                   R"({"verb":"make-directory","path":"/a","parents":"no"})"}) {
        EXPECT_EQ(codeOfRequest(text), Errc::Protocol) << text;
    }
    for (const std::string text : {"",
                                   "{}",
                                   R"({"reply":"perhaps"})",
                                   R"({"reply":"yes-no","yes":1})",
                                   R"({"reply":"error","code":"Nonsense","message":"","hint":""})",
                                   R"({"reply":"secret-file","uid":0})",
                                   R"({"reply":"secret-file","uid":-1,"bytes":""})",
                                   R"({"reply":"secret-file","uid":0,"bytes":"abc"})",
                                   R"({"reply":"secret-file","uid":0,"bytes":"zz"})",
                                   R"({"reply":"holders","holders":{}})",
                                   R"({"reply":"holders","holders":[{"pid":-1}]})"}) {
        EXPECT_EQ(codeOfAnswer(text), Errc::Protocol) << text;
    }
    EXPECT_EQ(codeOfAnswer(std::string(100'000, '[')), Errc::Protocol);
    EXPECT_EQ(codeOfAnswer(std::string(20'000, '[')), Errc::Protocol);
}

} // namespace
} // namespace fsrvp::mount::fs
