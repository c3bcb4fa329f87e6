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

/// One of the two programs that this is, by the name that it was called by.
struct Program {
    const char* name;
    const char* about;
    const char* usageHint;
    void (*addVerbs)(CLI::App& app, const OutputOptions& options, Action& action);
};

void addOwnVerbs(CLI::App& app, const OutputOptions& options, Action& action) {
    addCreate(app, options, action);
    addMount(app, options, action);
    addUnmount(app, options, action);
    addList(app, options, action);
    addShow(app, options, action);
    addDelete(app, options, action);
    addCheck(app, options, action);
    addReconcile(app, options, action);
    addCredential(app, options, action);
    addJob(app, options, action);
}

constexpr Program kFsrvpctl{"fsrvpctl",
                            "Takes, mounts, lists and deletes snapshots of shares on SMB servers.",
                            "see fsrvpctl --help",
                            addOwnVerbs};
constexpr Program kCifs{"cifs",
                        "Snapshots of mounted shares. fsrvpctl can do more.",
                        "see cifs filesystem snapshot --help",
                        addCifsFilesystem};

const Program& programOf(std::span<char*> arguments) {
    const std::string_view path = arguments.empty() ? "" : arguments.front();
    return path.substr(path.find_last_of('/') + 1) == kCifs.name ? kCifs : kFsrvpctl;
}

/// D-Bus takes nothing but UTF-8.
void checkUtf8(std::span<char*> arguments) {
    for (const std::string_view argument : arguments) {
        try {
            toUtf16(argument);
        } catch (const Error&) {
            throw Error(Errc::InvalidArgument,
                        "'" + std::string(argument) +
                            "' is not UTF-8, and D-Bus takes nothing else");
        }
    }
}

Error usageError(const Program& program, const CLI::ParseError& error) {
    std::string message = error.what();
    if (message.size() > 1 && std::isupper(static_cast<unsigned char>(message[1])) == 0) {
        message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
    }
    while (message.ends_with('\n') || message.ends_with('.')) {
        message.pop_back();
    }
    return Error(Errc::InvalidArgument, message).withHint(program.usageHint);
}

int run(const Program& program, std::span<char*> arguments, OutputOptions& options) {
    CLI::App app(program.about, program.name);
    Action action;
    app.fallthrough();
    app.require_subcommand(1);
    app.set_version_flag(
        "--version", std::string(program.name) + " " + kVersion, "print the version and exit");
    app.set_help_flag("-h,--help", "print this help and exit");
    app.add_flag("--json", options.json, "print JSON, errors too");
    app.add_flag("-q,--quiet", options.quiet, "no progress and no notes on stderr");
    program.addVerbs(app, options, action);
    checkUtf8(arguments);
    try {
        app.parse(static_cast<int>(arguments.size()), arguments.data());
    } catch (const CLI::Success& wish) { // --help, --version
        return app.exit(wish);
    } catch (const CLI::ParseError& error) {
        throw usageError(program, error);
    }
    const int status = action();
    flush();
    return status;
}

} // namespace

int main(int argc, char** argv) {
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    const Program& program = programOf(arguments);
    OutputOptions options;
    options.program = program.name;
    options.json = wantsJson(arguments);
    useUtf8();
    try {
        return run(program, arguments, options);
    } catch (const fsrvp::Error& error) {
        return reportError(options, error);
    } catch (const std::exception& error) {
        return reportError(options, fsrvp::Error(fsrvp::Errc::Failed, error.what()));
    }
}
