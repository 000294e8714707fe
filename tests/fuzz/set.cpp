// SPDX-License-Identifier: Apache-2.0
// PATH=VALUE of --set, several of them, a line each.
#include <nlohmann/json.hpp>
#include <string>

#include "models/scenario/scenario.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace holdfast;

namespace {

/// Has an object of most kinds, so that most paths lead somewhere.
nlohmann::json base() {
  static const auto document = scenario::parse_document(R"({
    "name": "base", "duration": "60s",
    "fabric": {"links": [{"name": "l0", "ends": ["h1", "a0"], "loss": {"forward": "0.1%"}},
                         {"name": "l1", "ends": ["h1", "a1"]}]},
    "subsystems": [{"name": "sub", "profile": "array", "ports": ["a0", "a1"],
      "nodes": [{"name": "n0", "ports": ["a0"]}, {"name": "n1", "ports": ["a1"]}],
      "namespaces": [{"nsid": 1, "size": "1MiB", "media": {"read": {"uniform": ["1us", "2us"]}}}]}],
    "hosts": [{"name": "h1", "policy": {"preset": "spec"},
      "connect": [{"subsystem": "sub", "port": "a0"}, {"subsystem": "sub", "port": "a1"}]}],
    "workloads": [{"type": "rw_test", "host": "h1"}, {"type": "fio", "host": "h1", "bs": "16k"},
                  {"type": "script", "host": "h1", "steps": [{"do": "write"}]}],
    "faults": [{"type": "blackhole", "at": "1s", "for": "3s", "link": "l0"},
               {"type": "impair", "at": "1s", "link": "l1", "loss_model": {"p": "1%", "r": "9%"}},
               {"type": "node", "at": "1s", "subsystem": "sub", "node": "n1"}],
    "expect": {"integrity": "ok", "exposure_s": {"max": 0}}})",
                                                        "base");
  return document;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  nlohmann::json document = base();
  try {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      scenario::apply_set(document, std::string(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    scenario::from_json(document, "input");
  } catch (const scenario::ScenarioError& error) {
    fuzz::check_error(error);
  }
  return 0;
}
