// SPDX-License-Identifier: Apache-2.0
// `holdfast sweep` is Python: this finds one that has the package, and becomes it.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "bindings/cli/cli.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words)
    out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

/// Whether this interpreter starts and has the package. -P: a folder `holdfast` that happens to be
/// here is not it; a Python before 3.11 does not know -P, and would be too old.
bool has_package(const std::string& python) {
  std::vector<std::string> words = {
      python, "-P", "-c",
      "import importlib.util as u, sys; s = u.find_spec('holdfast'); sys.exit(not (s and "
      "s.has_location))"};
  const auto arguments = pointers(words);
  const pid_t child = fork();
  if (child < 0)
    throw analysis::EnvironmentError("cannot start a process", errno);
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) != nullptr)
      execvp(python.c_str(), arguments.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The first Python that has the package, or nothing.
std::string find_python() {
  std::vector<std::string> candidates;
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (!failed) {
    candidates.push_back(program.parent_path() / "python3");
    candidates.push_back(program.parent_path().parent_path() / ".venv" / "bin" / "python3");
    // In a wheel that carries its libraries it is lib/pythonX.Y/site-packages/holdfast.scripts/.
    const fs::path prefix = program.parent_path() / ".." / ".." / ".." / "..";
    candidates.push_back(prefix.lexically_normal() / "bin" / "python3");
  }
  candidates.emplace_back("python3");
  for (const auto& one : candidates) {
    if ((one == "python3" || fs::exists(one, failed)) && has_package(one))
      return one;
  }
  return {};
}

}  // namespace

int sweep(const std::vector<std::string>& arguments) {
  // Python would answer Ctrl-C with a traceback while it starts: until its first line it waits.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const char* set = std::getenv("HOLDFAST_PYTHON");
  const bool chosen = set != nullptr && *set != '\0';
  const std::string python = chosen ? set : find_python();
  if (chosen && !has_package(python)) {
    throw UsageError(fmt::format(
        "sweep: HOLDFAST_PYTHON is {}, which is no Python 3.11 or newer with the package holdfast",
        python));
  }
  if (python.empty()) {
    throw UsageError(
        "sweep: found no Python with the package holdfast; install it with \"pip install .\" in "
        "the source tree (Debian: apt install python3-venv first), or name one in HOLDFAST_PYTHON");
  }
  if (std::none_of(arguments.begin(), arguments.end(),
                   [](const std::string& word) { return word.starts_with("--out"); }))
    check_stdout();
  // Until the package has been imported, which takes a second, there is nothing to keep, and Ctrl-C
  // ends the program without a traceback.
  std::vector<std::string> words = {
      python, "-P", "-c",
      "import signal, os; [signal.signal(s, lambda n, _: (os.write(2, b'holdfast: stopped before "
      "any run\\n'), os._exit(128 + n))) for s in (2, 15)]; "
      "signal.pthread_sigmask(signal.SIG_UNBLOCK, (2, 15)); "
      "import runpy; runpy.run_module('holdfast.sweeping', run_name='__main__', alter_sys=True)"};
  // The commands that it prints are for this program.
  setenv("HOLDFAST_PROGRAM", program().c_str(), 1);
  words.insert(words.end(), arguments.begin(), arguments.end());
  execvp(python.c_str(), pointers(words).data());
  throw analysis::EnvironmentError("cannot start " + python, errno);
}

}  // namespace holdfast::cli
