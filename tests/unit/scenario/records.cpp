// SPDX-License-Identifier: Apache-2.0
// Records of failures: where their files may be, and what their rows may name.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "models/scenario/scenario.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

json row(const char* at, const char* what, const char* state) {
  return {{"at", at}, {"what", what}, {"state", state}};
}

/// One host, one path, and a record of failures with these members.
json with_record(const json& record) {
  json s = {
      {"name", "record"},
      {"duration", "10s"},
      {"fabric", {{"links", {{{"name", "l"}, {"ends", {"h1", "a0"}}}}}}},
      {"subsystems", {{{"name", "sub"}, {"ports", {"a0"}}, {"namespaces", {{{"size", "1MiB"}}}}}}},
      {"hosts",
       {{{"name", "h1"}, {"connect", json::array({{{"subsystem", "sub"}, {"port", "a0"}}})}}}},
      {"faults", json::array({{{"type", "failure_trace"}}})},
  };
  s["faults"][0].update(record);
  return s;
}

/// A folder with files, for as long as a test takes.
struct Folder {
  holdfast::test::TemporaryFolder folder;
  const std::filesystem::path& path = folder.path();
  Folder() { std::filesystem::create_directories(path / "below"); }

  void write(const char* name, const char* text) const { std::ofstream(path / name) << text; }
  [[nodiscard]] scenario::Scenario load(const json& record) const {
    return scenario::from_json(with_record(record), (path / "s.json").string());
  }
  void refuses(const json& record, const std::string& pointer, const std::string& found,
               const std::string& expected) const {
    try {
      (void)load(record);
      FAIL("let through");
    } catch (const scenario::ScenarioError& error) {
      CHECK(error.parts().pointer == pointer);
      CHECK_THAT(error.parts().found, Catch::Contains(found));
      CHECK_THAT(error.parts().expected, Catch::Contains(expected));
    }
  }
};

}  // namespace

TEST_CASE("A name that the file system refuses is told with its place", "[scenario][records]") {
  const Folder folder;
  const std::string at = "/faults/0/file";
  folder.refuses({{"file", std::string(300, 'a')}}, at, "too long", "a file that can be read");
  std::filesystem::create_symlink("loop", folder.path / "loop");
  folder.refuses({{"file", "loop"}}, at, "symbolic links", "a file that can be read");
  folder.refuses({{"file", "below"}}, at, "which is no file", "a file that can be read");
  folder.refuses({{"file", "none.csv"}}, at, "which is no file", "none.csv");
}

TEST_CASE("A file of failures is beside the scenario or below", "[scenario][records]") {
  const Folder folder;
  folder.write("night.csv", "1s,l,down\n");
  folder.write("below/night.csv", "1s,l,down\n");
  const std::string at = "/faults/0/file";
  CHECK_NOTHROW(folder.load({{"file", "night.csv"}}));
  CHECK_NOTHROW(folder.load({{"file", "./below/night.csv"}}));
  const auto absolute = (folder.path / "night.csv").string();
  folder.refuses({{"file", absolute}}, at, "leads away", "beside the scenario");
  folder.refuses({{"file", "below/../night.csv"}}, at, "leads away", "beside the scenario");
  folder.refuses({{"file", "../holdfast-records/night.csv"}}, at, "leads away", "beside");
  folder.refuses({{"file", std::string("night.csv\0", 10)}}, at, "night.csv", "no NUL");
  folder.refuses({{"file", std::string("night.csv\0.bak", 14)}}, at, "night.csv", "no NUL");
}

TEST_CASE("A file of failures may begin with a mark of the order of bytes", "[scenario][records]") {
  const Folder folder;
  folder.write("night.csv", "\xEF\xBB\xBFtime,what,state\n1s,l,down\n");
  const auto s = folder.load({{"file", "night.csv"}});
  const auto& trace = std::get<scenario::FailureTrace>(s.faults[0]);
  REQUIRE(trace.failures.size() == 1);
  CHECK(trace.failures[0].at == 1s);
}

TEST_CASE("A row is within the run with what its record adds to the time", "[scenario][records]") {
  const Folder folder;
  folder.write("night.csv", "1s,l,down\n");
  const json rows = json::array({row("1s", "l", "down")});
  // 1 s and 9 s are the end.
  CHECK_NOTHROW(folder.load({{"failures", rows}, {"at", "8999ms"}}));
  folder.refuses({{"failures", rows}, {"at", "9s"}}, "/faults/0/failures/0/at", "9s (\"at\") later",
                 "before the end of the run at 10s");
  // Drawn as well, the latest that it can be; and in a file, where the line is told.
  folder.refuses({{"failures", rows}, {"at", {{"uniform", {"0s", "9s"}}}}},
                 "/faults/0/failures/0/at", "9s (\"at\") later", "before the end");
  CHECK_NOTHROW(folder.load({{"file", "night.csv"}, {"at", "8999ms"}}));
  folder.refuses({{"file", "night.csv"}, {"at", "9s"}}, "", "9s (\"at\") later", "before the end");
}

TEST_CASE("A name that a link and a node of an array have is refused in a record",
          "[scenario][records]") {
  json s = with_record({{"failures", json::array({row("3s", "n1", "down")})}});
  s["subsystems"][0]["nodes"] = json::array({{{"name", "n1"}, {"ports", {"a0"}}}});
  CHECK_NOTHROW(scenario::from_json(s, "test"));
  const auto refused = [&] {
    CHECK_THROWS_WITH(scenario::from_json(s, "test"),
                      Catch::Contains("/faults/0/failures/0/what") &&
                          Catch::Contains("a link or a group of links, and a node of an array"));
  };
  s["fabric"]["links"][0]["name"] = "n1";
  refused();
  s["fabric"]["links"][0]["name"] = "l";
  s["fabric"]["groups"] = json::array({{{"name", "n1"}, {"links", {"l"}}}});
  refused();
}
