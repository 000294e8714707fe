// SPDX-License-Identifier: Apache-2.0
// Making, locking and trying a folder.
#include "analysis/files/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace holdfast::analysis {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_name = ".lock";

std::string quoted(const fs::path& path) { return "\"" + path.string() + "\""; }

/// Whether the file that is open still has its name: the one who had the lock takes it away.
bool is_there(int handle, const fs::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(handle, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

/// Files that a killed run was writing (files.cpp). Whoever has the lock may take them away.
void remove_unfinished(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(".tmp-") && entry.is_regular_file(ignored))
      fs::remove(entry.path(), ignored);
  }
}

/// A block of data shows what permissions do not: a full disk, a quota, a read-only mount.
void try_to_write(const fs::path& folder) {
  WholeFile probe(folder / "probe");
  probe.write(std::string(4096, '\0'));
  probe.finish();
}

}  // namespace

Folder::Folder(fs::path path) : path_(std::move(path)) {
  try {
    make();
    lock();
    remove_unfinished(path_);
    try_to_write(path_);
  } catch (const EnvironmentError&) {
    give_up();
    throw;
  }
}

Folder::~Folder() { give_up(); }

void Folder::make() {
  fs::path part;
  for (const fs::path& one : path_) {
    part /= one;
    std::error_code error;
    if (one.empty() || one == "." || one == ".." || fs::is_directory(part, error))
      continue;
    if (::mkdir(part.c_str(), 0777) == 0) {
      made_.push_back(part);
    } else if (errno != EEXIST || !fs::is_directory(part, error)) {
      throw EnvironmentError("cannot make the folder " + quoted(part), errno);
    }
  }
}

void Folder::lock() {
  const fs::path name = path_ / lock_name;
  while (true) {
    lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0)
      throw EnvironmentError("cannot write to " + quoted(path_), errno);
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(std::exchange(lock_, -1));
      throw EnvironmentError("another run is writing into " + quoted(path_) +
                             "; give each run a folder of its own");
    }
    if (is_there(lock_, name))
      return;
    ::close(lock_);
  }
}

void Folder::give_up() {
  if (lock_ >= 0) {
    ::unlink((path_ / lock_name).c_str());
    ::close(std::exchange(lock_, -1));
  }
  // What is not empty stays.
  for (; !made_.empty(); made_.pop_back())
    ::rmdir(made_.back().c_str());
}

}  // namespace holdfast::analysis
