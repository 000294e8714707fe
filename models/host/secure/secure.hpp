// SPDX-License-Identifier: Apache-2.0
// In-band authentication as the set-up of an association sees it.
#pragma once

#include "models/host/internal.hpp"

namespace holdfast::host::secure {

/// A command of the set-up has succeeded. True: authentication begins with it, or goes on, and the
/// set-up waits.
bool authenticates(World& w, ControllerId id, const Request& request,
                   const wire::Completion& completion);

}  // namespace holdfast::host::secure
