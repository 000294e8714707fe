// SPDX-License-Identifier: Apache-2.0
// Worlds that were met, in a file; see met_file.hpp.
#include "analysis/search/alike/met_file.hpp"

#include <fstream>
#include <utility>

#include "analysis/files/files.hpp"
#include "models/scenario/reading/error.hpp"
#include "sim/memory.hpp"

namespace holdfast::analysis::search::alike {

namespace {

std::uint64_t sum_with(std::uint64_t sum, const Remembered& one) {
  for (const std::uint64_t word : {one.hash.high, one.hash.low, one.rest})
    sum = (sum ^ word) * 0x9e3779b97f4a7c15 + (sum >> 29);
  return sum;
}

}  // namespace

MetFile::MetFile(std::filesystem::path file) : file_(std::move(file)) {}

std::optional<std::vector<Remembered>> MetFile::read(std::uint64_t count, std::uint64_t sum) {
  std::error_code none;
  const std::uintmax_t size = count == 0 ? 0 : std::filesystem::file_size(file_, none);
  if (none || size / sizeof(Remembered) < count)
    return std::nullopt;
  std::vector<Remembered> worlds(count);
  std::ifstream in = sim::open_to_read(file_);
  in.read(reinterpret_cast<char*>(worlds.data()),
          static_cast<std::streamsize>(count * sizeof(Remembered)));
  sum_ = 0;
  for (const Remembered& one : worlds)
    sum_ = sum_with(sum_, one);
  if ((count != 0 && !in) || sum_ != sum)
    return std::nullopt;
  written_ = count;
  return worlds;
}

void MetFile::add(std::uint64_t before, std::span<const Remembered> worlds) {
  if (before == 0) {  // the search begins, or begins anew
    written_ = 0;
    sum_ = 0;
    pending_.clear();
  }
  for (const Remembered& one : worlds) {
    pending_.push_back(one);
    sum_ = sum_with(sum_, one);
  }
}

void MetFile::write() {
  if (pending_.empty())
    return;
  const auto how = std::ios::binary | std::ios::out;
  std::fstream out(file_, written_ == 0 ? how | std::ios::trunc : how | std::ios::in);
  out.seekp(static_cast<std::streamoff>(written_ * sizeof(Remembered)));
  out.write(reinterpret_cast<const char*>(pending_.data()),
            static_cast<std::streamsize>(pending_.size() * sizeof(Remembered)));
  out.flush();
  if (!out)
    throw EnvironmentError("cannot write " + scenario::in_quotes(file_.string()));
  written_ += pending_.size();
  pending_.clear();
}

void MetFile::remove() const {
  std::error_code none;
  std::filesystem::remove(file_, none);
}

}  // namespace holdfast::analysis::search::alike
