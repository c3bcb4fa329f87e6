// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/guid.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/ndr/types.hpp"

#include <nlohmann/json.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace fsrvp::ndr {

/// Writes a message's fields into a JSON object: names as in the specification, GUIDs and strings
/// as text, BOOL and integers as numbers, NULL pointers as null.
class ToJson {
  public:
    template <class... T> void operator()(Field<T>... field) {
        ((object_[field.name] = value(field.value)), ...);
    }

    nlohmann::json take() && { return std::move(object_); }

  private:
    static nlohmann::json value(std::integral auto v) { return v; }

    static nlohmann::json value(const Bool32& v) { return v.raw; }

    static nlohmann::json value(const Guid& v) { return v.text(); }

    static nlohmann::json value(const std::u16string& v) { return toUtf8(v); }

    template <class T> static nlohmann::json value(const Unique<T>& v) {
        return v.value ? value(*v.value) : nlohmann::json(nullptr);
    }

    template <std::derived_from<Declared> T> static nlohmann::json value(const T& v) {
        ToJson inner;
        T::fields(inner, v);
        return std::move(inner).take();
    }

    nlohmann::json object_ = nlohmann::json::object();
};

/// Reads what ToJson writes. @throws Error(Protocol) that names the field: missing, of another
/// type, out of range. Keys that no field has are ignored.
class FromJson {
  public:
    explicit FromJson(const nlohmann::json& object) noexcept : object_(object) {}

    template <class... T> void operator()(Field<T>... field) { (read(field), ...); }

  private:
    template <class T> void read(Field<T>& field) {
        try {
            get(object_.at(field.name), field.value);
        } catch (const nlohmann::json::exception&) {
            throw Error(Errc::Protocol,
                        "field '" + std::string(field.name) + "' is missing or of the wrong type");
        } catch (const Error& error) {
            throw Error(Errc::Protocol, "field '" + std::string(field.name) + "': " + error.what());
        }
    }

    template <std::integral T> static void get(const nlohmann::json& json, T& v) {
        if (!json.is_number_integer()) {
            throw Error(Errc::Protocol, "is not a whole number");
        }
        // nlohmann converts without a look at the range.
        const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                                    : std::in_range<T>(json.get<std::int64_t>());
        if (!fits) {
            throw Error(Errc::Protocol, "is out of range");
        }
        v = json.get<T>();
    }

    static void get(const nlohmann::json& json, Bool32& v) { get(json, v.raw); }

    static void get(const nlohmann::json& json, Guid& v) {
        v = Guid::parse(json.get_ref<const std::string&>());
    }

    static void get(const nlohmann::json& json, std::u16string& v) {
        v = toUtf16(json.get_ref<const std::string&>());
    }

    template <class T> static void get(const nlohmann::json& json, Unique<T>& v) {
        v = Unique<T>();
        if (!json.is_null()) {
            T pointee;
            get(json, pointee);
            v = Unique<T>(std::move(pointee));
        }
    }

    template <std::derived_from<Declared> T> static void get(const nlohmann::json& json, T& v) {
        FromJson inner(json);
        T::fields(inner, v);
    }

    const nlohmann::json& object_;
};

} // namespace fsrvp::ndr
