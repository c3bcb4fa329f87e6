// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/ndr/types.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

/// The 13 operations of MS-FSRVP 3.1.4, each declared once, in opnum order. `In` is the request's
/// stub; `Out` is the response's without the HRESULT that ends every one of them.
namespace fsrvp {

using ndr::Field;

/// For an operation or direction that carries nothing.
struct Nothing : ndr::Declared {
    static void fields(auto&, auto&) {}
};

struct GetSupportedVersion {
    static constexpr std::uint16_t opnum = 0;
    static constexpr std::string_view name = "GetSupportedVersion";
    using In = Nothing;

    struct Out : ndr::Declared {
        std::uint32_t minVersion = 0;
        std::uint32_t maxVersion = 0;

        static void fields(auto& codec, auto& m) {
            codec(Field{"MinVersion", m.minVersion}, Field{"MaxVersion", m.maxVersion});
        }
    };
};

struct SetContext {
    static constexpr std::uint16_t opnum = 1;
    static constexpr std::string_view name = "SetContext";

    struct In : ndr::Declared {
        std::uint32_t context = 0; ///< a ShadowCopyContext, perhaps with kAttrAutoRecovery

        static void fields(auto& codec, auto& m) { codec(Field{"Context", m.context}); }
    };

    using Out = Nothing;
};

struct StartShadowCopySet {
    static constexpr std::uint16_t opnum = 2;
    static constexpr std::string_view name = "StartShadowCopySet";

    struct In : ndr::Declared {
        Guid clientShadowCopySetId; ///< never nil: Windows refuses that (note 7)

        static void fields(auto& codec, auto& m) {
            codec(Field{"ClientShadowCopySetId", m.clientShadowCopySetId});
        }
    };

    struct Out : ndr::Declared {
        Guid shadowCopySetId; ///< the id that counts from here on

        static void fields(auto& codec, auto& m) {
            codec(Field{"pShadowCopySetId", m.shadowCopySetId});
        }
    };
};

struct AddToShadowCopySet {
    static constexpr std::uint16_t opnum = 3;
    static constexpr std::string_view name = "AddToShadowCopySet";

    struct In : ndr::Declared {
        Guid clientShadowCopyId;
        Guid shadowCopySetId;
        std::u16string shareName; ///< Unc::wire()

        static void fields(auto& codec, auto& m) {
            codec(Field{"ClientShadowCopyId", m.clientShadowCopyId},
                  Field{"ShadowCopySetId", m.shadowCopySetId},
                  Field{"ShareName", m.shareName});
        }
    };

    struct Out : ndr::Declared {
        Guid shadowCopyId; ///< the id that counts from here on

        static void fields(auto& codec, auto& m) { codec(Field{"pShadowCopyId", m.shadowCopyId}); }
    };
};

/// The input of operations 4, 5 and 12.
struct SetAndTimeout : ndr::Declared {
    Guid shadowCopySetId;
    std::uint32_t timeOutInMilliseconds = 0;

    static void fields(auto& codec, auto& m) {
        codec(Field{"ShadowCopySetId", m.shadowCopySetId},
              Field{"TimeOutInMilliseconds", m.timeOutInMilliseconds});
    }
};

/// The input of operations 6 and 7.
struct SetOnly : ndr::Declared {
    Guid shadowCopySetId;

    static void fields(auto& codec, auto& m) { codec(Field{"ShadowCopySetId", m.shadowCopySetId}); }
};

struct CommitShadowCopySet {
    static constexpr std::uint16_t opnum = 4;
    static constexpr std::string_view name = "CommitShadowCopySet";
    using In = SetAndTimeout;
    using Out = Nothing;
};

struct ExposeShadowCopySet {
    static constexpr std::uint16_t opnum = 5;
    static constexpr std::string_view name = "ExposeShadowCopySet";
    using In = SetAndTimeout;
    using Out = Nothing;
};

struct RecoveryCompleteShadowCopySet {
    static constexpr std::uint16_t opnum = 6;
    static constexpr std::string_view name = "RecoveryCompleteShadowCopySet";
    using In = SetOnly;
    using Out = Nothing;
};

struct AbortShadowCopySet {
    static constexpr std::uint16_t opnum = 7;
    static constexpr std::string_view name = "AbortShadowCopySet";
    using In = SetOnly;
    using Out = Nothing;
};

/// The input of operations 8 and 9.
struct ShareOnly : ndr::Declared {
    std::u16string shareName;

    static void fields(auto& codec, auto& m) { codec(Field{"ShareName", m.shareName}); }
};

struct IsPathSupported {
    static constexpr std::uint16_t opnum = 8;
    static constexpr std::string_view name = "IsPathSupported";
    using In = ShareOnly;

    struct Out : ndr::Declared {
        ndr::Bool32 supportedByThisProvider;
        ndr::UniqueString ownerMachineName; ///< NetBIOS name on Samba; NULL on error

        static void fields(auto& codec, auto& m) {
            codec(Field{"SupportedByThisProvider", m.supportedByThisProvider},
                  Field{"OwnerMachineName", m.ownerMachineName});
        }
    };
};

struct IsPathShadowCopied {
    static constexpr std::uint16_t opnum = 9;
    static constexpr std::string_view name = "IsPathShadowCopied";
    using In = ShareOnly;

    struct Out : ndr::Declared {
        ndr::Bool32 shadowCopyPresent;
        std::int32_t shadowCopyCompatibility = 0; ///< bit 0 no defrag, bit 1 no content index

        static void fields(auto& codec, auto& m) {
            codec(Field{"ShadowCopyPresent", m.shadowCopyPresent},
                  Field{"ShadowCopyCompatibility", m.shadowCopyCompatibility});
        }
    };
};

/// FSSAGENT_SHARE_MAPPING_1, MS-FSRVP 2.2.3.1.
struct ShareMapping1 : ndr::Declared {
    Guid shadowCopySetId;
    Guid shadowCopyId;
    ndr::UniqueString shareNameUnc;        ///< Samba: the NetBIOS name's UNC; never a key
    ndr::UniqueString shadowCopyShareName; ///< bare name or UNC: exposedShareName() reads both
    std::int64_t creationTimestamp = 0;    ///< 100 ns since 1601-01-01 UTC

    static void fields(auto& codec, auto& m) {
        codec(Field{"ShadowCopySetId", m.shadowCopySetId},
              Field{"ShadowCopyId", m.shadowCopyId},
              Field{"ShareNameUNC", m.shareNameUnc},
              Field{"ShadowCopyShareName", m.shadowCopyShareName},
              Field{"CreationTimestamp", m.creationTimestamp});
    }
};

struct GetShareMapping {
    static constexpr std::uint16_t opnum = 10;
    static constexpr std::string_view name = "GetShareMapping";

    struct In : ndr::Declared {
        Guid shadowCopyId; ///< the copy first here, the set first in DeleteShareMapping
        Guid shadowCopySetId;
        std::u16string shareName;
        std::uint32_t level = 1;

        static void fields(auto& codec, auto& m) {
            codec(Field{"ShadowCopyId", m.shadowCopyId},
                  Field{"ShadowCopySetId", m.shadowCopySetId},
                  Field{"ShareName", m.shareName},
                  Field{"Level", m.level});
        }
    };

    struct Out : ndr::Declared {
        std::uint32_t level = 1; ///< the union's discriminant; an arm only for 1
        ndr::Unique<ShareMapping1> shareMapping1;

        static void fields(auto& codec, auto& m) {
            codec(Field{"union_discriminant", m.level});
            if (m.level == 1) {
                codec(Field{"ShareMapping1", m.shareMapping1});
            }
        }
    };
};

struct DeleteShareMapping {
    static constexpr std::uint16_t opnum = 11;
    static constexpr std::string_view name = "DeleteShareMapping";

    struct In : ndr::Declared {
        Guid shadowCopySetId; ///< the set first here, the copy first in GetShareMapping
        Guid shadowCopyId;
        std::u16string shareName;

        static void fields(auto& codec, auto& m) {
            codec(Field{"ShadowCopySetId", m.shadowCopySetId},
                  Field{"ShadowCopyId", m.shadowCopyId},
                  Field{"ShareName", m.shareName});
        }
    };

    using Out = Nothing;
};

struct PrepareShadowCopySet {
    static constexpr std::uint16_t opnum = 12;
    static constexpr std::string_view name = "PrepareShadowCopySet";
    using In = SetAndTimeout;
    using Out = Nothing;
};

/// Every operation at the index of its opnum.
using AllOperations = std::tuple<GetSupportedVersion,
                                 SetContext,
                                 StartShadowCopySet,
                                 AddToShadowCopySet,
                                 CommitShadowCopySet,
                                 ExposeShadowCopySet,
                                 RecoveryCompleteShadowCopySet,
                                 AbortShadowCopySet,
                                 IsPathSupported,
                                 IsPathShadowCopied,
                                 GetShareMapping,
                                 DeleteShareMapping,
                                 PrepareShadowCopySet>;
inline constexpr std::size_t kOperationCount = std::tuple_size_v<AllOperations>;

/// Calls fn.template operator()<Op>() for every operation, in opnum order.
template <class Fn> void forEachOperation(Fn&& fn) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        static_assert(((std::tuple_element_t<I, AllOperations>::opnum == I) && ...));
        (fn.template operator()<std::tuple_element_t<I, AllOperations>>(), ...);
    }
    (std::make_index_sequence<kOperationCount>{});
}

} // namespace fsrvp
