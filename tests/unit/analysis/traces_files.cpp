// SPDX-License-Identifier: Apache-2.0
// Trace files: what is opened, that watching changes nothing, and the kernel's ways of printing.
// What other programs make of the files is tested in tests/python/test_traces.py.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "analysis/traces/kernel_words.hpp"
#include "analysis/traces/traces.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace holdfast;

namespace {

constexpr const char* two_hosts = R"({
  "name": "two_hosts", "duration": "20s",
  "fabric": {"transport": "tcp", "links": [
    {"name": "h1-s", "ends": ["h1", "s"]}, {"name": "h2-s", "ends": ["h2", "s"]},
    {"name": "s-a", "ends": ["s", "a"], "loss": 0.001}]},
  "subsystems": [{"name": "sub", "profile": "nvmet-mainline", "ports": ["a"],
                  "namespaces": [{"nsid": 1, "size": "1MiB"}]}],
  "hosts": [
    {"name": "h1", "policy": "linux-mainline", "cpus": 1,
     "connect": [{"subsystem": "sub", "port": "a", "fast_io_fail_tmo": "2s"}]},
    {"name": "h2", "policy": "linux-mainline", "cpus": 1,
     "connect": [{"subsystem": "sub", "port": "a"}]}],
  "workloads": [
    {"type": "fio", "host": "h1", "name": "mix", "rw": "randrw", "bs": "8KiB", "rate_iops": 50},
    {"type": "fio", "host": "h2", "name": "mix", "rw": "randrw", "bs": "4KiB", "rate_iops": 50}],
  "faults": [{"type": "blackhole", "at": "3s", "link": "h1-s"}]
})";

/// A folder that goes away again.
class Folder : public holdfast::test::TemporaryFolder {
 public:
  [[nodiscard]] std::string text(const char* name) const {
    std::ifstream file(path() / name, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
};

sim::TraceHashes run_with(const std::filesystem::path* folder) {
  const scenario::Scenario s = scenario::parse(two_hosts, "test");
  World w;
  scenario::build(w, s);
  analysis::Tee tee;
  std::vector<std::unique_ptr<analysis::TraceFile>> files;
  if (folder != nullptr) {
    for (const auto kind : analysis::trace_names) {
      files.push_back(analysis::open_trace(kind, w, *folder));
      tee.add(files.back().get());
    }
    w.trace.attach(&tee);
  }
  w.calendar.run_until(w, sim::epoch + s.duration);
  for (const auto& file : files)
    file->close();
  return w.trace.hashes();
}

}  // namespace

TEST_CASE("writing traces does not change a run", "[analysis]") {
  const Folder folder;
  REQUIRE(run_with(&folder.path()) == run_with(nullptr));
  for (const char* name : {"trace.jsonl", "kernel.log", "trace.perfetto.json", "trace.pcapng"}) {
    INFO(name);
    CHECK(!folder.text(name).empty());
  }
}

TEST_CASE("lines of the kernel log name the machine when there are several hosts", "[analysis]") {
  const Folder folder;
  run_with(&folder.path());
  std::istringstream log(folder.text("kernel.log"));
  std::size_t lines = 0;
  for (std::string line; std::getline(log, line); ++lines) {
    INFO(line);
    const std::string who = line.substr(0, line.find(' '));
    const std::string what = line.substr(line.find("] ") + 2);
    CHECK((what.rfind("nvmet: ", 0) == 0 ? who == "sub" : who == "h1" || who == "h2"));
  }
  CHECK(lines > 10);
}

TEST_CASE("the kernel log tells when fail-fast expires and which I/O fails", "[analysis]") {
  const Folder folder;
  run_with(&folder.path());
  const std::string log = folder.text("kernel.log");
  // Fail-fast runs from CONNECTING, which begins with the recovery (nvme_start_failfast_work).
  const auto start = log.find("nvme nvme0: starting error recovery");
  REQUIRE(start != std::string::npos);
  const auto begin = log.rfind('[', start);
  const double detected_s = std::stod(log.substr(begin + 1, 12));
  const auto failfast = log.find("nvme nvme0: failfast expired");
  REQUIRE(failfast != std::string::npos);
  const double expired_s = std::stod(log.substr(log.rfind('[', failfast) + 1, 12));
  CHECK(expired_s - detected_s == Approx(2.0).margin(2e-6));
  CHECK(log.find("block nvme0n1: no usable path - requeuing I/O") < failfast);
  CHECK(log.find("block nvme0n1: no available path - failing I/O") > failfast);
}

TEST_CASE("an unknown kind of trace and a folder that is not there are refused", "[analysis]") {
  World w;
  const Folder folder;
  CHECK_THROWS_AS(analysis::open_trace("pdf", w, folder.path()), std::invalid_argument);
  CHECK_THROWS_AS(analysis::open_trace("jsonl", w, folder.path() / "missing"), std::runtime_error);
}

TEST_CASE("the kernel's rate limit lets ten lines through in five seconds", "[analysis]") {
  analysis::kernel::RateLimit limit;
  std::uint64_t suppressed = 0;
  int passed = 0;
  for (int i = 0; i < 25; ++i)
    passed += limit.allows(1'000'000L * i, suppressed) ? 1 : 0;
  CHECK(passed == 10);
  // The window is still open at exactly five seconds, and closed right after (time_is_before).
  CHECK(!limit.allows(5'000'000'000, suppressed));
  CHECK(limit.allows(5'000'000'001, suppressed));
  CHECK(suppressed == 16);
  CHECK(limit.allows(5'000'000'002, suppressed));
  CHECK(suppressed == 0);
}

TEST_CASE("statuses become the block layer's numbers as nvme_error_status says", "[analysis]") {
  using analysis::kernel::block_status;
  CHECK(block_status(0x370) == 4);   // Host Path Error: BLK_STS_TRANSPORT
  CHECK(block_status(0x371) == 10);  // cancelled by the host: BLK_STS_IOERR
  CHECK(block_status(0x021) == 5);   // Command Interrupted: BLK_STS_TARGET
  CHECK(block_status(0x4021) == 5);  // DNR does not matter
  CHECK(analysis::kernel::signed_error(110) == -110);
  CHECK(analysis::kernel::signed_error(0x4182) == 0x4182);
}
