// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.hpp"
#include "tests/unit/daemon/fsrvp/vector_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace fsrvp {
namespace {

constexpr const char* kGood =
    R"({"op":"SetContext","opnum":1,"count":1,"vectors":[{"id":"one","op":"SetContext","opnum":1,)"
    R"("direction":"request","hex":"19000000","length":4,"decoded":{"Context":25}}]})";

class VectorFolder : public testing::Test {
  protected:
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path / name) << text;
    }

    /// The good file with one place changed.
    void writeWith(const std::string& from, const std::string& to) const {
        std::string text = kGood;
        const std::size_t at = text.rfind(from);
        ASSERT_NE(at, std::string::npos);
        text.replace(at, from.size(), to);
        write("a.json", text);
    }

    void expectRefused(const std::string& part) const {
        try {
            readVectorFolder(path);
            ADD_FAILURE() << "accepted";
        } catch (const std::runtime_error& error) {
            EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
        }
    }

    test::TempDir folder;
    std::filesystem::path path = folder.path();
};

TEST_F(VectorFolder, ReadsAllFilesWithVectorsWhenThereIsNoIndex) {
    write("b.json", kGood);
    write("a.json", kGood);
    write("notes.json", R"({"note":"none of ours"})");
    write("readme.txt", "not JSON");

    const std::vector<Vector> vectors = readVectorFolder(path);

    ASSERT_EQ(vectors.size(), 2U);
    EXPECT_EQ(vectors[0].id, "a.json: one");
    EXPECT_EQ(vectors[0].message->operation, "SetContext");
    EXPECT_EQ(vectors[0].stub.size(), 4U);
    EXPECT_EQ(vectors[0].decoded.at("Context"), 25);
}

TEST_F(VectorFolder, ReadsOnlyWhatTheIndexLists) {
    write("a.json", kGood);
    write("b.json", kGood);
    write("c.json", kGood);
    write("index.json", R"({"files":[{"file":"a.json"},"b.json"]})");

    EXPECT_EQ(readVectorFolder(path).size(), 2U);
}

TEST_F(VectorFolder, ReadsVerdicts) {
    write(
        "a.json",
        R"({"vectors":[{"op":"SetContext","direction":"response","hex":"00","expect":"reject"}]})");

    const std::vector<Vector> vectors = readVectorFolder(path);

    ASSERT_EQ(vectors.size(), 1U);
    EXPECT_EQ(vectors[0].kind, Vector::Kind::Verdict);
    EXPECT_EQ(vectors[0].expect, Vector::Expect::Reject);
    EXPECT_EQ(vectors[0].message->direction, Direction::Response);
}

TEST_F(VectorFolder, RefusesAFolderThatIsNotThere) {
    path /= "nothing";
    EXPECT_THROW(readVectorFolder(path), std::runtime_error);
}

TEST_F(VectorFolder, RefusesAFolderWithoutVectors) {
    expectRefused("there are no vectors");
    write("a.json", R"({"vectors":[]})");
    expectRefused("there are no vectors");
}

TEST_F(VectorFolder, RefusesAMissingIndexedFile) {
    write("index.json", R"({"files":["gone.json"]})");
    expectRefused("gone.json");
}

TEST_F(VectorFolder, RefusesWhatIsNoJson) {
    write("a.json", "{");
    expectRefused("a.json");
}

TEST_F(VectorFolder, RefusesAnUnknownOperationByName) {
    writeWith(R"("op":"SetContext")", R"("op":"SetKontext")");
    expectRefused("a.json: one: no operation is called 'SetKontext'");
}

TEST_F(VectorFolder, RefusesAnOpnumOfAnotherOperation) {
    writeWith(R"("opnum":1)", R"("opnum":2)");
    expectRefused("opnum is not that of SetContext");
}

TEST_F(VectorFolder, RefusesAnUnknownDirection) {
    writeWith("request", "sideways");
    expectRefused("'sideways'");
}

TEST_F(VectorFolder, RefusesBadHex) {
    writeWith("19000000", "1900000");
    expectRefused("odd number");
    writeWith("19000000", "190000g0");
    expectRefused("'g'");
}

TEST_F(VectorFolder, RefusesALengthThatIsNotTheHexs) {
    writeWith(R"("length":4)", R"("length":5)");
    expectRefused("length");
}

TEST_F(VectorFolder, RefusesACountThatIsNotTheVectors) {
    writeWith(R"("count":1)", R"("count":2)");
    expectRefused("count");
}

TEST_F(VectorFolder, RefusesAVectorWithoutValuesOrVerdict) {
    writeWith("decoded", "dekoded");
    expectRefused("decoded");
}

} // namespace
} // namespace fsrvp
