// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/fsrvp/ndrdump_cases.hpp"

#include "daemon/fsrvp/operations.hpp"

#include <array>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

namespace fsrvp {
namespace {

constexpr std::array<std::uint32_t, 7> kNumbers{
    0, 1, 0x19, 0x00400019, 180'000, 0x7fffffff, 0xffffffff};
constexpr std::array<std::uint32_t, 5> kResults{0, 0x00000102, 0x80042316, 0x80070057, 0xffffffff};

const std::array<Guid, 3>& guids() {
    static const std::array<Guid, 3> all{
        Guid{},
        Guid::parse("00112233-4455-6677-8899-aabbccddeeff"),
        Guid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"),
    };
    return all;
}

// Odd and even lengths, one to four bytes a character in UTF-8, a hidden share, a long one.
const std::vector<std::u16string>& shareNames() {
    static const std::vector<std::u16string> all{u"",
                                                 u"s",
                                                 u"\\\\s\\d",
                                                 u"\\\\s\\d\\",
                                                 u"\\\\fs1\\data\\",
                                                 u"\\\\fs1.example.com\\my data\\",
                                                 u"\\\\fs1\\hid$\\",
                                                 u"\\\\fs1\\s\u00fc\u00df\u65e5\\",
                                                 u"\\\\fs1\\\U0001f4be\\",
                                                 u"\\\\fs1\\" + std::u16string(80, u'x') + u"\\"};
    return all;
}

template <class Op> NdrdumpCase requestCase(const typename Op::In& in) {
    return {Op::name, "in", encodeRequest<Op>(in), {}};
}

template <class Op> std::vector<NdrdumpCase> responses(const std::vector<typename Op::Out>& outs) {
    std::vector<NdrdumpCase> cases;
    const auto add = [&cases](const typename Op::Out& out, std::uint32_t result) {
        Reply<Op> reply;
        reply.out = out;
        reply.hresult = result;
        cases.push_back({Op::name, "out", encodeReply(reply), {}});
    };
    for (const std::uint32_t result : kResults) {
        add(outs.front(), result);
    }
    for (const auto& out : outs) {
        add(out, 0x80004005);
    }
    for (std::size_t i = 1; i < outs.size(); ++i) {
        add(outs[i], 0);
    }
    return cases;
}

template <class Op> std::vector<NdrdumpCase> setAndTimeoutRequests() {
    std::vector<NdrdumpCase> cases;
    for (const Guid& guid : guids()) {
        for (const std::uint32_t timeout : kNumbers) {
            SetAndTimeout in;
            in.shadowCopySetId = guid;
            in.timeOutInMilliseconds = timeout;
            cases.push_back(requestCase<Op>(in));
        }
    }
    return cases;
}

template <class Op> std::vector<NdrdumpCase> setOnlyRequests() {
    std::vector<NdrdumpCase> cases;
    for (const Guid& guid : guids()) {
        SetOnly in;
        in.shadowCopySetId = guid;
        cases.push_back(requestCase<Op>(in));
    }
    return cases;
}

template <class Op> std::vector<NdrdumpCase> shareRequests() {
    std::vector<NdrdumpCase> cases;
    for (const std::u16string& name : shareNames()) {
        ShareOnly in;
        in.shareName = name;
        cases.push_back(requestCase<Op>(in));
    }
    return cases;
}

// The requests of each operation.

std::vector<NdrdumpCase> requests(GetSupportedVersion) {
    return {requestCase<GetSupportedVersion>({})};
}

std::vector<NdrdumpCase> requests(SetContext) {
    std::vector<NdrdumpCase> cases;
    for (const std::uint32_t context : kNumbers) {
        SetContext::In in;
        in.context = context;
        cases.push_back(requestCase<SetContext>(in));
    }
    return cases;
}

std::vector<NdrdumpCase> requests(StartShadowCopySet) {
    std::vector<NdrdumpCase> cases;
    for (const Guid& guid : guids()) {
        StartShadowCopySet::In in;
        in.clientShadowCopySetId = guid;
        cases.push_back(requestCase<StartShadowCopySet>(in));
    }
    return cases;
}

std::vector<NdrdumpCase> requests(AddToShadowCopySet) {
    std::vector<NdrdumpCase> cases;
    for (const std::u16string& name : shareNames()) {
        AddToShadowCopySet::In in;
        in.clientShadowCopyId = guids()[1];
        in.shadowCopySetId = guids()[2];
        in.shareName = name;
        cases.push_back(requestCase<AddToShadowCopySet>(in));
    }
    return cases;
}

std::vector<NdrdumpCase> requests(GetShareMapping) {
    std::vector<NdrdumpCase> cases;
    for (const std::u16string& name : shareNames()) {
        for (const std::uint32_t level : {0U, 1U, 2U, 0xffffffffU}) {
            GetShareMapping::In in;
            in.shadowCopyId = guids()[1];
            in.shadowCopySetId = guids()[2];
            in.shareName = name;
            in.level = level;
            cases.push_back(requestCase<GetShareMapping>(in));
        }
    }
    return cases;
}

std::vector<NdrdumpCase> requests(DeleteShareMapping) {
    std::vector<NdrdumpCase> cases;
    for (const std::u16string& name : shareNames()) {
        DeleteShareMapping::In in;
        in.shadowCopySetId = guids()[1];
        in.shadowCopyId = guids()[2];
        in.shareName = name;
        cases.push_back(requestCase<DeleteShareMapping>(in));
    }
    return cases;
}

std::vector<NdrdumpCase> requests(CommitShadowCopySet op) {
    return setAndTimeoutRequests<decltype(op)>();
}

std::vector<NdrdumpCase> requests(ExposeShadowCopySet op) {
    return setAndTimeoutRequests<decltype(op)>();
}

std::vector<NdrdumpCase> requests(PrepareShadowCopySet op) {
    return setAndTimeoutRequests<decltype(op)>();
}

std::vector<NdrdumpCase> requests(RecoveryCompleteShadowCopySet op) {
    return setOnlyRequests<decltype(op)>();
}

std::vector<NdrdumpCase> requests(AbortShadowCopySet op) {
    return setOnlyRequests<decltype(op)>();
}

std::vector<NdrdumpCase> requests(IsPathSupported op) {
    return shareRequests<decltype(op)>();
}

std::vector<NdrdumpCase> requests(IsPathShadowCopied op) {
    return shareRequests<decltype(op)>();
}

// The out parameters of each operation that has any.

template <class Op> std::vector<typename Op::Out> outs(Op) {
    static_assert(std::is_same_v<typename Op::Out, Nothing>);
    return {Nothing{}};
}

std::vector<GetSupportedVersion::Out> outs(GetSupportedVersion) {
    std::vector<GetSupportedVersion::Out> all(2);
    all[1].minVersion = 1;
    all[1].maxVersion = 0xffffffff;
    return all;
}

std::vector<StartShadowCopySet::Out> outs(StartShadowCopySet) {
    std::vector<StartShadowCopySet::Out> all(guids().size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].shadowCopySetId = guids()[i];
    }
    return all;
}

std::vector<AddToShadowCopySet::Out> outs(AddToShadowCopySet) {
    std::vector<AddToShadowCopySet::Out> all(guids().size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].shadowCopyId = guids()[i];
    }
    return all;
}

std::vector<IsPathSupported::Out> outs(IsPathSupported) {
    std::vector<IsPathSupported::Out> all(1); // NULL
    for (const std::u16string& name : shareNames()) {
        all.emplace_back();
        all.back().supportedByThisProvider.raw = 1;
        all.back().ownerMachineName = ndr::UniqueString(name);
    }
    all.back().supportedByThisProvider.raw = 0xffffffff;
    return all;
}

std::vector<IsPathShadowCopied::Out> outs(IsPathShadowCopied) {
    std::vector<IsPathShadowCopied::Out> all(3);
    all[1].shadowCopyPresent.raw = 1;
    all[1].shadowCopyCompatibility = 3;
    all[2].shadowCopyPresent.raw = 0xffffffff;
    all[2].shadowCopyCompatibility = -1;
    return all;
}

/// Samba numbers referent ids through; ours are equal unless we say otherwise, and its encoder's
/// would differ from them.
ndr::UniqueString numbered(const std::u16string& text, std::uint32_t referent) {
    ndr::UniqueString pointer(text);
    pointer.referent = referent;
    return pointer;
}

std::vector<GetShareMapping::Out> outs(GetShareMapping) {
    std::vector<GetShareMapping::Out> all(2); // level 1 and NULL; then one without an arm
    all[1].level = 2;
    for (const std::u16string& unc : shareNames()) {
        for (const std::u16string& exposed : {std::u16string(), std::u16string(u"d@{c0ff}"), unc}) {
            ShareMapping1 mapping;
            mapping.shadowCopySetId = guids()[1];
            mapping.shadowCopyId = guids()[2];
            mapping.shareNameUnc = numbered(unc, 0x20004);
            if (!exposed.empty()) { // NULL: not exposed
                mapping.shadowCopyShareName = numbered(exposed, 0x20008);
            }
            mapping.creationTimestamp = 134'398'046'450'000'000;
            all.emplace_back();
            all.back().shareMapping1 = ndr::Unique<ShareMapping1>(std::move(mapping));
        }
    }
    return all;
}

/// The request that tells ndrdump which arm a GetShareMapping response's union has.
template <class Op> void addRequest(NdrdumpCase& c) {
    if constexpr (std::is_same_v<Op, GetShareMapping>) {
        GetShareMapping::In in;
        in.level = decodeReply<Op>(c.stub).out.level;
        c.request = encodeRequest<Op>(in);
    }
}

} // namespace

std::vector<NdrdumpCase> ndrdumpCases(std::size_t opnum) {
    std::vector<NdrdumpCase> all;
    forEachOperation([&]<class Op>() {
        if (Op::opnum == opnum) {
            all = requests(Op{});
            std::vector<NdrdumpCase> more = responses<Op>(outs(Op{}));
            for (NdrdumpCase& c : more) {
                addRequest<Op>(c);
                all.push_back(std::move(c));
            }
        }
    });
    return all;
}

} // namespace fsrvp
