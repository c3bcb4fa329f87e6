// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/credential_store.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/config/checked_file.hpp"
#include "daemon/credentials/on_thread.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace fsrvp {
namespace {

using std::filesystem::path;

constexpr std::size_t kMostBytes = 128UL * 1024;
constexpr std::chrono::seconds kDiskTime{60};
constexpr const char* kUnfinished = ".new-"; // no name of a credential begins so

Error failure(const std::string& what, const path& file, int code) {
    return Error(Errc::Failed, "cannot " + what + " " + file.string() + ": " + std::strerror(code));
}

Error notFound(const std::string& name) {
    return Error(Errc::NotFound, "there is no credential '" + name + "'")
        .withHint("see which there are with: fsrvpctl credential list");
}

/// What went wrong with a credential that is there; the cure is mostly the same.
Error unusable(const std::string& name, const Error& error) {
    const Error named = error.withContext("cannot use credential '" + name + "'");
    return error.hint().empty() && error.code() != Errc::Cancelled
               ? named.withHint("set it anew: fsrvpctl credential set " + name)
               : named;
}

void syncDirectory(const path& directory) {
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        throw failure("write", directory, errno);
    }
}

/// Removes an unfinished file unless it has got its name.
class Unfinished {
  public:
    explicit Unfinished(const path& directory)
        : path_((directory / (std::string(kUnfinished) + "XXXXXX")).string()),
          fd_(::mkostemp(path_.data(), O_CLOEXEC)) { // mode 0600
        if (!fd_) {
            throw failure("make a file in", directory, errno);
        }
    }

    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

    ~Unfinished() {
        if (!path_.empty()) {
            ::unlink(path_.c_str());
        }
    }

    void write(std::string_view text) {
        while (!text.empty()) {
            const ssize_t written = ::write(fd_.get(), text.data(), text.size());
            if (written < 0 && errno != EINTR) {
                throw failure("write", path_, errno);
            }
            text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
        }
        if (::fsync(fd_.get()) != 0) {
            throw failure("write", path_, errno);
        }
    }

    void rename(const path& name) {
        if (::rename(path_.c_str(), name.c_str()) != 0) {
            throw failure("write", name, errno);
        }
        path_.clear();
    }

  private:
    std::string path_;
    UniqueFd fd_;
};

bool writeFile(const path& directory, const std::string& name, const std::string& text) {
    Unfinished file(directory);
    file.write(text);
    file.rename(directory / name);
    syncDirectory(directory);
    return true;
}

/// False when there is none.
bool removeFile(const path& directory, const std::string& name) {
    const path file = directory / name;
    if (::unlink(file.c_str()) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        throw failure("remove", file, errno);
    }
    syncDirectory(directory);
    return true;
}

/// Changes nothing, and so works on a read-only disk, where that is so already.
void makePrivate(const path& directory) {
    struct stat status {};

    if (::stat(directory.c_str(), &status) != 0 ||
        ((status.st_mode & 07777U) != 0700U && ::chmod(directory.c_str(), 0700) != 0)) {
        throw failure("use the directory", directory, errno);
    }
}

std::vector<std::string> namesIn(const path& directory) {
    std::vector<std::string> names;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        names.push_back(entry->path().filename().string());
    }
    if (failed) {
        throw failure("read the directory", directory, failed.value());
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace

CredentialStore::CredentialStore(EventLoop& loop, path directory, Sealer& sealer)
    : loop_(loop), directory_(std::move(directory)), sealer_(sealer) {
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
        if (errno == EROFS || errno == ENOSPC) {
            return;
        }
        throw failure("make the directory", directory_, errno);
    }
    config::checkDirectory(directory_.string());
    makePrivate(directory_);
    for (const std::string& name : namesIn(directory_)) {
        if (name.starts_with(kUnfinished)) {
            ::unlink((directory_ / name).c_str());
        }
    }
}

Task<void> CredentialStore::set(StoredCredential about, Secret secret, Cancellation& cancellation) {
    checkCredentialName(about.name);
    checkCredential(about, secret);
    const std::string what = "store credential '" + about.name + "'";
    std::optional<std::string> sealed;
    try {
        sealed = co_await sealer_.seal(encodePlain(about, secret), cancellation);
    } catch (const Error& error) {
        throw error.withContext("cannot " + what);
    }
    // Shared with the thread that writes it.
    const auto text = std::make_shared<const Secret>(sealed ? Secret(encodeSealed(about, *sealed))
                                                            : encodeUnsealed(about, secret));
    std::function<bool()> work = [directory = directory_, name = about.name, text] {
        return writeFile(directory, name, text->reveal());
    };
    co_await onThread<bool>(loop_, std::move(work), what, kDiskTime, cancellation);
}

Task<void> CredentialStore::remove(std::string name, Cancellation& cancellation) {
    checkCredentialName(name);
    std::function<bool()> work = [directory = directory_, name] {
        return removeFile(directory, name);
    };
    const bool wasThere = co_await onThread<bool>(
        loop_, std::move(work), "remove credential '" + name + "'", kDiskTime, cancellation);
    if (!wasThere) {
        throw notFound(name);
    }
}

CredentialFile CredentialStore::read(const std::string& name) const {
    const path file = directory_ / name;
    std::string text = config::readCheckedFile(file.string(), config::FileKind::Secret, kMostBytes);
    try {
        CredentialFile decoded = decodeFile(text, name);
        wipe(text);
        return decoded;
    } catch (const Error& error) {
        wipe(text);
        throw error.withContext(file.string());
    }
}

std::vector<StoredCredential> CredentialStore::list() const {
    std::vector<StoredCredential> all;
    for (const std::string& name : namesIn(directory_)) {
        if (!isCredentialName(name)) {
            continue;
        }
        StoredCredential about;
        try {
            about = read(name).about;
        } catch (const Error& error) {
            about.name = name;
            about.problem = error.what();
        }
        all.push_back(std::move(about));
    }
    return all;
}

Task<Login> CredentialStore::login(std::string name, Cancellation& cancellation) {
    checkCredentialName(name);
    if (::access((directory_ / name).c_str(), F_OK) != 0 && errno == ENOENT) {
        throw notFound(name);
    }
    Login login;
    try {
        CredentialFile file = read(name);
        Secret secret = std::move(file.secret);
        if (file.about.isEncrypted) {
            const Secret plain = co_await sealer_.open(std::move(file.sealed), cancellation);
            secret = decodePlain(plain, file.about);
        }
        login.user = file.about.user;
        login.domain = file.about.domain;
        if (file.about.kind == CredentialKind::Keytab) {
            login.auth = Auth::Kerberos;
            login.keytab = std::move(secret);
        } else {
            login.password = std::move(secret);
        }
    } catch (const Error& error) {
        throw unusable(name, error);
    }
    co_return login;
}

} // namespace fsrvp
