// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/credential_file.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/utf16.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace fsrvp {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestText = 256; // of a user, of a domain
constexpr std::size_t kLongestHead = 4096;
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr const char* kEncrypted = "systemd-creds";
constexpr const char* kPlain = "plain";

bool isUtf8(std::string_view text) {
    try {
        std::u16string wide = toUtf16(text);
        explicit_bzero(wide.data(), wide.size() * sizeof(char16_t));
        return true;
    } catch (const Error&) {
        return false;
    }
}

bool hasControl(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

Error invalid(const std::string& what) {
    return Error(Errc::InvalidArgument, what);
}

Error wrong(const std::string& what) {
    return Error(Errc::Configuration, what);
}

void checkText(const char* what, const std::string& text) {
    if (text.size() > kLongestText) {
        throw invalid(std::string("the ") + what + " is longer than " +
                      std::to_string(kLongestText) + " bytes");
    }
    if (hasControl(text) || !isUtf8(text)) {
        throw invalid(std::string("the ") + what + " has a control character or is not UTF-8");
    }
}

void checkPassword(const std::string& password) {
    if (password.empty()) {
        throw invalid("the password is empty").withHint("a login without one is never made");
    }
    if (password.size() > kMostPassword) {
        throw invalid("the password is longer than " + std::to_string(kMostPassword) + " bytes");
    }
    if (password.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
        throw invalid("the password has a line end or a zero byte in it")
            .withHint("pass the password alone, in one line");
    }
    if (!isUtf8(password)) {
        throw invalid("the password is not UTF-8");
    }
}

void checkKeytab(const std::string& keytab) {
    if (keytab.size() > kMostKeytab) {
        throw invalid("the keytab is larger than " + std::to_string(kMostKeytab) + " bytes");
    }
    // 5, then version 1 or 2 of the format.
    if (keytab.size() < 3 || keytab[0] != 5 || (keytab[1] != 1 && keytab[1] != 2)) {
        throw invalid("that is no keytab").withHint("see its entries with: klist -k FILE");
    }
}

json describe(const StoredCredential& about) {
    return {{"version", 1},
            {"name", about.name},
            {"kind", credentialKindName(about.kind)},
            {"user", about.user},
            {"domain", about.domain}};
}

/// The line and all that follows it.
struct Parts {
    json head;
    std::string_view body; ///< of the text that was taken apart
};

Parts takeApart(std::string_view text) {
    const std::size_t end = text.substr(0, kLongestHead).find('\n');
    if (end == std::string_view::npos) {
        throw wrong("it has no beginning that says what it is");
    }
    json head = json::parse(text.substr(0, end), nullptr, false);
    if (!head.is_object()) {
        throw wrong("its first line is no JSON object");
    }
    return {std::move(head), text.substr(end + 1)};
}

StoredCredential read(const json& head, std::size_t keys) {
    StoredCredential about;
    try {
        if (head.size() != keys || head.at("version") != 1) {
            throw wrong("its first line has other keys, or it is of a newer fsrvpd");
        }
        about.name = head.at("name").get<std::string>();
        about.user = head.at("user").get<std::string>();
        about.domain = head.at("domain").get<std::string>();
        const auto kind = parseCredentialKind(head.at("kind").get<std::string>());
        if (!kind) {
            throw wrong("its first line says an unknown kind");
        }
        about.kind = *kind;
    } catch (const json::exception&) {
        throw wrong("its first line lacks a key, or one is of the wrong type");
    }
    return about;
}

void appendHex(std::string& text, std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0x0fU];
    }
}

Secret fromHex(std::string_view digits) {
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    bool isHex = digits.size() % 2 == 0;
    for (std::size_t i = 0; isHex && i < digits.size(); i += 2) {
        const std::size_t high = kDigits.find(digits[i]);
        const std::size_t low = kDigits.find(digits[i + 1]);
        isHex = high != std::string_view::npos && low != std::string_view::npos;
        bytes += static_cast<char>((high << 4U) | low);
    }
    Secret secret(std::move(bytes));
    if (!isHex) {
        throw wrong("its secret is no hexadecimal text");
    }
    return secret;
}

} // namespace

std::string_view credentialKindName(CredentialKind kind) noexcept {
    return kind == CredentialKind::Keytab ? "keytab" : "password";
}

std::optional<CredentialKind> parseCredentialKind(std::string_view name) noexcept {
    for (const CredentialKind kind : {CredentialKind::Password, CredentialKind::Keytab}) {
        if (credentialKindName(kind) == name) {
            return kind;
        }
    }
    return std::nullopt;
}

bool isCredentialName(std::string_view name) noexcept {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789._-";
    return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

void checkCredentialName(std::string_view name) {
    if (!isCredentialName(name)) {
        throw invalid("that is no name of a credential")
            .withHint("a name has 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with a dot");
    }
}

void checkCredential(const StoredCredential& about, const Secret& secret) {
    checkText("user", about.user);
    checkText("domain", about.domain);
    if (about.kind == CredentialKind::Keytab) {
        checkKeytab(secret.reveal());
        return;
    }
    if (about.user.empty()) {
        throw invalid("a password needs a user").withHint("give the user's name on the server");
    }
    checkPassword(secret.reveal());
}

Secret encodePlain(const StoredCredential& about, const Secret& secret) {
    const std::string head = describe(about).dump() + "\n";
    std::string text;
    text.reserve(head.size() + secret.reveal().size());
    text += head;
    text += secret.reveal();
    return Secret(std::move(text));
}

Secret decodePlain(const Secret& plain, const StoredCredential& about) {
    const Parts parts = takeApart(plain.reveal());
    const StoredCredential inside = read(parts.head, 5);
    if (inside.name != about.name || inside.kind != about.kind || inside.user != about.user ||
        inside.domain != about.domain) {
        throw wrong("what is encrypted in it belongs to another credential");
    }
    return Secret(std::string(parts.body));
}

std::string encodeSealed(const StoredCredential& about, const std::string& sealed) {
    json head = describe(about);
    head["storage"] = kEncrypted;
    return head.dump() + "\n" + sealed;
}

Secret encodeUnsealed(const StoredCredential& about, const Secret& secret) {
    json described = describe(about);
    described["storage"] = kPlain;
    const std::string head = described.dump() + "\n";
    std::string text;
    text.reserve(head.size() + 2 * secret.reveal().size() + 1);
    text += head;
    appendHex(text, secret.reveal());
    text += '\n';
    return Secret(std::move(text));
}

CredentialFile decodeFile(std::string_view text, const std::string& name) {
    const Parts parts = takeApart(text);
    CredentialFile file;
    file.about = read(parts.head, 6);
    const json storage = parts.head.value("storage", json());
    file.about.isEncrypted = storage == kEncrypted;
    if (file.about.name != name) {
        throw wrong("it is the file of another credential");
    }
    if (!file.about.isEncrypted && storage != kPlain) {
        throw wrong("its first line says an unknown storage");
    }
    if (parts.body.empty()) {
        throw wrong("it ends after its first line");
    }
    if (file.about.isEncrypted) {
        file.sealed = std::string(parts.body);
    } else {
        file.secret = fromHex(parts.body.substr(0, parts.body.find('\n')));
    }
    return file;
}

} // namespace fsrvp
