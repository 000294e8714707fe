// SPDX-License-Identifier: Apache-2.0
// The loader: values and defaults, the round trip through the canonical form, the wording of
// errors, `--set`, and the documents made from the declarations.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "models/scenario/scenario.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace holdfast::scenario;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

json base() {
  return json::parse(R"({
    "name": "base", "duration": "60s", "seed": 7,
    "fabric": {"links": [
      {"name": "l0", "ends": ["h1", "a0"], "rate": "10Gbps", "loss": {"forward": "0.1%"}},
      {"name": "l1", "ends": ["h1", "a1"]}]},
    "subsystems": [{"name": "sub", "ports": ["a0", "a1"], "attr_cqt": "1ms",
      "namespaces": [{"nsid": 1, "size": "1MiB",
        "media": {"read": {"uniform": ["10us", "20us"]},
                  "write": {"exponential": "80us", "min": "10us"}}}]}],
    "hosts": [{"name": "h1", "policy": {"preset": "cqt-only", "hold_multiplier": 3},
      "iopolicy": "round-robin",
      "connect": [{"subsystem": "sub", "port": "a0", "ctrl_loss_tmo": "off"},
                  {"subsystem": "sub", "port": "a1", "keep_alive_tmo": "10s"}]}],
    "workloads": [{"type": "rw_test", "host": "h1"},
                  {"type": "fio", "host": "h1", "bs": "16k", "rate_iops": 100}],
    "faults": [{"type": "blackhole", "at": {"uniform": ["1s", "2s"]}, "for": "3s", "link": "l0"},
               {"type": "fopcode", "at": "1s", "subsystem": "sub", "opcode": "read"},
               {"type": "delay_command", "at": "1s", "subsystem": "sub", "opcode": 9},
               {"type": "loss", "at": {"usual": "1s", "rare": "2s", "chance": "5%"}, "link": "l0",
                "probability": "1%"}],
    "expect": {"integrity": "ok", "exposure_s": {"max": 0}, "recoveries": 2}
  })");
}

// The message for the base with one value replaced.
std::string error_with(const char* pointer, const json& value) {
  json document = base();
  document[json::json_pointer(pointer)] = value;
  try {
    from_json(document, "x.json");
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

std::string syntax_error(const std::string& text) {
  try {
    parse(text, "x.json");
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("A scenario is read with its values, its presets and its defaults", "[scenario]") {
  const Scenario s = from_json(base(), "x.json");
  CHECK(s.seed == 7);
  CHECK(s.fabric.links[0].rate_bps == 10'000'000'000);
  CHECK(s.fabric.links[0].loss[0] == 0.001);
  CHECK(s.fabric.links[0].loss[1] == 0.0);
  CHECK(s.fabric.links[1].mtu_bytes == 1500);
  CHECK(s.subsystems[0].attr_cqt == 1ms);
  CHECK(s.subsystems[0].namespaces[0].media.read.high == 20us);
  CHECK(s.subsystems[0].namespaces[0].media.write.low == 10us);
  CHECK(s.hosts[0].policy.hold == RecoveryPolicy::Hold::kato_plus_cqt);
  CHECK(s.hosts[0].policy.hold_multiplier == 3);
  CHECK(s.hosts[0].connect[0].ctrl_loss_tmo < 0s);
  CHECK(s.hosts[0].connect[1].keep_alive_tmo == 10s);
  CHECK(std::get<RwTest>(s.workloads[0]).subsystem == "sub");
  CHECK(std::get<Fio>(s.workloads[1]).bs_bytes == 16'384);
  CHECK(std::get<Blackhole>(s.faults[0]).at.high == 2s);
  CHECK(std::get<Blackhole>(s.faults[0]).until_after == 3s);
  CHECK(std::get<CommandFault>(s.faults[1]).fatal);
  CHECK(std::get<CommandFault>(s.faults[1]).opcode == 2);
  CHECK_FALSE(std::get<CommandFault>(s.faults[2]).fatal);
  CHECK(s.expect.exposure_s->max == 0.0);
  CHECK_FALSE(s.expect.exposure_s->min.has_value());
  CHECK(s.expect.recoveries->min == 2.0);
}

TEST_CASE("The canonical form is read back as itself, and its hash follows content", "[scenario]") {
  const Scenario once = from_json(base(), "x.json");
  const json canonical = to_json(once);
  const Scenario twice = parse(canonical.dump(), "canonical");
  CHECK(to_json(twice) == canonical);
  CHECK(hash(twice) == hash(once));
  CHECK(hash(once).size() == 16);
  json other = base();
  other["seed"] = 8;
  CHECK(hash(from_json(other, "x.json")) != hash(once));
  // A default that is spelled out changes nothing.
  json same = base();
  same["fabric"]["links"][1]["mtu"] = 1500;
  CHECK(hash(from_json(same, "x.json")) == hash(once));
}

TEST_CASE("An error names place, finding, expectation and the nearest name", "[scenario]") {
  CHECK(error_with("/hosts/0/polcy", "x") ==
        "x.json: at /hosts/0/polcy: found unknown key \"polcy\", expected one of name, kernel, "
        "hostnqn, hostid, policy, suspicion, iopolicy, path_latency, cpus, io_timeout, "
        "admin_timeout, max_retries, ... (15 more); did you mean \"policy\"?");
  CHECK(error_with("/duration", 15) ==
        "x.json: at /duration: found the number 15, expected a duration as a string with a unit, "
        "e.g. \"15s\" (units: ns, us, ms, s, min, h)");
  CHECK(error_with("/hosts/0/policy", "linux-manline") ==
        "x.json: at /hosts/0/policy: found the string \"linux-manline\", expected one of "
        "linux-mainline, tp4129-rfc1, tp8028-rfc1, tp8028-v2, tp8028-v3, tp8028-v4, tp8028-v6, "
        "cqt-only, ccr+cqt+filter, spec; did you mean \"linux-mainline\"?");
  CHECK(error_with("/fabric/links/0/mtu", 100) ==
        "x.json: at /fabric/links/0/mtu: found the number 100, expected an integer from 576 to "
        "65535");
  CHECK(error_with("/fabric/transport", "roce") ==
        "x.json: at /fabric/transport: found the string \"roce\", expected one of tcp, rdma, fc");
  CHECK(error_with("/faults/0/link", "l3") ==
        "x.json: at /faults/0/link: found \"l3\" unknown, expected the name of a link or a group "
        "of links: one of l0, l1; did you mean \"l0\"?");
}

TEST_CASE("A syntax error tells line and column", "[scenario]") {
  CHECK(syntax_error("{\n  \"name\": oops\n}").starts_with("x.json:2:11: found invalid JSON"));
  CHECK(syntax_error("{\"a\": 1").starts_with("x.json:1:8: found the end of the text"));
  CHECK(syntax_error("{\"a\": {\"b\": 1, \"b\": 2}}") ==
        "x.json: at /a/b: found the key \"b\" twice in one object, expected each key once");
  CHECK(syntax_error(std::string(100'000, '[')).find("at most 32 levels") != std::string::npos);
}

TEST_CASE("The nearest name is offered only when it is near", "[scenario]") {
  CHECK(nearest("plicy", {"policy", "iopolicy"}) == "policy");
  CHECK(nearest("nmae", {"name", "mtu"}) == "name");
  CHECK(nearest("zzzzzz", {"policy", "name"}).empty());
  CHECK(nearest(std::string(1'000'000, 'a'), {"a"}).empty());
}

TEST_CASE("A setting changes one value by pointer, by dots and by name", "[scenario]") {
  json document = base();
  apply_set(document, "hosts.h1.policy.hold=none");
  apply_set(document, "/fabric/links/1/delay=5us");
  apply_set(document, "seed=99");
  apply_set(document, "expect.stale_writes.max=0");
  apply_set(document, "faults.1.count=0");
  apply_set(document, "fabric.rto_min=300ms");
  const Scenario s = from_json(document, "x.json");
  CHECK(s.hosts[0].policy.hold == RecoveryPolicy::Hold::none);
  CHECK(s.fabric.links[1].delay == 5us);
  CHECK(s.seed == 99);
  CHECK(s.expect.stale_writes->max == 0.0);
  CHECK(std::get<CommandFault>(s.faults[1]).count == 0);
  CHECK(s.fabric.rto_min == 300ms);
}

TEST_CASE("A setting opens the short form of a policy to change one knob of it", "[scenario]") {
  json document = base();
  document["hosts"][0]["policy"] = "cqt-only";
  apply_set(document, "hosts.0.policy.hold_multiplier=2");
  const Scenario s = from_json(document, "x.json");
  CHECK(s.hosts[0].policy.preset == "cqt-only");
  CHECK(s.hosts[0].policy.hold_multiplier == 2);
}

TEST_CASE("A setting refuses a path that the format does not know", "[scenario]") {
  json document = base();
  CHECK_THROWS_WITH(apply_set(document, "hosts.0.cpu=3"), Catch::Contains("mean \"cpus\"?"));
  CHECK_THROWS_WITH(apply_set(document, "hosts.h2.cpus=3"), Catch::Contains("mean \"h1\"?"));
  CHECK_THROWS_WITH(apply_set(document, "hosts.9.cpus=3"), Catch::Contains("an index from 0 to 0"));
  CHECK_THROWS_WITH(apply_set(document, "seed.x=3"), Catch::Contains("below a plain value"));
  CHECK_THROWS_WITH(apply_set(document, "seed"), Catch::Contains("PATH=VALUE"));
  CHECK_THROWS_WITH(apply_set(document, "workloads.0.bs=4KiB"), Catch::Contains("unknown key"));
  CHECK_THROWS_AS(apply_set(document, ".=3"), ScenarioError);
  CHECK_THROWS_AS(apply_set(document, "/=3"), ScenarioError);
}

TEST_CASE("The schema knows every key of the canonical form", "[scenario]") {
  const json document = schema();
  CHECK(document["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  const json canonical = to_json(from_json(base(), "x.json"));
  for (const auto& member : canonical.items())
    CHECK(document["properties"].contains(member.key()));
  const auto& link = document["$defs"]["link"];
  CHECK(link["additionalProperties"] == false);
  CHECK(link["properties"]["mtu"]["default"] == 1500);
  CHECK(link["properties"]["mtu"]["minimum"] == 576);
  for (const auto& member : canonical["fabric"]["links"][0].items()) {
    CHECK(link["properties"].contains(member.key()));
  }
  CHECK(document["$defs"]["fopcode"]["properties"]["type"]["const"] == "fopcode");
  CHECK(reference_markdown().find("| `keep_alive_tmo` |") != std::string::npos);
  CHECK(catalogue().size() == 9);
}

TEST_CASE("Whole numbers reach up to 2^64 - 1", "[scenario]") {
  json document = base();
  document["seed"] = UINT64_MAX;
  CHECK(from_json(document, "x.json").seed == UINT64_MAX);
  CHECK(from_json(to_json(from_json(document, "x.json")), "x.json").seed == UINT64_MAX);
  document["seed"] = (std::uint64_t{1} << 63) + 1;
  CHECK(from_json(document, "x.json").seed == (std::uint64_t{1} << 63) + 1);
  document["workloads"] = json::array({{{"type", "script"},
                                        {"host", "h1"},
                                        {"steps", {{{"do", "register"}, {"key", UINT64_MAX}}}}}});
  const auto read = from_json(document, "x.json");
  CHECK(std::get<Script>(read.workloads[0]).steps[0].key == UINT64_MAX);
  CHECK_THAT(error_with("/seed", -1), Catch::Contains("found the number -1, expected an integer"));
  CHECK_THAT(error_with("/hosts/0/cpus", UINT64_MAX), Catch::Contains("an integer from 1 to 1024"));
}

TEST_CASE("The empty key is unknown, wherever it stands", "[scenario]") {
  for (const char* place :
       {"/", "/fabric/", "/fabric/links/0/", "/fabric/links/0/loss/", "/subsystems/0/",
        "/subsystems/0/namespaces/0/", "/subsystems/0/namespaces/0/media/",
        "/subsystems/0/namespaces/0/media/read/", "/hosts/0/", "/hosts/0/policy/",
        "/hosts/0/connect/0/", "/workloads/0/", "/workloads/1/", "/faults/0/", "/faults/0/at/",
        "/expect/", "/expect/exposure_s/"}) {
    CAPTURE(place);
    CHECK_THAT(error_with(place, 1),
               Catch::Contains(std::string("at ") + place + ": found unknown key \"\""));
  }
}

TEST_CASE("A NUL byte ends no text", "[scenario]") {
  using namespace std::string_literals;
  CHECK_THAT(syntax_error("{}\0{"s), Catch::Contains("x.json:1:3: found a NUL byte"));
  CHECK_THAT(syntax_error("{\n \"name\": \"a\0b\"}"s), Catch::Contains("x.json:2:12: found a NUL"));
  CHECK_THAT(syntax_error("\0"s), Catch::Contains("x.json:1:1: found a NUL byte"));
}

TEST_CASE("What --set is given is read as strictly as a file", "[scenario]") {
  json document = base();
  CHECK_THROWS_WITH(apply_set(document, R"(expect.exposure_s={"max": 1, "max": 2})"),
                    Catch::Contains("the key \"max\" twice"));
  CHECK_THROWS_WITH(apply_set(document, "faults=[{]"), Catch::Contains("--set faults:1:"));
  CHECK_THROWS_WITH(apply_set(document, "description=\xff"), Catch::Contains("is no UTF-8"));
  CHECK_THROWS_WITH(apply_set(document, "na\xc3me=x"), Catch::Contains("is no UTF-8"));
  CHECK_THROWS_WITH(apply_set(document, "hosts.h9.cpus", 1, "sweep.json: points"),
                    Catch::StartsWith("sweep.json: points: at /hosts/h9: found no element"));
  CHECK(document == base());
}

TEST_CASE("Impairments hold as many packets as the calendar can", "[scenario]") {
  json fault = {{"type", "impair"}, {"at", "1s"}, {"link", "l0"}, {"limit", 2'097'152}};
  json document = base();
  document["faults"] = json::array({fault});
  CHECK_NOTHROW(from_json(document, "x.json"));
  document["faults"].push_back({{"type", "impair"}, {"at", "1s"}, {"link", "l1"}, {"limit", 1}});
  CHECK_THROWS_WITH(from_json(document, "x.json"),
                    Catch::Contains("at /faults/1/limit: found 4194306 packets"));
}

TEST_CASE("What reaches a terminal neither moves its cursor nor turns the writing", "[scenario]") {
  CHECK(printable("a\x1b[31m\n\x7f") == "a\\x1b[31m\\x0a\\x7f");
  CHECK(printable("\xc2\x9b") == "\\u009b");      // CSI as one character
  CHECK(printable("\xe2\x80\xae") == "\\u202e");  // right-to-left override
  CHECK(printable("\xe2\x81\xa6\xd8\x9c") == "\\u2066\\u061c");
  CHECK(printable("\xe2\x80\xa8") == "\\u2028");  // line separator
  CHECK(printable("gr\xc3\xb6\xc3\x9f"
                  "e \xf0\x9f\x9a\x80") ==
        "gr\xc3\xb6\xc3\x9f"
        "e \xf0\x9f\x9a\x80");
  CHECK(printable("\xff\xc3") == "\\xff\\xc3");           // no UTF-8
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");           // an overlong slash
  CHECK(is_utf8("\xe2\x80\xae"));
  CHECK_FALSE(is_utf8("a\xf4\x90\x80\x80"));  // above U+10FFFF
}

TEST_CASE("A preset that was changed is told with the number of knobs", "[scenario]") {
  const auto told = [](const json& policy) {
    json document = base();
    document["hosts"][0]["policy"] = policy;
    return told_as(from_json(document, "base").hosts[0].policy);
  };
  CHECK(told("spec") == "spec");
  CHECK(told({{"preset", "cqt-only"}, {"hold_multiplier", 3}}) == "cqt-only + 1 knob");
  CHECK(told({{"preset", "cqt-only"}, {"hold_multiplier", 3}, {"ccr", true}}) ==
        "cqt-only + 2 knobs");
}

TEST_CASE("A host that says nothing of its policy has linux-mainline", "[scenario]") {
  json named = base();
  named["hosts"][0]["policy"] = "linux-mainline";
  json empty = named;
  empty["hosts"][0]["policy"] = json::object();
  json absent = named;
  absent["hosts"][0].erase("policy");
  for (const json& one : {empty, absent}) {
    const Scenario s = from_json(one, "base");
    CHECK(told_as(s.hosts[0].policy) == "linux-mainline");
    CHECK(to_json(s) == to_json(from_json(named, "base")));
  }
}

TEST_CASE("What lies beyond a namespace or between its blocks is refused, and told", "[scenario]") {
  const auto error = [](const json& load, const char* transport = "tcp") {
    json document = base();
    document["fabric"]["transport"] = transport;
    document["workloads"] = json::array({load});
    try {
      from_json(document, "base");
    } catch (const ScenarioError& mistake) {
      return std::string(mistake.what());
    }
    return std::string();
  };
  const json fio = {{"type", "fio"}, {"host", "h1"}, {"bs", "5000B"}};
  CHECK_THAT(error(fio), Catch::Contains("at /workloads/0/bs: found 5000B, expected a multiple"));
  const json script = {{"type", "script"},
                       {"host", "h1"},
                       {"steps", {{{"do", "write"}, {"lba", 255}, {"blocks", 3}}}}};
  CHECK_THAT(error(script), Catch::Contains("found blocks 255 to 257, expected blocks of the "
                                            "namespace, 0 to 255"));
}

TEST_CASE("Impairments are refused on Fibre Channel", "[scenario]") {
  json document = base();
  document["faults"] =
      json::array({{{"type", "impair"}, {"at", "1s"}, {"link", "l0"}, {"loss", "1%"}}});
  CHECK_NOTHROW(from_json(document, "base"));
  document["fabric"]["transport"] = "fc";
  CHECK_THROWS_WITH(from_json(document, "base"), Catch::Contains("impair"));
}

TEST_CASE("The catalogue tells what a preset sets, and what would be otherwise", "[scenario]") {
  for (const auto& section : catalogue()) {
    if (section.kind != "policy")
      continue;
    for (const auto& entry : section.entries) {
      if (entry.name != "cqt-only")
        continue;
      CHECK_FALSE(entry.more.empty());
      for (const auto& [key, value] : entry.more)
        CHECK_THAT(value, Catch::Contains(" (else "));
      return;
    }
  }
  FAIL("there is no cqt-only");
}

TEST_CASE("A file may have 16 MiB and not a byte more", "[scenario]") {
  const holdfast::test::TemporaryFolder folder;
  const auto path = folder.path() / "large.json";
  std::string text = "{}" + std::string((16U << 20) - 2, ' ');
  for (const bool fits : {true, false}) {
    std::ofstream(path, std::ios::binary) << text;
    if (fits)
      CHECK(read_document(path) == json::object());
    else
      CHECK_THROWS_WITH(read_document(path), Catch::Contains("a file of more than 16 MiB"));
    text += ' ';
  }
}
