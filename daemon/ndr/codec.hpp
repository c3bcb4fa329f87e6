// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/ndr/cursor.hpp"
#include "daemon/ndr/types.hpp"

#include <concepts>
#include <functional>
#include <utility>
#include <vector>

namespace fsrvp::ndr {

/// What the encoder and the decoder share: the bodies of pointers come behind what holds them, in
/// order (C706 14.3.12.3).
class DeferredBodies {
  protected:
    void defer(std::function<void()> body) { bodies_.push_back(std::move(body)); }

    void flush() {
        while (!bodies_.empty()) {
            const auto batch = std::exchange(bodies_, {});
            for (const auto& body : batch) {
                body();
            }
        }
    }

  private:
    std::vector<std::function<void()>> bodies_;
};

/// Encodes a message's fields.
class Encoder : DeferredBodies {
  public:
    explicit Encoder(Writer& writer) noexcept : writer_(writer) {}

    template <class... T> void operator()(Field<T>... field) { (parameter(field.value), ...); }

  private:
    template <class T> void parameter(const T& value) {
        put(value);
        if (!inStructure_) {
            flush();
        }
    }

    void put(std::uint32_t value) { writer_.u32(value); }

    void put(std::int32_t value) { writer_.u32(static_cast<std::uint32_t>(value)); }

    void put(std::int64_t value) { writer_.u64(static_cast<std::uint64_t>(value)); }

    void put(const Bool32& value) { writer_.u32(value.raw); }

    void put(const std::u16string& value) { writer_.string(value); }

    void put(const Guid& value) {
        writer_.align(4);
        writer_.bytes(value.bytes);
    }

    template <class T> void put(const Unique<T>& pointer) {
        writer_.u32(pointer.value ? pointer.referent : 0);
        if (pointer.value) {
            defer([this, &pointer] { put(*pointer.value); });
        }
    }

    template <std::derived_from<Declared> T> void put(const T& structure) {
        const bool outer = std::exchange(inStructure_, true);
        T::fields(*this, structure);
        inStructure_ = outer;
    }

    Writer& writer_;
    bool inStructure_ = false;
};

/// Decodes a message's fields.
class Decoder : DeferredBodies {
  public:
    explicit Decoder(Reader& reader) noexcept : reader_(reader) {}

    template <class... T> void operator()(Field<T>... field) { (parameter(field.value), ...); }

  private:
    template <class T> void parameter(T& value) {
        get(value);
        if (!inStructure_) {
            flush();
        }
    }

    void get(std::uint32_t& value) { value = reader_.u32(); }

    void get(std::int32_t& value) { value = static_cast<std::int32_t>(reader_.u32()); }

    void get(std::int64_t& value) { value = static_cast<std::int64_t>(reader_.u64()); }

    void get(Bool32& value) { value.raw = reader_.u32(); }

    void get(std::u16string& value) { value = reader_.string(); }

    void get(Guid& value) {
        reader_.align(4);
        reader_.bytes(value.bytes);
    }

    template <class T> void get(Unique<T>& pointer) {
        pointer.referent = reader_.u32();
        if (pointer.referent != 0) {
            pointer.value.emplace();
            defer([this, &pointer] { get(*pointer.value); });
        }
    }

    template <std::derived_from<Declared> T> void get(T& structure) {
        const bool outer = std::exchange(inStructure_, true);
        T::fields(*this, structure);
        inStructure_ = outer;
    }

    Reader& reader_;
    bool inStructure_ = false;
};

} // namespace fsrvp::ndr
