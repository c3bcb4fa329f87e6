// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/remains.hpp"

#include "daemon/model/exposed_name.hpp"
#include "daemon/model/gmt_name.hpp"
#include "daemon/model/snapshot_json.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace fsrvp::jobs {
namespace {

using std::chrono::floor;
using std::chrono::seconds;

// Servers tell their clock in whole seconds, and we write a time down a little after it.
constexpr seconds kSlack{2};

/// Whether to go on without an answer: it does not come by asking again soon.
bool isAnswer(const Error& error, ServerSession& session) {
    return error.code() != Errc::Unreachable && !session.cancellation().isRequested();
}

std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

/// The times, by the server's clock, between which the copies of a set were named.
struct Window {
    std::chrono::sys_seconds first;
    std::chrono::sys_seconds last;
};

Task<Window> windowOf(ServerSession& session, const ShadowCopySet& set) {
    const seconds ahead = co_await session.clockAhead();
    Window window;
    window.first = floor<seconds>(set.started) + ahead - kSlack;
    window.last = floor<seconds>(set.committing.value_or(set.started)) + ahead + kSlack;
    co_return window;
}

/// Whether it is a snapshot's on record, or nobody's.
bool isKnown(Services& services,
             const ServerId& server,
             const std::string& share,
             const std::string& directory) {
    const auto time = parseGmtName(directory);
    return !time || services.store.isKnown(server, share, *time);
}

Task<std::vector<std::string>>
unknownDirectories(Services& services, ServerSession& session, Window window, std::string share) {
    std::vector<std::string> names =
        co_await session.gmtDirectories(share, gmtName(window.first), gmtName(window.last));
    std::erase_if(names, [&](const std::string& name) {
        return isKnown(services, session.server(), share, name);
    });
    co_return names;
}

struct Look {
    std::vector<std::string> names;
    bool isRefused = false; ///< then there are none
};

Task<Look>
lookInto(ServerSession& session, std::string share, std::string first, std::string last) {
    Look look;
    std::optional<Error> failure;
    try {
        look.names = co_await session.gmtDirectories(share, first, last);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure && !isAnswer(*failure, session)) {
        throw Error(*failure);
    }
    look.isRefused = failure.has_value();
    co_return look;
}

/// Whether the server shows the snapshots of that share as directories, and none, of whatever time,
/// that we don't know.
Task<bool> showsOnlyKnown(Services& services, ServerSession& session, std::string share) {
    std::string last = "@GMT-9999.99.99-99.99.99";
    for (;;) { // of many the newest are told
        const Look look = co_await lookInto(session, share, "@GMT-0000.00.00-00.00.00", last);
        for (const std::string& name : look.names) {
            if (!isKnown(services, session.server(), share, name)) {
                co_return false;
            }
        }
        if (look.names.empty()) {
            co_return false;
        }
        if (look.names.front() == last) {
            co_return true;
        }
        last = look.names.front();
    }
}

std::string directoryRemains(const Snapshot& copy, const std::string& name) {
    return "directory " + name + " in share " + copy.source.share;
}

/// The directories that a copy has, or of which it has one; none where that is not known.
std::vector<std::string> directoriesOf(const Snapshot& copy) {
    if (copy.created) {
        return {gmtName(floor<seconds>(*copy.created))};
    }
    constexpr std::string_view kBegin = "@GMT-";
    const std::size_t length = gmtName({}).size();
    std::vector<std::string> names; // as lostCopy() wrote them down
    for (std::size_t at = copy.remains.find(kBegin); at != std::string::npos;
         at = copy.remains.find(kBegin, at + 1)) {
        const std::string name = copy.remains.substr(at, length);
        if (parseGmtName(name)) {
            names.push_back(name);
        }
    }
    return names;
}

/// Which of directoriesOf() are there.
struct Directories {
    std::size_t named = 0;
    std::vector<std::string> there;
    bool isRefused = false; ///< then nobody knows
};

Task<Directories> findDirectories(ServerSession& session, Snapshot copy) {
    Directories found;
    const std::vector<std::string> names = directoriesOf(copy);
    found.named = names.size();
    if (names.empty()) {
        co_return found;
    }
    const auto [first, last] = std::minmax_element(names.begin(), names.end());
    Look look = co_await lookInto(session, copy.source.share, *first, *last);
    std::erase_if(look.names, [&names](const std::string& name) {
        return std::find(names.begin(), names.end(), name) == names.end();
    });
    found.there = std::move(look.names);
    found.isRefused = look.isRefused;
    co_return found;
}

std::string remainsOf(const Snapshot& copy, const Directories& found) {
    return copy.created ? directoryRemains(copy, found.there.front()) : copy.remains;
}

/// What the directories say of one copy; nothing when nothing is left.
std::optional<db::LostCopy>
lostCopy(const Snapshot& copy, const std::vector<std::string>& names, const std::string& doubt) {
    db::LostCopy lost;
    lost.id = copy.id;
    if (names.size() == 1) {
        lost.remains = directoryRemains(copy, names.front());
        lost.created = parseGmtName(names.front());
    } else if (!names.empty()) {
        lost.remains = "one of the directories " + join(names) + " in share " + copy.source.share;
    } else if (!doubt.empty()) {
        lost.remains = "maybe a snapshot of share " + copy.source.share + doubt;
    } else {
        return std::nullopt;
    }
    return lost;
}

} // namespace

Task<std::vector<db::LostCopy>>
findRemains(Services& services, ServerSession& session, ShadowCopySet set, Doubt doubt) {
    std::string time = rfc3339(floor<seconds>(set.started)).substr(0, 19);
    time[10] = ' ';
    time = ", taken " + time + " UTC";
    std::vector<db::LostCopy> found;
    for (Snapshot& copy : set.copies) {
        copy.exposed = exposedName(copy.source.share, copy.snapshotId);
        std::vector<std::string> names;
        bool isShown = false;
        std::optional<Error> failure;
        try {
            isShown = co_await session.hasShare(copy.exposed);
            const Window window = co_await windowOf(session, set);
            names = co_await unknownDirectories(services, session, window, copy.source.share);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure && !isAnswer(*failure, session)) {
            throw Error(*failure);
        }
        std::string maybe;
        if (failure) {
            maybe = time + ": " + failure->what();
        } else if (doubt == Doubt::Some && names.empty() && !isShown) {
            const bool none = co_await showsOnlyKnown(services, session, copy.source.share);
            maybe = none ? "" : time + ", which the server does not show";
        }
        std::optional<db::LostCopy> lost = lostCopy(copy, names, maybe);
        if (isShown) { // Samba forgets all sets when its power goes while it writes them down
            lost = lost.value_or(db::LostCopy{copy.id, {}, {}, {}});
            lost->remains = exposedRemains(copy);
            lost->exposed = copy.exposed;
        }
        if (lost) {
            found.push_back(*std::move(lost));
        }
    }
    co_return found;
}

Task<std::string> findDirectory(ServerSession& session, Snapshot copy) {
    const Directories found = co_await findDirectories(session, copy);
    const bool allThere = !found.there.empty() && found.there.size() == found.named;
    co_return allThere ? remainsOf(copy, found) : std::string();
}

Task<std::string> whatIsLeft(Services& services, ServerSession& session, Snapshot copy) {
    const Directories found = co_await findDirectories(session, copy);
    if (found.named == 0) {
        const bool none = co_await showsOnlyKnown(services, session, copy.source.share);
        co_return none ? std::string() : copy.remains;
    }
    if (found.isRefused) {
        co_return copy.remains;
    }
    co_return found.there.empty() ? std::string() : remainsOf(copy, found);
}

std::string exposedRemains(const Snapshot& copy) {
    return "share " + copy.exposed;
}

std::string cureFor(const Snapshot& lost) {
    const std::string here = "; then on this host: fsrvpctl delete " + std::to_string(lost.id);
    const std::string directory =
        lost.created ? gmtName(floor<seconds>(*lost.created)) : std::string();
    const bool isShared = !lost.exposed.empty() && lost.remains == exposedRemains(lost);
    std::string text;
    if (isShared) {
        text = "net conf delshare " + shellWord(lost.exposed) + " (Samba)";
    }
    if (!directory.empty()) {
        text += (text.empty() ? "" : ", ") + std::string("btrfs subvolume delete ") + directory +
                " in the directory of share " + lost.source.share;
    }
    if (isShared) {
        text += "; or in diskshadow (Windows): delete shadows id {" + lost.snapshotId.text() + "}";
    }
    if (text.empty()) {
        text = "look for a snapshot of that time, and delete it if there is one";
    }
    return text + here;
}

Error withLostInTheWay(db::Store& store, const ServerId& server, const Error& inProgress) {
    std::string copies;
    std::string ids;
    for (const Snapshot& copy : store.listLost()) {
        if (copy.server == server && copy.exposed.empty()) {
            const std::string id = std::to_string(copy.id);
            copies +=
                (copies.empty() ? "snapshot " : ", snapshot ") + id + " of " + copy.source.text();
            ids += " " + id;
        }
    }
    if (ids.empty()) {
        return inProgress;
    }
    return Error(inProgress.code(),
                 inProgress.what() + std::string("; it may be one that was given up here: ") +
                     copies,
                 inProgress.hresult())
        .withHint("if no other client is at work there, try fsrvpctl delete" + ids + "; else " +
                  inProgress.hint());
}

Error lostError(const std::vector<Snapshot>& lost) {
    std::string what = "left on " + lost.front().server.text() + ": ";
    std::string cures;
    for (const Snapshot& copy : lost) {
        const std::string separator = &copy == &lost.front() ? "" : "; ";
        what += separator + copy.remains;
        cures += separator + cureFor(copy);
    }
    return Error(Errc::LostOnServer, what).withHint("on the server: " + cures);
}

} // namespace fsrvp::jobs
