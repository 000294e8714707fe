// SPDX-License-Identifier: Apache-2.0
// Writing to descriptors, with a look at the reader.
#include "bindings/cli/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>

#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::cli {
namespace {

/// Somebody has asked for memory in vain.
std::atomic<bool> memory_ended = false;

constexpr const char* stdout_name = "cannot write to standard output";
bool stdout_was_closed = false;

/// Whether a reader may keep a writer waiting.
bool may_block(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 && !S_ISREG(status.st_mode);
}

/// Whether something can be written without waiting, after at most so long.
bool is_ready(int file, std::chrono::milliseconds wait) {
  pollfd one{file, POLLOUT, 0};
  return ::poll(&one, 1, static_cast<int>(wait.count())) > 0;
}

/// 0, or an errno. A pipe takes a page without waiting whenever it is ready.
int write_all(int file, std::string_view rest) {
  using namespace std::chrono_literals;
  const std::size_t most = may_block(file) ? 4096 : std::size_t{1} << 20;
  auto taken = std::chrono::steady_clock::now();
  while (!rest.empty()) {
    if (!is_ready(file, 50ms)) {
      const auto waited = std::chrono::steady_clock::now() - taken;
      if (stop_requested() && std::min<std::chrono::nanoseconds>(waited, since_signal()) > 500ms)
        return ETIMEDOUT;
      continue;
    }
    const ::ssize_t written = ::write(file, rest.data(), std::min(rest.size(), most));
    if (written < 0 && errno != EINTR && errno != EAGAIN)
      return errno;
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      taken = std::chrono::steady_clock::now();
      still_alive();
    }
  }
  return 0;
}

}  // namespace

void prepare_output() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // A file that may not grow is told as a full disk is.
  for (int file = 0; file <= 2; ++file) {
    if (::fcntl(file, F_GETFD) >= 0)
      continue;
    stdout_was_closed = stdout_was_closed || file == STDOUT_FILENO;
    // The lowest number that is free is this one. What this program becomes (sweep.cpp) must learn,
    // too, that nobody hears its data: who writes to what was opened for reading gets EBADF.
    static_cast<void>(::open("/dev/null", file == STDERR_FILENO ? O_WRONLY : O_RDONLY));
  }
}

void check_stdout() {
  if (stdout_was_closed)
    throw analysis::EnvironmentError(stdout_name, EBADF);
  struct stat status {};
  struct statvfs disk {};
  if (::fstat(STDOUT_FILENO, &status) != 0)
    return;
  // /dev/full (mem(4)) is what such a disk is tried with.
  const bool full_device = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 7);
  const bool full_disk = S_ISREG(status.st_mode) && ::fstatvfs(STDOUT_FILENO, &disk) == 0 &&
                         disk.f_blocks != 0 && disk.f_bavail == 0;
  if (full_device || full_disk)
    throw analysis::EnvironmentError(stdout_name, ENOSPC);
}

void say(const std::string& line) {
  // Nobody to tell that it cannot be told.
  static_cast<void>(write_all(STDERR_FILENO, "holdfast: " + scenario::printable(line) + "\n"));
}

void say_no_memory() {
  static_cast<void>(write_all(STDERR_FILENO,
                              "holdfast: no memory left; holdfast verify says how much a run "
                              "needs, --max-memory bounds it\n"));
}

void expect_no_memory() {
  // What ends the program in a function that must not throw may have no exception by then.
  std::set_new_handler([] {
    memory_ended = true;
    throw std::bad_alloc();
  });
  std::set_terminate([] {
    try {
      if (const auto error = std::current_exception())
        std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
      memory_ended = true;
    } catch (...) {
      std::abort();
    }
    if (memory_ended) {
      say_no_memory();
      ::_exit(environment);
    }
    std::abort();
  });
}

void say_if_heard(std::string_view text) {
  if (is_ready(STDERR_FILENO, std::chrono::milliseconds{0}))
    static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()));
}

void print(const std::string& data) {
  const int error = stdout_was_closed ? EBADF : write_all(STDOUT_FILENO, data);
  if (error == EPIPE)
    throw ReaderGone{};
  if (error != 0)
    throw analysis::EnvironmentError(stdout_name, error);
}

std::string text_of(const nlohmann::json& document) {
  // Text that is not UTF-8 (a file name) must not end the program at its last step.
  constexpr auto replace = nlohmann::json::error_handler_t::replace;
  return document.dump(2, ' ', false, replace) + '\n';
}

void print(const nlohmann::json& document) { print(text_of(document)); }

}  // namespace holdfast::cli
