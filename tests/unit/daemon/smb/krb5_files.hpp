// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fsrvp::smb::test {

/// Numbers and lengths in network order, as MIT's documents on the formats of keytabs and of
/// caches have them.
class Krb5Writer {
  public:
    Krb5Writer& number(std::uint64_t value, int size) {
        for (int i = size; i-- > 0;) {
            bytes += static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 0xffU);
        }
        return *this;
    }

    /// With its length before it, of that size.
    Krb5Writer& text(const std::string& value, int size) {
        number(value.size(), size);
        bytes += value;
        return *this;
    }

    std::string bytes;
};

struct TestTicket {
    std::vector<std::string> service; ///< its parts: {"krbtgt", "LAB.TEST"}
    std::uint32_t end = 0;            ///< seconds since 1970
};

inline void addName(Krb5Writer& out, const std::vector<std::string>& parts) {
    out.number(1, 4).number(parts.size(), 4).text("LAB.TEST", 4);
    for (const std::string& part : parts) {
        out.text(part, 4);
    }
}

/// A cache of type FILE, version 4, of user@LAB.TEST.
inline std::string cacheBytes(const std::string& user, const std::vector<TestTicket>& tickets) {
    Krb5Writer out;
    out.number(0x0504, 2).number(0, 2);
    addName(out, {user});
    for (const TestTicket& ticket : tickets) {
        addName(out, {user});
        addName(out, ticket.service);
        out.number(18, 2).text(std::string(32, 'k'), 4); // AES-256
        out.number(1000, 4).number(1000, 4).number(ticket.end, 4).number(0, 4);
        out.number(0, 1).number(0, 4).number(0, 4).number(0, 4);
        out.text("a ticket", 4).number(0, 4);
    }
    return out.bytes;
}

/// A keytab with one key of each of those names in LAB.TEST.
inline std::string keytabBytes(const std::vector<std::vector<std::string>>& names) {
    Krb5Writer out;
    out.number(0x0502, 2);
    for (const auto& parts : names) {
        Krb5Writer entry;
        entry.number(parts.size(), 2).text("LAB.TEST", 2);
        for (const std::string& part : parts) {
            entry.text(part, 2);
        }
        entry.number(1, 4).number(1000, 4).number(1, 1).number(18, 2).text(std::string(32, 'k'), 2);
        out.text(entry.bytes, 4);
    }
    return out.bytes;
}

} // namespace fsrvp::smb::test
