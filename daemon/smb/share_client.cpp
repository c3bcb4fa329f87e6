// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/share_client.hpp"

#include "daemon/base/error.hpp"
#include "daemon/model/gmt_name.hpp"
#include "daemon/smb/resolve.hpp"

#include <libsmbclient.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace fsrvp::smb {
namespace {

/// smb://host/share with every byte but letters, digits and .-_ escaped.
std::string url(const ServerId& server, std::string_view share) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text = "smb://" + server.host + "/";
    for (const char c : share) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || c == '.' || c == '-' || c == '_';
        if (plain) {
            text += c;
        } else {
            text += '%';
            text += digits[byte >> 4U];
            text += digits[byte & 0x0fU];
        }
    }
    return text;
}

/// libsmbclient has only errno, and several causes share one.
Error errnoError(const std::string& what, int code) {
    switch (code) {
    case EACCES:
    case EPERM:
        return Error(Errc::AccessDenied, what + ": the server refuses this account");
    case ENOENT:
    case ENODEV:
        return Error(Errc::NotFound, what + ": the server has no such share");
    case ETIMEDOUT:
        return Error(Errc::TimedOut, what + ": the server did not answer in time");
    case ECONNREFUSED:
    case ECONNABORTED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return Error(Errc::Unreachable, what + ": " + std::strerror(code));
    default:
        return Error(Errc::Failed, what + ": " + std::strerror(code));
    }
}

void copyText(char* out, int size, const std::string& in) {
    if (size <= 0) {
        return;
    }
    const std::size_t length = std::min(in.size(), static_cast<std::size_t>(size) - 1);
    std::memcpy(out, in.data(), length);
    out[length] = '\0';
}

} // namespace

void ShareClient::FreeContext::operator()(SMBCCTX* context) const noexcept {
    smbc_free_context(context, 1);
}

void ShareClient::giveLogin(SMBCCTX* context,
                            const char* /*server*/,
                            const char* /*share*/,
                            char* workgroup,
                            int workgroupSize,
                            char* user,
                            int userSize,
                            char* password,
                            int passwordSize) {
    const auto& self = *static_cast<const ShareClient*>(smbc_getOptionUserData(context));
    if (!self.identity_.domain().empty()) {
        copyText(workgroup, workgroupSize, self.identity_.domain());
    }
    copyText(user, userSize, self.identity_.user());
    copyText(password, passwordSize, self.identity_.password().reveal());
}

ShareClient::ShareClient(const std::filesystem::path& configuration,
                         const Access& access,
                         const Identity& identity,
                         std::chrono::milliseconds timeout)
    : server_(access.server), identity_(identity), timeout_(timeout), context_(smbc_new_context()) {
    SMBCCTX* context = context_.get();
    if (context == nullptr) {
        throw Error(Errc::Failed, "cannot set up libsmbclient");
    }
    smbc_setDebug(context, 0);
    smbc_setOptionDebugToStderr(context, 1);
    smbc_setOptionUserData(context, this);
    smbc_setFunctionAuthDataWithContext(context, giveLogin);
    smbc_setOptionNoAutoAnonymousLogin(context, 1);
    smbc_setOptionUseCCache(context, 0);
    smbc_setOptionUseKerberos(context, identity.tickets() != nullptr ? 1 : 0);
    smbc_setOptionFallbackAfterKerberos(context, 0);
    smbc_setOptionSmbEncryptionLevel(context,
                                     access.encryption == SmbEncryption::Required
                                         ? SMBC_ENCRYPTLEVEL_REQUIRE
                                         : SMBC_ENCRYPTLEVEL_REQUEST);
    smbc_setPort(context, server_.port);
    smbc_setTimeout(context,
                    static_cast<int>(std::clamp<std::int64_t>(timeout.count(), 1, 3600'000)));
    if (smbc_setConfiguration(context, configuration.c_str()) != 0) {
        throw Error(Errc::Failed,
                    "cannot give libsmbclient its settings from " + configuration.string() + ": " +
                        std::strerror(errno));
    }
    smbc_setOptionProtocols(context, "SMB2_10", "SMB3_11");
    if (smbc_init_context(context) == nullptr) {
        throw Error(Errc::Failed,
                    std::string("cannot set up libsmbclient: ") + std::strerror(errno));
    }
}

std::vector<std::string> ShareClient::list() {
    reachableAddress(server_, timeout_);
    SMBCCTX* context = context_.get();
    errno = 0;
    SMBCFILE* directory = smbc_getFunctionOpendir(context)(context, url(server_, "").c_str());
    if (directory == nullptr) {
        throw errnoError("cannot list the shares", errno);
    }
    std::vector<std::string> names;
    const smbc_readdir_fn readNext = smbc_getFunctionReaddir(context);
    while (const smbc_dirent* entry = readNext(context, directory)) {
        if (entry->smbc_type == SMBC_FILE_SHARE) {
            names.emplace_back(entry->name);
        }
    }
    smbc_getFunctionClosedir(context)(context, directory);
    return names;
}

SharePresence ShareClient::probe(const std::string& share) {
    reachableAddress(server_, timeout_);
    SMBCCTX* context = context_.get();
    errno = 0;
    SMBCFILE* directory = smbc_getFunctionOpendir(context)(context, url(server_, share).c_str());
    if (directory != nullptr) {
        smbc_getFunctionClosedir(context)(context, directory);
        return SharePresence::Present;
    }
    const Error error = errnoError("cannot look for share '" + share + "'", errno);
    if (error.code() == Errc::NotFound) {
        return SharePresence::Absent;
    }
    if (error.code() == Errc::AccessDenied) {
        return SharePresence::Present;
    }
    throw Error(error);
}

std::vector<std::string> ShareClient::listGmtDirectories(const std::string& share) {
    reachableAddress(server_, timeout_);
    SMBCCTX* context = context_.get();
    errno = 0;
    SMBCFILE* directory = smbc_getFunctionOpendir(context)(context, url(server_, share).c_str());
    if (directory == nullptr) {
        throw errnoError("cannot list the root of share '" + share + "'", errno);
    }
    std::vector<std::string> names;
    const smbc_readdir_fn readNext = smbc_getFunctionReaddir(context);
    while (const smbc_dirent* entry = readNext(context, directory)) {
        if (entry->smbc_type == SMBC_DIR && parseGmtName(entry->name)) {
            names.emplace_back(entry->name);
        }
    }
    smbc_getFunctionClosedir(context)(context, directory);
    return names;
}

} // namespace fsrvp::smb
