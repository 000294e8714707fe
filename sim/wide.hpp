// SPDX-License-Identifier: Apache-2.0
// 128-bit arithmetic where a product of two 64-bit words must not wrap.
#pragma once

namespace holdfast::sim {

__extension__ using Wide = unsigned __int128;

}  // namespace holdfast::sim
