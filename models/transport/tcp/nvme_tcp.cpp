// SPDX-License-Identifier: Apache-2.0
#include "models/transport/tcp/nvme_tcp.hpp"

#include "models/wire/crc32c.hpp"

namespace holdfast::transport::nvme_tcp {

void add_header_digest(Message& m) {
  const auto digest = wire::encode_digest({m.header.data(), m.header_bytes});
  std::copy(digest.begin(), digest.end(), m.header.begin() + m.header_bytes);
  m.header_bytes += wire::digest_bytes;
}

}  // namespace holdfast::transport::nvme_tcp
