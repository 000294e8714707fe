// SPDX-License-Identifier: Apache-2.0
//
// Identify data: Controller (4,096 bytes), Namespace, active namespace list and namespace
// descriptor list. Only fields that a host of this simulator reads are named; all other bytes are
// zero.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "models/wire/admin_commands.hpp"
#include "models/wire/bytes.hpp"

namespace holdfast::wire {

using IdentifyPage = std::array<std::byte, identify_bytes>;

// CTRATT bit 6, traffic based keep alive: any command counts as a sign of life.
inline constexpr std::uint32_t ctratt_tbkas = 1U << 6U;
inline constexpr std::uint32_t ctratt_host_id_128 = 1U << 0U;

// CMIC bits.
inline constexpr std::uint8_t cmic_ana_reporting = 1U << 3U;

// Controller type (byte 111).
enum class ControllerType : std::uint8_t { unspecified = 0, io = 1, discovery = 2, admin = 3 };

struct IdentifyController {
  std::uint16_t vid = 0;          // bytes 1:0
  std::uint16_t ssvid = 0;        // 3:2
  PaddedText<20, ' '> serial{};   // 23:4
  PaddedText<40, ' '> model{};    // 63:24
  PaddedText<8, ' '> firmware{};  // 71:64
  std::uint8_t rab = 0;           // 72, recommended arbitration burst
  std::uint8_t cmic = 0;          // 76, bit 1 several controllers, bit 3 ANA reporting
  std::uint8_t mdts = 0;          // 77, maximum transfer as a power of two of pages; 0 = none
  std::uint16_t cntlid = 0;       // 79:78
  std::uint32_t ver = 0;          // 83:80, see nvme_version
  std::uint32_t oaes = 0;         // 95:92, aec_* bits on offer
  std::uint32_t ctratt = 0;       // 99:96
  ControllerType cntrltype = ControllerType::unspecified;  // 111
  std::array<std::uint16_t, 3> crdt{};  // 133:128, command retry delays in 100 ms
  std::uint8_t ciu = 0;                 // 135, controller instance uniquifier; 0 = not reported
  std::uint64_t cirn = 0;               // 143:136, controller instance random number
  std::uint16_t oacs = 0;               // 257:256
  std::uint8_t acl = 0;                 // 258, abort limit, 0's based
  std::uint8_t aerl = 0;                // 259, event request limit, 0's based
  std::uint8_t lpa = 0;                 // 261, log page attributes
  std::uint8_t elpe = 0;                // 262, error log entries, 0's based
  std::uint16_t kas = 0;                // 321:320, keep-alive granularity in 100 ms; 0 = none
  std::uint8_t anatt = 0;               // 342, ANA transition time in seconds
  std::uint8_t anacap = 0;              // 343
  std::uint32_t anagrpmax = 0;          // 347:344
  std::uint32_t nanagrpid = 0;          // 351:348
  std::uint16_t cqt = 0;                // 387:386, command quiesce time in milliseconds
  std::uint8_t sqes = 0x66;             // 512, SQE size as powers of two: required and maximum
  std::uint8_t cqes = 0x44;             // 513, CQE size likewise
  std::uint16_t maxcmd = 0;             // 515:514, commands outstanding per queue
  std::uint32_t nn = 0;                 // 519:516, highest namespace identifier
  std::uint16_t oncs = 0;               // 521:520
  std::uint8_t vwc = 0;                 // 525, volatile write cache
  std::uint16_t awun = 0;               // 527:526, atomic write unit in blocks, 0's based
  std::uint16_t awupf = 0;              // 529:528
  std::uint32_t sgls = 0;               // 539:536
  std::uint32_t mnan = 0;               // 543:540, maximum number of allowed namespaces
  NqnText subnqn{};                     // 1023:768
  std::uint32_t ioccsz = 0;             // 1795:1792, I/O command capsule size in 16 bytes
  std::uint32_t iorcsz = 0;             // 1799:1796, I/O response capsule size in 16 bytes
  std::uint16_t icdoff = 0;             // 1801:1800, in-capsule data offset in 16 bytes
  std::uint8_t fcatt = 0;               // 1802, fabrics controller attributes
  std::uint8_t msdbd = 0;               // 1803, SGL descriptors per capsule
  std::uint8_t dctype = 0;              // 1806, discovery controller type
  std::uint8_t ccrl = 0;                // 1807, cross-controller reset limit; 0 = no CCR

  // True when any command, not only Keep Alive, holds off the controller's keep-alive timer.
  [[nodiscard]] constexpr bool traffic_based_keep_alive() const noexcept {
    return (ctratt & ctratt_tbkas) != 0;
  }
  // Bytes of data that an I/O command capsule takes; 0 when IOCCSZ leaves no room behind the SQE.
  [[nodiscard]] constexpr std::uint64_t in_capsule_data_bytes() const noexcept {
    const std::uint64_t capsule = std::uint64_t{ioccsz} * 16U;
    return capsule > 64U ? capsule - 64U : 0U;
  }
  bool operator==(const IdentifyController&) const noexcept = default;
};

namespace identify_offset {
inline constexpr std::size_t vid = 0;
inline constexpr std::size_t ssvid = 2;
inline constexpr std::size_t serial = 4;
inline constexpr std::size_t model = 24;
inline constexpr std::size_t firmware = 64;
inline constexpr std::size_t rab = 72;
inline constexpr std::size_t cmic = 76;
inline constexpr std::size_t mdts = 77;
inline constexpr std::size_t cntlid = 78;
inline constexpr std::size_t ver = 80;
inline constexpr std::size_t oaes = 92;
inline constexpr std::size_t ctratt = 96;
inline constexpr std::size_t cntrltype = 111;
inline constexpr std::size_t crdt = 128;
inline constexpr std::size_t ciu = 135;
inline constexpr std::size_t cirn = 136;
inline constexpr std::size_t oacs = 256;
inline constexpr std::size_t acl = 258;
inline constexpr std::size_t aerl = 259;
inline constexpr std::size_t lpa = 261;
inline constexpr std::size_t elpe = 262;
inline constexpr std::size_t kas = 320;
inline constexpr std::size_t anatt = 342;
inline constexpr std::size_t anacap = 343;
inline constexpr std::size_t anagrpmax = 344;
inline constexpr std::size_t nanagrpid = 348;
inline constexpr std::size_t cqt = 386;
inline constexpr std::size_t sqes = 512;
inline constexpr std::size_t cqes = 513;
inline constexpr std::size_t maxcmd = 514;
inline constexpr std::size_t nn = 516;
inline constexpr std::size_t oncs = 520;
inline constexpr std::size_t vwc = 525;
inline constexpr std::size_t awun = 526;
inline constexpr std::size_t awupf = 528;
inline constexpr std::size_t sgls = 536;
inline constexpr std::size_t mnan = 540;
inline constexpr std::size_t subnqn = 768;
inline constexpr std::size_t ioccsz = 1792;
inline constexpr std::size_t iorcsz = 1796;
inline constexpr std::size_t icdoff = 1800;
inline constexpr std::size_t fcatt = 1802;
inline constexpr std::size_t msdbd = 1803;
inline constexpr std::size_t dctype = 1806;
inline constexpr std::size_t ccrl = 1807;
}  // namespace identify_offset

[[nodiscard]] IdentifyPage encode_identify_controller(const IdentifyController& id) noexcept;
// Empty when fewer than 4,096 bytes are given; so are the decoders below.
[[nodiscard]] std::optional<IdentifyController> decode_identify_controller(ConstBytes in) noexcept;

// Identify Namespace (CNS 00h) with one LBA format.
struct IdentifyNamespace {
  std::uint64_t size_blocks = 0;      // NSZE, bytes 7:0
  std::uint64_t capacity_blocks = 0;  // NCAP, 15:8
  std::uint64_t used_blocks = 0;      // NUSE, 23:16
  std::uint8_t features = 0;          // NSFEAT, 24
  std::uint8_t nmic = 0;              // 30, bit 0: shared between controllers
  std::uint32_t ana_group = 0;        // ANAGRPID, 95:92
  std::array<std::byte, 16> nguid{};  // 119:104
  std::uint8_t lba_shift = 9;         // LBADS of format 0, byte 130: block size is 2^lba_shift

  constexpr bool operator==(const IdentifyNamespace&) const noexcept = default;
};

[[nodiscard]] IdentifyPage encode_identify_namespace(const IdentifyNamespace& ns) noexcept;
[[nodiscard]] std::optional<IdentifyNamespace> decode_identify_namespace(ConstBytes in) noexcept;

// Active namespace list (CNS 02h): ascending NSIDs, at most 1,024, ended by a zero if shorter.
// Longer input is cut.
inline constexpr std::size_t namespace_list_max = identify_bytes / 4;
[[nodiscard]] IdentifyPage encode_namespace_list(std::span<const std::uint32_t> nsids) noexcept;
// Writes the NSIDs into `out` and returns how many there are; stops at out.size().
[[nodiscard]] std::size_t decode_namespace_list(ConstBytes in,
                                                std::span<std::uint32_t> out) noexcept;

// Namespace identification descriptors (CNS 03h) as nvmet builds them: the UUID, which is how a
// host recognises the same namespace behind two controllers, and the command set.
struct NamespaceDescriptors {
  std::array<std::byte, 16> uuid{};
  std::uint8_t csi = 0;

  constexpr bool operator==(const NamespaceDescriptors&) const noexcept = default;
};
[[nodiscard]] IdentifyPage encode_namespace_descriptors(const NamespaceDescriptors& ids) noexcept;
// Skips descriptor types that it does not know. Empty when a descriptor overruns the page.
[[nodiscard]] std::optional<NamespaceDescriptors> decode_namespace_descriptors(
    ConstBytes in) noexcept;

}  // namespace holdfast::wire
