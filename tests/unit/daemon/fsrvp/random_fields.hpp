// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/ndr/types.hpp"

#include <concepts>
#include <random>
#include <string>
#include <string_view>

namespace fsrvp {

/// A codec that fills a message's fields with random values; the same seed gives the same ones.
class RandomFields {
  public:
    explicit RandomFields(std::mt19937& engine) : engine_(engine) {}

    template <class... T> void operator()(ndr::Field<T>... field) { (fill(field), ...); }

  private:
    template <class T> void fill(ndr::Field<T>& field) { set(field.value); }

    void fill(ndr::Field<std::uint32_t>& field) {
        // Mostly the level that has an arm, or nothing of it would be tried.
        const std::string_view name = field.name;
        const bool isLevel = name == "Level" || name == "union_discriminant";
        field.value = isLevel && upTo(3) != 0 ? 1 : number();
    }

    std::uint32_t upTo(std::uint32_t most) {
        return std::uniform_int_distribution<std::uint32_t>(0, most)(engine_);
    }

    std::uint32_t number() {
        static constexpr std::uint32_t kEdges[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff};
        const std::uint32_t pick = upTo(9);
        return pick < std::size(kEdges) ? kEdges[pick] : upTo(0xffffffff);
    }

    void set(std::uint32_t& value) { value = number(); }

    void set(std::int32_t& value) { value = static_cast<std::int32_t>(number()); }

    void set(std::int64_t& value) {
        value = static_cast<std::int64_t>(std::uint64_t{number()} << 32U | number());
    }

    void set(ndr::Bool32& value) { value.raw = number(); }

    void set(Guid& value) {
        for (std::uint8_t& byte : value.bytes) {
            byte = static_cast<std::uint8_t>(upTo(0xff));
        }
    }

    void set(std::u16string& value) {
        value.clear();
        for (std::uint32_t left = upTo(40); left > 0; --left) {
            switch (upTo(3)) {
            case 0: // a character outside the BMP
                value += static_cast<char16_t>(0xd800 + upTo(0x3ff));
                value += static_cast<char16_t>(0xdc00 + upTo(0x3ff));
                break;
            case 1:
                value += static_cast<char16_t>(0xe000 + upTo(0x1fff));
                break;
            default:
                value += static_cast<char16_t>(1 + upTo(0xd7fe));
            }
        }
    }

    template <class T> void set(ndr::Unique<T>& value) {
        value = ndr::Unique<T>();
        if (upTo(3) != 0) {
            T pointee;
            set(pointee);
            value = ndr::Unique<T>(std::move(pointee));
        }
    }

    template <std::derived_from<ndr::Declared> T> void set(T& value) {
        RandomFields inner(engine_);
        T::fields(inner, value);
    }

    std::mt19937& engine_;
};

/// A message with random fields.
template <class T> T randomMessage(std::mt19937& engine) {
    T message;
    RandomFields codec(engine);
    T::fields(codec, message);
    return message;
}

} // namespace fsrvp
