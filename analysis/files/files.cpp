// SPDX-License-Identifier: Apache-2.0
// Temporary name, fsync, rename.
#include "analysis/files/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace holdfast::analysis {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

/// Of this process and this file alone; folder.cpp knows it by its form.
fs::path hidden_name(const fs::path& path) {
  static std::atomic<unsigned> count{0};
  return path.parent_path() / fmt::format(".tmp-{}-{}", ::getpid(), count++);
}

/// Brings a file or a folder to the medium. A file system that cannot says EINVAL and the like,
/// which is no error; one that lost something says one of these three, which are given. The rule is
/// that of bindings/python/holdfast/files.py.
int sync(int handle) {
  while (::fsync(handle) != 0) {
    if (errno != EINTR)
      return errno == EIO || errno == ENOSPC || errno == EDQUOT ? errno : 0;
  }
  return 0;
}

/// A new name is on the medium only when its folder is.
int sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0)
    return 0;
  const int error = sync(handle);
  ::close(handle);
  return error;
}

/// A link stays one and leads to the new content.
fs::path where_it_leads(fs::path path) {
  // As many as Linux follows (path_resolution(7)); a loop stays where it is.
  std::error_code error;
  for (int i = 0; i < 40 && fs::is_symlink(path, error); ++i) {
    const fs::path next = fs::read_symlink(path, error);
    if (error)
      break;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

}  // namespace

EnvironmentError::EnvironmentError(const std::string& what, int error)
    : std::runtime_error(what + ": " + std::generic_category().message(error)) {}

WholeFile::WholeFile(fs::path path)
    : path_(where_it_leads(std::move(path))), hidden_(hidden_name(path_)) {
  file_ = ::open(hidden_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0)
    throw EnvironmentError("cannot write " + path_.string(), errno);
  buffer_.reserve(buffer_bytes);
}

WholeFile::~WholeFile() {
  if (file_ >= 0)
    ::close(file_);
  if (!hidden_.empty())
    ::unlink(hidden_.c_str());
}

void WholeFile::write(std::string_view bytes) {
  if (error_ != 0)
    return;
  if (buffer_.size() + bytes.size() > buffer_bytes)
    flush();
  buffer_ += bytes;
}

void WholeFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && error_ == 0) {
    const ::ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR)
      error_ = errno;
    if (written > 0)
      rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void WholeFile::finish() {
  if (file_ < 0)
    return;
  flush();
  if (error_ == 0)
    error_ = sync(file_);
  if (::close(std::exchange(file_, -1)) != 0 && error_ == 0)
    error_ = errno;
  if (error_ != 0)
    throw EnvironmentError("cannot write " + path_.string(), error_);
}

void WholeFile::publish() {
  finish();
  if (::rename(hidden_.c_str(), path_.c_str()) != 0)
    throw EnvironmentError("cannot write " + path_.string(), errno);
  hidden_.clear();
  if (const int error = sync_folder(path_.parent_path()); error != 0)
    throw EnvironmentError("cannot write " + path_.string(), error);
}

void write_whole(const fs::path& path, std::string_view text) {
  WholeFile file(path);
  file.write(text);
  file.publish();
}

}  // namespace holdfast::analysis
