// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"

namespace fsrvp::ctl {

CLI::Option*
addNames(CLI::App& verb, const char* argument, std::vector<std::string>& names, const char* about) {
    // CLI11 splits what stands in brackets where it allows extra arguments. Where it does not, it
    // takes names as long as there are fewer than the least that it expects, so expect more than
    // any command line has. TakeAll is without a check of how many came; required() sees to one.
    constexpr int kMoreThanEver = 1 << 28;
    return verb.add_option(argument, names, about)
        ->required()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll) // first: it changes expected()
        ->expected(kMoreThanEver, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false);
}

} // namespace fsrvp::ctl
