// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/mount/path_helper.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What fsrvpd and fsrvp-fs say to each other: one JSON object a packet on a SOCK_SEQPACKET, one
/// request and its answer in the life of an fsrvp-fs.
namespace fsrvp::mount::fs {

// The requests are the members of PathHelper; what they mean stands there.
struct CheckDestination {
    std::string path;
};

struct MakeDirectory {
    std::string path;
    bool parents = false;
};

struct RemoveDirectory {
    std::string path;
};

struct FindHolders {
    std::string path;
};

struct Detach {
    std::string path;
};

struct IsConnected {
    std::string share;
};

struct ReadSecretFile {
    std::string path;
};

using Request = std::variant<CheckDestination,
                             MakeDirectory,
                             RemoveDirectory,
                             FindHolders,
                             Detach,
                             IsConnected,
                             ReadSecretFile>;

struct Done {};

using Answer = std::variant<Done, bool, std::vector<Holder>, SecretFile, Error>;

/// @throws Error(InvalidArgument) for a text that is not UTF-8: a packet can't carry it
std::string encode(const Request& request);
/// Bytes of a process's name that are not UTF-8 become U+FFFD. That of a SecretFile is secret.
std::string encode(const Answer& answer);

/// @throws Error(Protocol) for anything that encode() does not write
Request decodeRequest(std::string_view packet);
Answer decodeAnswer(std::string_view packet);

} // namespace fsrvp::mount::fs
