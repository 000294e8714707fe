// SPDX-License-Identifier: Apache-2.0
//
// Everything of models/wire at once, for models that speak the whole protocol.
#pragma once

#include "models/wire/admin_commands.hpp"  // IWYU pragma: export
#include "models/wire/async_event.hpp"     // IWYU pragma: export
#include "models/wire/authentication.hpp"  // IWYU pragma: export
#include "models/wire/bytes.hpp"           // IWYU pragma: export
#include "models/wire/connect.hpp"         // IWYU pragma: export
#include "models/wire/cqe.hpp"             // IWYU pragma: export
#include "models/wire/crc32c.hpp"          // IWYU pragma: export
#include "models/wire/identify.hpp"        // IWYU pragma: export
#include "models/wire/io_commands.hpp"     // IWYU pragma: export
#include "models/wire/log_pages.hpp"       // IWYU pragma: export
#include "models/wire/opcodes.hpp"         // IWYU pragma: export
#include "models/wire/registers.hpp"       // IWYU pragma: export
#include "models/wire/reservations.hpp"    // IWYU pragma: export
#include "models/wire/sqe.hpp"             // IWYU pragma: export
#include "models/wire/status.hpp"          // IWYU pragma: export
#include "models/wire/tcp_pdu.hpp"         // IWYU pragma: export
#include "models/wire/zones.hpp"           // IWYU pragma: export
