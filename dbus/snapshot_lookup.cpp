// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/snapshot_lookup.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/model/exposed_name.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace fsrvp {
namespace {

constexpr std::size_t kShortestPrefix = 4;
constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool isNumber(std::string_view text) {
    return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == text.npos;
}

bool isGuidPrefix(std::string_view text) {
    return text.size() >= kShortestPrefix && text.size() <= kPattern.size() &&
           std::equal(text.begin(), text.end(), kPattern.begin(), [](char c, char p) {
               const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
               return p == '-' ? c == '-' : digit;
           });
}

/// Without the braces of {GUID}.
std::string normalized(const std::string& text) {
    std::string lower = asciiLower(text);
    if (lower.size() == kPattern.size() + 2 && lower.front() == '{' && lower.back() == '}') {
        lower = lower.substr(1, kPattern.size());
    }
    return lower;
}

Snapshot mountedAt(db::Store& store, const Caller& caller, const std::string& path) {
    if (const auto mount = store.findMount(path)) {
        auto snapshot = store.findSnapshot(mount->copy);
        if (snapshot && caller.maySee(snapshot->ownerUid)) {
            return *std::move(snapshot);
        }
    }
    throw Error(Errc::NotFound, path + " is no mount point of a snapshot")
        .withHint("see those there are with: fsrvpctl list");
}

Snapshot exposedAs(db::Store& store, const Caller& caller, const std::string& text) {
    const Unc share = Unc::parse(text);
    const auto name = parseExposedName(share.share);
    if (!name) {
        throw Error(Errc::InvalidArgument, "'" + text + "' names a share and no snapshot of it")
            .withHint("see the numbers with: fsrvpctl list");
    }
    for (Snapshot& known : store.findByGuidPrefix(name->copy.text())) {
        const bool isInUse = known.state != CopyState::Deleted && known.state != CopyState::Failed;
        const bool isThatShare = asciiLower(known.exposed) == asciiLower(share.share);
        if (isInUse && isThatShare && caller.maySee(known.ownerUid)) {
            return std::move(known);
        }
    }
    const std::string word = shellWord(share.text());
    throw Error(Errc::NotFound,
                share.text() + " is no snapshot that fsrvpd has on record, and FSRVP does nothing "
                               "to one without the id of its set")
        .withHint("read it: mount -t cifs -o ro,credentials=FILE " + word +
                  " DIR; record it: fsrvpctl reconcile --adopt " + word + " --set GUID; or " +
                  removalByHand(share.share));
}

} // namespace

Snapshot lookUpSnapshot(db::Store& store, const Caller& caller, const std::string& text) {
    if (isMountPoint(text)) {
        return mountedAt(store, caller, text);
    }
    if (text.starts_with("//") || text.starts_with("\\\\")) {
        return exposedAs(store, caller, text);
    }
    const std::string name = normalized(text);
    if (!isNumber(name) && !isGuidPrefix(name)) {
        throw Error(Errc::InvalidArgument,
                    "'" + text +
                        "' is no snapshot's number, GUID, beginning of a GUID, mount point or "
                        "exposed share")
            .withHint("see the numbers with: fsrvpctl list");
    }
    std::vector<Snapshot> found;
    if (isNumber(name)) {
        std::int64_t number = 0;
        std::from_chars(name.data(), name.data() + name.size(), number);
        if (auto snapshot = store.findSnapshot(number);
            snapshot && caller.maySee(snapshot->ownerUid)) {
            found.push_back(std::move(*snapshot));
        }
    }
    if (found.empty() && isGuidPrefix(name)) {
        found = store.findByGuidPrefix(name);
    }
    std::erase_if(found, [&caller](const Snapshot& s) { return !caller.maySee(s.ownerUid); });
    if (found.empty()) {
        throw Error(Errc::NotFound, "there is no snapshot '" + text + "'")
            .withHint("see those there are with: fsrvpctl list");
    }
    if (found.size() > 1) {
        throw Error(Errc::InvalidArgument, "several snapshots' GUIDs begin with '" + text + "'")
            .withHint("give more of the GUID, or the snapshot's number");
    }
    return found.front();
}

} // namespace fsrvp
