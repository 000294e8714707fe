// SPDX-License-Identifier: Apache-2.0
// A folder that a run writes into: made and tried before the run, and nobody else's meanwhile.
#pragma once

#include <filesystem>
#include <vector>

#include "analysis/files/files.hpp"

namespace holdfast::analysis {

class Folder {
 public:
  /// Makes it and those above it, locks it, takes away what a killed run left unfinished, and tries
  /// whether a file can be written. Throws EnvironmentError, and leaves nothing behind then. Where
  /// a file system has no locks, nobody is kept out.
  explicit Folder(std::filesystem::path path);
  /// Gives it free. Takes away what it had made if it is still empty.
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void make();
  void lock();
  void give_up();

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;
  int lock_ = -1;
};

}  // namespace holdfast::analysis
