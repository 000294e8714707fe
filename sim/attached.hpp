// SPDX-License-Identifier: Apache-2.0
// A pointer to something outside the world, which a copy of the world does not take along.
#pragma once

namespace holdfast::sim {

template <class T>
class Attached {
 public:
  Attached() = default;
  Attached(const Attached&) {}
  Attached& operator=(const Attached&) {
    to_ = nullptr;
    return *this;
  }
  ~Attached() = default;

  void attach(T* to) { to_ = to; }
  [[nodiscard]] T* get() const { return to_; }
  explicit operator bool() const { return to_ != nullptr; }
  T* operator->() const { return to_; }

 private:
  T* to_ = nullptr;
};

}  // namespace holdfast::sim
