// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/store.hpp"

#include "daemon/base/unique_fd.hpp"
#include "db/changes.hpp"
#include "db/migrate.hpp"
#include "db/queries.hpp"
#include "db/state_directory.hpp"
#include "db/writer.hpp"

#include <utility>
#include <variant>

namespace fsrvp::db {
namespace {

/// Result of a change that gives nothing.
using Nothing = std::monostate;

Error asReasonToReadOnly(const Error& error) {
    return error.withContext("fsrvpd has started without a database that it can write")
        .withHint(error.hint() + "; after that: systemctl restart fsrvpd");
}

/// Where the write-ahead log has something that is not in the file yet.
bool hasLog(const std::filesystem::path& file) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(file.string() + "-wal", ignored);
    return !ignored && size != 0;
}

bool hasOurSchema(const Database& database) {
    return database.queryInteger("PRAGMA user_version") == lastVersion(knownMigrations());
}

/// A connection to a file that can't be opened for writing; null when it can't be read either.
std::unique_ptr<Database> openToRead(const std::filesystem::path& file) {
    // A full or read-only disk has no room for the files beside it, without which only a file that
    // nobody changes can be read.
    for (const Access access : {Access::ReadOnly, Access::Immutable}) {
        std::unique_ptr<Database> database;
        try {
            database = std::make_unique<Database>(file, access);
            return hasOurSchema(*database) ? std::move(database) : nullptr;
        } catch (const Error&) {
            if (hasLog(file) || (database && database->isLockedOut())) {
                break;
            }
        }
    }
    return nullptr;
}

} // namespace

/// The order matters: the lock comes first and goes last, and the connection that writes closes
/// after the one that reads, since only it may empty the write-ahead log into the file.
struct Store::Impl {
    Impl(EventLoop& loop, const std::filesystem::path& directory) {
        const std::filesystem::path file = directory / "fsrvpd.db";
        try {
            lock = lockStateDirectory(directory);
            openToWrite(loop, file);
        } catch (const Error& error) {
            if (error.code() != Errc::Database) {
                throw;
            }
            whyReadOnly = asReasonToReadOnly(error);
        }
        if (whyReadOnly) {
            database.reset();
            openedToRead = openToRead(file);
        }
    }

    void openToWrite(EventLoop& loop, const std::filesystem::path& file) {
        prepareDatabaseFile(file);
        database = std::make_unique<Database>(file, Access::ReadWrite);
        migrate(*database, schemaSql(), knownMigrations());
        openedToRead = std::make_unique<Database>(file, Access::ReadOnly);
        openedToWrite.emplace(loop, *database);
    }

    Database& reader() const {
        if (!openedToRead) {
            throw Error(whyReadOnly.value());
        }
        return *openedToRead;
    }

    Writer& writer() {
        if (!openedToWrite) {
            throw Error(whyReadOnly.value());
        }
        return *openedToWrite;
    }

    std::optional<Error> whyReadOnly;
    UniqueFd lock;
    std::unique_ptr<Database> database; // the writer's thread's alone, once that runs
    std::unique_ptr<Database> openedToRead;
    std::optional<Writer> openedToWrite;
};

Store::Store(EventLoop& loop, const std::filesystem::path& stateDirectory)
    : impl_(std::make_unique<Impl>(loop, stateDirectory)) {
}

Store::~Store() = default;

const std::optional<Error>& Store::whyReadOnly() const noexcept {
    return impl_->whyReadOnly;
}

// After its co_await none of these touches the store, which may be gone by then.

Task<JobRecord> Store::insertJob(JobRecord job) {
    const OneShot<JobRecord> written = impl_->writer().write<JobRecord>(
        [job = std::move(job)](Database& database) { return change::insertJob(database, job); });
    co_return co_await written;
}

Task<void> Store::startJob(std::int64_t job) {
    const OneShot<Nothing> written = impl_->writer().write<Nothing>([job](Database& database) {
        change::startJob(database, job);
        return Nothing{};
    });
    co_await written;
}

Task<void> Store::finishJob(std::int64_t job,
                            JobState state,
                            std::string errorName,
                            std::string errorMessage) {
    const OneShot<Nothing> written = impl_->writer().write<Nothing>(
        [job, state, name = std::move(errorName), message = std::move(errorMessage)](
            Database& database) {
            change::finishJob(database, job, state, name, message);
            return Nothing{};
        });
    co_await written;
}

Task<std::int64_t> Store::insertSet(
    std::int64_t job, ServerAccount account, Guid setId, ShadowCopyContext context, bool writable) {
    change::NewSet set;
    set.job = job;
    set.server = std::move(account.server);
    set.credential = std::move(account.credential);
    set.setId = setId;
    set.context = context;
    set.writable = writable;
    const OneShot<std::int64_t> written = impl_->writer().write<std::int64_t>(
        [set = std::move(set)](Database& database) { return change::insertSet(database, set); });
    co_return co_await written;
}

Task<std::vector<std::int64_t>> Store::markCommitting(std::int64_t setRow,
                                                      std::vector<NewCopy> copies,
                                                      Labelling labelling,
                                                      std::uint32_t ownerUid) {
    using Ids = std::vector<std::int64_t>;
    const OneShot<Ids> written = impl_->writer().write<Ids>(
        [setRow, copies = std::move(copies), labelling = std::move(labelling), ownerUid](
            Database& database) {
            return change::markCommitting(database, setRow, copies, labelling, ownerUid);
        });
    co_return co_await written;
}

Task<void> Store::markExposed(std::int64_t setRow, std::vector<ExposedCopy> copies) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([setRow, copies = std::move(copies)](Database& database) {
            change::markExposed(database, setRow, copies);
            return Nothing{};
        });
    co_await written;
}

Task<void> Store::markComplete(std::int64_t setRow, TimeUs completed) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([setRow, completed](Database& database) {
            change::markComplete(database, setRow, completed);
            return Nothing{};
        });
    co_await written;
}

Task<unsigned> Store::countAttempt(std::int64_t setRow) {
    const OneShot<unsigned> written = impl_->writer().write<unsigned>(
        [setRow](Database& database) { return change::countAttempt(database, setRow); });
    co_return co_await written;
}

Task<void> Store::markSettled(std::int64_t setRow, std::vector<LostCopy> lost) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([setRow, lost = std::move(lost)](Database& database) {
            change::markSettled(database, setRow, lost);
            return Nothing{};
        });
    co_await written;
}

Task<void> Store::setCopyState(std::int64_t id, CopyState state, std::int64_t job) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([id, state, job](Database& database) {
            change::setCopyState(database, id, state, job);
            return Nothing{};
        });
    co_await written;
}

Task<void> Store::markLost(LostCopy copy, std::int64_t job) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([copy = std::move(copy), job](Database& database) {
            change::markLost(database, copy, job);
            return Nothing{};
        });
    co_await written;
}

Task<void> Store::setMapping(ExposedCopy copy, std::int64_t job) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([copy = std::move(copy), job](Database& database) {
            change::setMapping(database, copy, job);
            return Nothing{};
        });
    co_await written;
}

Task<std::int64_t> Store::adoptCopy(AdoptedCopy copy, ServerAccount account, std::int64_t job) {
    const OneShot<std::int64_t> written = impl_->writer().write<std::int64_t>(
        [copy = std::move(copy), account = std::move(account), job](Database& database) {
            return change::adoptCopy(database, copy, account, job);
        });
    co_return co_await written;
}

Task<MountRecord> Store::insertMount(MountRecord mount, std::int64_t job) {
    const OneShot<MountRecord> written =
        impl_->writer().write<MountRecord>([mount = std::move(mount), job](Database& database) {
            return change::insertMount(database, mount, job);
        });
    co_return co_await written;
}

Task<void> Store::markUnmounting(std::int64_t mount, std::int64_t job) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([mount, job](Database& database) {
            change::markUnmounting(database, mount, job);
            return Nothing{};
        });
    co_await written;
}

Task<void> Store::removeMount(std::int64_t mount, std::int64_t job) {
    const OneShot<Nothing> written =
        impl_->writer().write<Nothing>([mount, job](Database& database) {
            change::removeMount(database, mount, job);
            return Nothing{};
        });
    co_await written;
}

std::optional<Snapshot> Store::findSnapshot(std::int64_t id) {
    return query::findSnapshot(impl_->reader(), id);
}

std::vector<Snapshot> Store::findByGuidPrefix(std::string_view prefix) {
    return query::findByGuidPrefix(impl_->reader(), prefix);
}

std::vector<Snapshot> Store::listSnapshots(const SnapshotFilter& filter) {
    return query::listSnapshots(impl_->reader(), filter);
}

std::vector<Snapshot> Store::listOnServer(const ServerId& server) {
    return query::listOnServer(impl_->reader(), server);
}

std::vector<ServerId> Store::listServers() {
    return query::listServers(impl_->reader());
}

std::vector<ShadowCopySet> Store::listUnsettledSets() {
    const Transaction oneState(impl_->reader(), Access::ReadOnly);
    return query::listUnsettledSets(impl_->reader());
}

std::vector<Snapshot> Store::listDeleting() {
    return query::listDeleting(impl_->reader());
}

std::vector<Snapshot> Store::listLost() {
    return query::listLost(impl_->reader());
}

bool Store::isKnown(const ServerId& server, const std::string& share, TimeUs created) {
    return query::isKnown(impl_->reader(), server, share, created);
}

std::vector<MountRecord> Store::listMounts() {
    return query::listMounts(impl_->reader());
}

std::vector<MountRecord> Store::mountsOf(std::int64_t copy) {
    return query::mountsOf(impl_->reader(), copy);
}

std::optional<MountRecord> Store::findMount(std::string_view path) {
    return query::findMount(impl_->reader(), path);
}

std::vector<JobRecord> Store::listJobs(std::uint32_t limit) {
    return query::listJobs(impl_->reader(), limit);
}

std::vector<JobRecord> Store::listOpenJobs() {
    return query::listOpenJobs(impl_->reader());
}

std::uint64_t Store::commits() const noexcept {
    return impl_->openedToWrite ? impl_->openedToWrite->commits() : 0;
}

} // namespace fsrvp::db
