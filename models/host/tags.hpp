// SPDX-License-Identifier: Apache-2.0
// The tags of a queue pair: which are free, and which request each of the others carries. A row is
// made when its tag is used for the first time, so an idle queue costs a few bytes however long it
// is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/arena.hpp"
#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/fetch.hpp"

namespace holdfast::host {

enum class RequestId : std::uint64_t {};

class Tags {
 public:
  Tags() = default;
  /// Ordinary tags are [reserved, end), those below are for Connect and Keep Alive
  /// (BLK_MQ_REQ_RESERVED); at most two. No command identifier names a tag of `limit` or more.
  Tags(std::uint16_t reserved, std::uint16_t end, std::uint16_t limit)
      : limit_(limit), end_(end), fresh_(reserved), reserved_count_(reserved) {
    HOLDFAST_PACKET_CHECK(reserved <= reserved_.size(), "there are two kinds of reserved commands");
    HOLDFAST_PACKET_CHECK(reserved < end && end <= limit, "no tag is left for ordinary commands");
    for (std::uint16_t tag = 0; tag < reserved; ++tag)
      reserved_[tag] = static_cast<std::uint8_t>(tag);
  }

  /// Tags that can carry something now are below.
  [[nodiscard]] std::uint16_t used() const { return static_cast<std::uint16_t>(rows_.size()); }
  [[nodiscard]] std::size_t free() const { return returned_ + std::size_t{end_} - fresh_; }
  [[nodiscard]] bool has_reserved() const { return reserved_count_ != 0; }

  /// The tag that was given back last comes first, as sbitmap's hint makes it; then those that were
  /// never used, in order.
  std::uint16_t take() {
    if (returned_ == 0) {
      HOLDFAST_CHECK(fresh_ < end_, "no tag is free");
      return fresh_++;
    }
    const std::uint16_t tag = last_returned_;
    HOLDFAST_PACKET_CHECK(tag < rows_.size() && rows_[tag].request == sim::none<RequestId>,
                          "a tag that is free carries a request");
    last_returned_ = rows_[tag].returned_before;
    --returned_;
    return tag;
  }
  void give_back(std::uint16_t tag) {
    HOLDFAST_PACKET_CHECK(tag < fresh_ && free() < end_, "a tag is given back that was not taken");
    row(tag).returned_before = last_returned_;
    last_returned_ = tag;
    ++returned_;
  }
  std::uint16_t take_reserved() {
    HOLDFAST_CHECK(reserved_count_ != 0, "no reserved tag is free");
    return reserved_[--reserved_count_];
  }
  void give_back_reserved(std::uint16_t tag) {
    HOLDFAST_PACKET_CHECK(reserved_count_ < reserved_.size(),
                          "a reserved tag is given back that was not taken");
    reserved_[reserved_count_++] = static_cast<std::uint8_t>(tag);
  }

  /// From now on the tag carries a request; its generation, which changes with each use.
  std::uint8_t carry(std::uint16_t tag, RequestId request);
  void drop(std::uint16_t tag) {
    HOLDFAST_CHECK(tag < rows_.size() && rows_[tag].request != sim::none<RequestId>,
                   "a tag is dropped that carries nothing");
    rows_[tag].request = sim::none<RequestId>;
  }

  /// What a tag carries; none: nothing, or there is no such tag.
  [[nodiscard]] RequestId operator[](std::size_t tag) const {
    return tag < rows_.size() ? rows_[tag].request : sim::none<RequestId>;
  }
  /// The same, if it is that use of the tag which the generation names.
  [[nodiscard]] RequestId find(std::uint16_t tag, std::uint8_t generation) const {
    return tag < rows_.size() && rows_[tag].generation == generation ? rows_[tag].request
                                                                     : sim::none<RequestId>;
  }
  [[nodiscard]] std::uint32_t in_flight() const {
    std::uint32_t count = 0;
    for (const Row& r : rows_)
      count += r.request != sim::none<RequestId> ? 1 : 0;
    return count;
  }
  /// One will be taken, or comes back.
  void fetch() const {
    if (last_returned_ < rows_.size())
      sim::fetch_object(rows_[last_returned_]);
  }
  /// All that the next ones depend on: `tell(member...)`.
  template <class Tell>
  void with_members(Tell tell) const {
    tell(limit_, end_, fresh_, returned_, last_returned_, reserved_count_, reserved_, rows_);
  }
  /// What is not as it must be, or null: each tag is free once or carries a request, and none is
  /// lost.
  [[nodiscard]] const char* broken() const;

 private:
  struct Row {
    RequestId request = sim::none<RequestId>;
    std::uint16_t returned_before = 0;  ///< of a free tag: the one that comes after it
    std::uint8_t generation = 0;        ///< 4 bits
  };

  Row& row(std::uint16_t tag) {
    if (tag >= rows_.size()) {
      HOLDFAST_CHECK(tag < limit_, "no command identifier names such a tag");
      rows_.resize(std::size_t{tag} + 1);
    }
    return rows_[tag];
  }

  std::uint16_t limit_ = 0;
  std::uint16_t end_ = 0;
  std::uint16_t fresh_ = 0;  ///< ordinary tags from here on were never used
  std::uint16_t returned_ = 0;
  std::uint16_t last_returned_ = 0;
  std::uint16_t reserved_count_ = 0;
  std::array<std::uint8_t, 2> reserved_{};  ///< free ones, the next one last
  sim::Vector<Row> rows_;                   ///< by tag
};

}  // namespace holdfast::host
