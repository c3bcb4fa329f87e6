// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/client.hpp"
#include "ctl/commands.hpp"
#include "ctl/job_options.hpp"
#include "ctl/secret_input.hpp"
#include "ctl/text.hpp"

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::ctl {
namespace {

using Json = nlohmann::ordered_json;

// What fsrvpd takes, and a newline. It says which of the two it does not.
constexpr std::size_t kMostPassword = 4096 + 1;
constexpr std::size_t kMostKeytab = 20UL * 1024;

struct SetArguments {
    std::string name;
    std::string user;
    std::string domain;
    std::optional<std::string> keytab;
    std::optional<int> passwordFd;
    bool passwordStdin = false;
};

Json credentialToJson(const CredentialInfo& credential) {
    const auto known = [&credential](const std::string& text) {
        return credential.problem.empty() ? Json(text) : Json(nullptr);
    };
    Json json;
    json["name"] = credential.name;
    json["kind"] = known(credential.kind);
    json["user"] = known(credential.user);
    json["domain"] = known(credential.domain);
    json["storage"] = known(credential.storage);
    json["problem"] = credential.problem.empty() ? Json(nullptr) : Json(credential.problem);
    return json;
}

int printJson(const std::vector<CredentialInfo>& credentials) {
    print("{\"schema\": 1, \"credentials\": [");
    const char* separator = "\n";
    for (const CredentialInfo& credential : credentials) {
        print(separator + dump(credentialToJson(credential)));
        separator = ",\n";
    }
    print(credentials.empty() ? "]}\n" : "\n]}\n");
    return 0;
}

Secret readPassword(const SetArguments& arguments) {
    if (arguments.passwordStdin) {
        return readToEnd(STDIN_FILENO, kMostPassword, "stdin");
    }
    if (arguments.passwordFd) {
        return readToEnd(*arguments.passwordFd,
                         kMostPassword,
                         "descriptor " + std::to_string(*arguments.passwordFd));
    }
    if (::isatty(STDIN_FILENO) == 0) {
        throw Error(Errc::InvalidArgument, "there is no password, and no terminal to ask for it")
            .withHint("give --password-stdin, --password-fd N or --keytab FILE");
    }
    return askPassword("Password of " + printable(arguments.user));
}

std::string sentenceOf(const CredentialInfo& credential) {
    const bool isPlain = credential.storage == "plain";
    return "credential " + credential.name + " is stored, " +
           (isPlain ? "in plain text that only root may read" : credential.storage);
}

int set(const OutputOptions& output, const SetArguments& arguments) {
    if (!arguments.keytab && arguments.user.empty()) {
        throw Error(Errc::InvalidArgument, "a password needs a user")
            .withHint("give --user USER, the user's name on the server");
    }
    const Secret secret =
        arguments.keytab ? readSecretFile(*arguments.keytab, kMostKeytab) : readPassword(arguments);
    CredentialOptions options;
    options.kind = arguments.keytab ? "keytab" : "password";
    options.user = arguments.user;
    options.domain = arguments.domain;
    Client client;
    client.setCredential(arguments.name, pipeWith(secret), options);
    std::vector<CredentialInfo> credentials = client.listCredentials();
    std::erase_if(credentials,
                  [&](const CredentialInfo& other) { return other.name != arguments.name; });
    if (output.json) {
        return printJson(credentials);
    }
    for (const CredentialInfo& credential : credentials) {
        print(sentenceOf(credential) + "\n");
    }
    return 0;
}

int list(const OutputOptions& output) {
    const std::vector<CredentialInfo> credentials = Client().listCredentials();
    if (output.json) {
        return printJson(credentials);
    }
    if (credentials.empty()) {
        note(output, "there are no credentials");
        return 0;
    }
    const auto orDash = [](const std::string& text) { return text.empty() ? "-" : text; };
    std::vector<Row> rows;
    rows.reserve(credentials.size());
    for (const CredentialInfo& credential : credentials) {
        const Cell storage = credential.problem.empty()
                                 ? Cell{credential.storage}
                                 : Cell{"unusable: " + credential.problem, Tone::Bad};
        rows.push_back({{credential.name},
                        {orDash(credential.kind)},
                        {orDash(credential.user)},
                        {orDash(credential.domain)},
                        storage});
    }
    print(renderTable(
        {"NAME", "KIND", "USER", "DOMAIN", "STORAGE"}, std::move(rows), colourFor(STDOUT_FILENO)));
    return 0;
}

int remove(const OutputOptions& output, const std::string& name) {
    Client().removeCredential(name);
    if (output.json) {
        print("{\"schema\": 1}\n");
    }
    return 0;
}

struct TestArguments {
    std::string name;
    std::string server;
    JobOptions job;
};

int test(const OutputOptions& output, const TestArguments& arguments) {
    const auto timeout = arguments.job.span();
    return runCheck(output, arguments.job.waiting(), [&](Client& client) {
        return client.testCredential(arguments.name, arguments.server, timeout);
    });
}

void addTest(CLI::App& noun, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<TestArguments>(); // shared by the verb's callback
    CLI::App* const verb =
        noun.add_subcommand("test", "log in to a server with a credential and ask for FSRVP");
    verb->add_option("NAME", arguments->name, "the credential's name")->required();
    verb->add_option("SERVER", arguments->server, "HOST or HOST:PORT")->required();
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return test(options, *arguments); };
    });
}

void addSet(CLI::App& noun, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<SetArguments>(); // shared by the verb's callback
    CLI::App* const verb = noun.add_subcommand(
        "set", "keep a password or keytab; asks for the password unless told where it is");
    verb->add_option("NAME", arguments->name, "letters, digits, '.', '_', '-'; 64 at most")
        ->required();
    verb->add_option(
        "-u,--user",
        arguments->user,
        "the user's name on the server; with a keytab its first principal unless given");
    verb->add_option("-d,--domain", arguments->domain, "the domain, or the Kerberos realm");
    CLI::Option* const keytab =
        verb->add_option("--keytab", arguments->keytab, "a file with Kerberos keys, to be copied");
    CLI::Option* const fromStdin = verb->add_flag(
        "--password-stdin", arguments->passwordStdin, "read the password from stdin");
    CLI::Option* const fromFd = verb->add_option(
        "--password-fd", arguments->passwordFd, "read the password from this descriptor");
    keytab->excludes(fromStdin)->excludes(fromFd);
    fromStdin->excludes(fromFd);
    fromFd->check(CLI::Range(0, 1 << 20));
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return set(options, *arguments); };
    });
}

} // namespace

void addCredential(CLI::App& app, const OutputOptions& options, Action& action) {
    CLI::App* const noun = app.add_subcommand("credential", "keep logins for servers");
    noun->require_subcommand(1);
    addSet(*noun, options, action);
    noun->add_subcommand("list", "list credentials, and whether they are encrypted")
        ->callback([&options, &action] { action = [&options] { return list(options); }; });
    addTest(*noun, options, action);
    const auto name = std::make_shared<std::string>(); // shared by the verb's callback
    CLI::App* const verb = noun->add_subcommand("remove", "forget a credential");
    verb->add_option("NAME", *name, "the credential's name")->required();
    verb->callback([&options, &action, name] {
        action = [&options, name] { return remove(options, *name); };
    });
}

} // namespace fsrvp::ctl
