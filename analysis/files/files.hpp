// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all: written under another name in the same folder, brought
// to the medium, and then renamed. Whatever happens meanwhile, the name stands for the old content
// or for the new one.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace holdfast::analysis {

/// What the surroundings refuse: the disk is full, the folder may not be written to, a name is too
/// long. what() names the place and the reason.
class EnvironmentError : public std::runtime_error {
 public:
  /// `error` is an errno.
  EnvironmentError(const std::string& what, int error);
  explicit EnvironmentError(const std::string& what) : std::runtime_error(what) {}
};

class WholeFile {
 public:
  /// Throws EnvironmentError if it cannot be made.
  explicit WholeFile(std::filesystem::path path);
  /// Takes away what was not published.
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  /// Does not throw: what goes wrong is told by finish(), so that a run does not end for a trace.
  void write(std::string_view bytes);
  /// Brings all to the medium, still under the other name. Throws EnvironmentError.
  void finish();
  /// Finishes and gives it its name, in the place of what had it. Throws EnvironmentError.
  void publish();

 private:
  void flush();

  std::filesystem::path path_;
  std::filesystem::path hidden_;
  int file_ = -1;
  int error_ = 0;  ///< errno of the first write that failed
  std::string buffer_;
};

/// Throws EnvironmentError; then the earlier file is as it was.
void write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace holdfast::analysis
