// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace fsrvp::db::test {
namespace {

constexpr std::chrono::seconds kLimit(60); // far more than anything here takes

std::vector<std::string>
textColumn(const Database& database, const std::string& sql, const std::string& parameter) {
    Statement rows(database, sql);
    rows.bind(parameter);
    std::vector<std::string> texts;
    while (rows.step()) {
        texts.push_back(rows.read<std::string>());
    }
    return texts;
}

} // namespace

void finish(EventLoop& loop, Task<void> task) {
    Outcome outcome;
    TaskGroup group(loop);
    group.spawn(std::move(task), [&outcome](std::exception_ptr failure) {
        outcome.failure = std::move(failure);
        outcome.isEnded = true;
    });
    if (!loop.runUntil([&outcome] { return outcome.isEnded; }, kLimit)) {
        throw std::runtime_error("the task did not end");
    }
    if (outcome.failure) {
        std::rethrow_exception(outcome.failure);
    }
}

Error errorOf(const std::function<void()>& fn) {
    try {
        fn();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no Error was thrown";
    return Error(Errc::Failed, "none");
}

Guid guidOf(int number) {
    std::array<char, 40> text{};
    std::snprintf(text.data(),
                  text.size(),
                  "%08x-0000-4000-8000-000000000000",
                  static_cast<unsigned>(number));
    return Guid::parse(text.data());
}

Store& StoreFixture::reopen() {
    store_.reset();
    return store_.emplace(loop_, directory());
}

std::int64_t StoreFixture::addJob(std::uint32_t owner) {
    JobRecord job;
    job.operation = "create";
    job.ownerUid = owner;
    job.subjects.emplace_back("//fs1/data");
    return run(store().insertJob(job)).id;
}

std::int64_t StoreFixture::addSet(Guid setId) {
    ServerId server;
    server.host = "fs1";
    return run(store().insertSet(
        addJob(), ServerAccount{server, {}}, setId, ShadowCopyContext::NasRollback, false));
}

Snapshot StoreFixture::addCopy(Guid snapshotId, const Unc& source, std::uint32_t owner) {
    const std::int64_t set = addSet();
    std::vector<NewCopy> copies(1);
    copies[0].snapshotId = snapshotId;
    copies[0].source = source;
    return find(run(store().markCommitting(set, copies, Labelling(), owner)).at(0));
}

Snapshot StoreFixture::addSnapshot(Guid snapshotId, const Unc& source, std::uint32_t owner) {
    const Snapshot copy = addCopy(snapshotId, source, owner);
    std::vector<ExposedCopy> exposed(1);
    exposed[0].id = copy.id;
    exposed[0].exposed = source.share + "@{1}";
    exposed[0].created = TimeUs(std::chrono::seconds(1));
    run(store().markExposed(copy.setRow, exposed));
    run(store().markComplete(copy.setRow, TimeUs(std::chrono::seconds(2))));
    return find(copy.id);
}

std::string describeSchema(const Database& database) {
    // Each gives lines of text; ? is a table's name. Columns in their order, the rest sorted.
    const std::array<std::string, 4> questions{
        "SELECT 'options ' || wr || ' ' || strict FROM pragma_table_list WHERE name = ?",
        "SELECT 'column ' || cid || ' ' || name || ' ' || type || ' ' || \"notnull\" || ' '"
        " || quote(dflt_value) || ' ' || pk || ' ' || hidden FROM pragma_table_xinfo(?)"
        " ORDER BY cid",
        "SELECT 'index ' || CASE origin WHEN 'c' THEN l.name ELSE origin END || ' ' || l.\"unique\""
        " || ' ' || partial || ' '"
        " || (SELECT group_concat(quote(x.name) || x.\"desc\" || x.coll || x.key)"
        "     FROM pragma_index_xinfo(l.name) AS x)"
        " || ' ' || ifnull((SELECT substr(sql, instr(sql, ' WHERE ')) FROM sqlite_schema AS s"
        "     WHERE s.name = l.name AND l.partial), '')"
        " FROM pragma_index_list(?) AS l ORDER BY 1",
        "SELECT 'foreign key ' || \"from\" || ' ' || \"table\" || ' ' || ifnull(\"to\", '') || ' '"
        " || on_update || ' ' || on_delete FROM pragma_foreign_key_list(?) ORDER BY 1"};

    std::string lines;
    for (const std::string& table : textColumn(
             database, "SELECT name FROM sqlite_schema WHERE type = ? ORDER BY name", "table")) {
        lines += "table " + table + "\n";
        for (const std::string& question : questions) {
            for (const std::string& line : textColumn(database, question, table)) {
                lines += "  " + line + "\n";
            }
        }
    }
    return lines;
}

} // namespace fsrvp::db::test
