// SPDX-License-Identifier: Apache-2.0
// SimGrid's headers lean on being included in a certain order (3.32: some use std::function and the
// export macros without saying so). This header is that order; include it before any of theirs.
#pragma once

// clang-format off
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include <simgrid/forward.h>
#include <simgrid/version.h>
// clang-format on
