// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/path_helper.hpp"

#include "daemon/base/packet.hpp"
#include "daemon/mount/fs_messages.hpp"

#include <sys/epoll.h>

#include <utility>

namespace fsrvp::mount {
namespace {

/// The helper's one packet, or how it failed to give one.
void receiveInto(int socket, const OneShot<std::string>& reply) {
    try {
        std::optional<std::string> packet = receivePacket(socket);
        if (!packet) {
            throw Error(Errc::Failed, "fsrvp-fs has ended without an answer")
                .withHint("see the journal for what ended it: journalctl -u 'fsrvp-fs@*'");
        }
        reply.set(std::move(*packet));
    } catch (const Error&) {
        reply.fail(std::current_exception());
    }
}

struct Question {
    EventLoop& loop;
    Launcher& launcher;
    std::chrono::milliseconds limit;
    std::string what; ///< "check /mnt/x", for messages
};

/// Closing the socket is what ends a helper that is given up, so also when this is destroyed.
Task<fs::Answer> ask(Question question, fs::Request request, Cancellation& cancellation) {
    cancellation.throwIfRequested();
    const std::string packet = fs::encode(request);
    const UniqueFd socket = question.launcher.launch();
    sendPacket(socket.get(), packet);
    const OneShot<std::string> reply(question.loop);
    const EventSource readable =
        question.loop.watch(socket.get(), EPOLLIN, [fd = socket.get(), reply](std::uint32_t) {
            receiveInto(fd, reply);
        });
    const EventSource deadline = question.loop.after(question.limit, [&question, reply] {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(question.limit).count();
        reply.fail(std::make_exception_ptr(
            Error(Errc::TimedOut,
                  "cannot " + question.what + ": no answer within " + std::to_string(seconds) +
                      " s")
                .withHint("a file system on the way there does not answer: see whether its server "
                          "can be reached")));
    });
    std::string received = co_await awaitOr(reply, cancellation);
    const Secret text(std::move(received)); // it may hold one
    fs::Answer answer = fs::decodeAnswer(text.reveal());
    if (const Error* error = std::get_if<Error>(&answer)) {
        throw Error(*error);
    }
    co_return answer;
}

template <class Expected> Expected expect(fs::Answer answer) {
    if (Expected* expected = std::get_if<Expected>(&answer)) {
        return std::move(*expected);
    }
    throw Error(Errc::Protocol, "malformed message of fsrvp-fs: the answer to something else");
}

} // namespace

PathHelper::PathHelper(EventLoop& loop, Launcher& launcher, std::chrono::milliseconds limit)
    : loop_(loop), launcher_(launcher), limit_(limit) {
}

Task<bool> PathHelper::checkDestination(std::string path, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "check " + path};
    fs::Request request = fs::CheckDestination{std::move(path)};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    co_return expect<bool>(std::move(answer));
}

Task<void> PathHelper::makeDirectory(std::string path, bool parents, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "make the directory " + path};
    fs::Request request = fs::MakeDirectory{std::move(path), parents};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    expect<fs::Done>(std::move(answer));
}

Task<bool> PathHelper::removeDirectory(std::string path, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "remove the directory " + path};
    fs::Request request = fs::RemoveDirectory{std::move(path)};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    co_return expect<bool>(std::move(answer));
}

Task<std::vector<Holder>> PathHelper::holders(std::string path, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "see who uses " + path};
    fs::Request request = fs::FindHolders{std::move(path)};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    co_return expect<std::vector<Holder>>(std::move(answer));
}

Task<void> PathHelper::detach(std::string path, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "detach " + path};
    fs::Request request = fs::Detach{std::move(path)};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    expect<fs::Done>(std::move(answer));
}

Task<bool> PathHelper::isConnected(std::string share, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "see whether share '" + share + "' is used"};
    fs::Request request = fs::IsConnected{std::move(share)};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    co_return expect<bool>(std::move(answer));
}

Task<SecretFile> PathHelper::readSecretFile(std::string path, Cancellation& cancellation) {
    Question question{loop_, launcher_, limit_, "read " + path};
    fs::Request request = fs::ReadSecretFile{std::move(path)};
    fs::Answer answer = co_await ask(std::move(question), std::move(request), cancellation);
    co_return expect<SecretFile>(std::move(answer));
}

} // namespace fsrvp::mount
