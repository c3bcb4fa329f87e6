// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/text.hpp"
#include "daemon/base/utf16.hpp"

#include <fsrvpd_version.hpp>

#include <algorithm>
#include <cctype>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace fsrvp;
using namespace fsrvp::ctl;

/// Known before the command line is read: an error in that is JSON too.
bool wantsJson(std::span<char*> arguments) {
    const auto last = std::find(arguments.begin(), arguments.end(), std::string_view("--"));
    return std::find(arguments.begin(), last, std::string_view("--json")) != last;
}

Error usageError(const CLI::ParseError& error) {
    std::string message = error.what();
    if (message.size() > 1 && std::isupper(static_cast<unsigned char>(message[1])) == 0) {
        message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
    }
    while (message.ends_with('\n') || message.ends_with('.')) {
        message.pop_back();
    }
    return Error(Errc::InvalidArgument, message).withHint("see fsrvpctl --help");
}

int run(std::span<char*> arguments, OutputOptions& options) {
    CLI::App app("Takes, lists and deletes snapshots of shares on SMB servers.", "fsrvpctl");
    Action action;
    app.fallthrough();
    app.require_subcommand(1);
    app.set_version_flag(
        "--version", std::string("fsrvpctl ") + kVersion, "print the version and exit");
    app.set_help_flag("-h,--help", "print this help and exit");
    app.add_flag("--json", options.json, "print JSON, errors too");
    app.add_flag("-q,--quiet", options.quiet, "no progress and no notes on stderr");
    addCreate(app, options, action);
    addList(app, options, action);
    addShow(app, options, action);
    addDelete(app, options, action);
    addJob(app, options, action);
    for (const char* const argument : arguments) {
        toUtf16(argument); // D-Bus takes nothing but UTF-8
    }
    try {
        app.parse(static_cast<int>(arguments.size()), arguments.data());
    } catch (const CLI::Success& wish) { // --help, --version
        return app.exit(wish);
    } catch (const CLI::ParseError& error) {
        throw usageError(error);
    }
    const int status = action();
    flush();
    return status;
}

} // namespace

int main(int argc, char** argv) {
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    OutputOptions options;
    options.json = wantsJson(arguments);
    useUtf8();
    try {
        return run(arguments, options);
    } catch (const fsrvp::Error& error) {
        return reportError(options, error);
    } catch (const std::exception& error) {
        return reportError(options, fsrvp::Error(fsrvp::Errc::Failed, error.what()));
    }
}
