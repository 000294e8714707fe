// SPDX-License-Identifier: Apache-2.0
// What a run is said to cost before it begins, against what it cost: within a factor of 4.
#include "analysis/run/estimate.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/run/run.hpp"
#include "models/footprint.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"

using namespace holdfast;
using nlohmann::json;

namespace {

json world_of(const char* duration, json workloads, json faults = json::array()) {
  const json connect =
      json::array({{{"subsystem", "sub"}, {"port", "a0"}}, {{"subsystem", "sub"}, {"port", "a1"}}});
  return {{"name", "cost"},
          {"duration", duration},
          {"fabric",
           {{"links",
             {{{"name", "l"}, {"ends", {"h1", "a0"}}}, {{"name", "r"}, {"ends", {"h1", "a1"}}}}}}},
          {"subsystems",
           {{{"name", "sub"}, {"ports", {"a0", "a1"}}, {"namespaces", {{{"size", "64MiB"}}}}}}},
          {"hosts", {{{"name", "h1"}, {"connect", connect}}}},
          {"workloads", std::move(workloads)},
          {"faults", std::move(faults)}};
}

json fio(const json& more) {
  json job = {{"type", "fio"}, {"host", "h1"}};
  job.update(more);
  return json::array({job});
}

void compare(const json& document) {
  INFO(document.dump());
  const auto scenario = scenario::from_json(document, "cost");
  const auto told = analysis::estimate(scenario);
  const json result = analysis::run(scenario, {});
  const auto events = result["sim"]["events"].get<double>();
  CHECK(told.events >= events / 4);
  CHECK(told.events <= events * 4);
}

}  // namespace

TEST_CASE("The estimate of events is of the right order", "[estimate]") {
  compare(world_of("60s", json::array()));
  for (const char* rw : {"randwrite", "randread", "rw"}) {
    for (const char* bs : {"4KiB", "64KiB"}) {
      compare(world_of("1s", fio({{"rw", rw}, {"bs", bs}, {"iodepth", 8}})));
      compare(world_of("2s", fio({{"rw", rw}, {"bs", bs}, {"rate_iops", 2000}})));
    }
  }
  compare(world_of("1s", fio({{"iodepth", 4}, {"numjobs", 3}, {"thinktime", "1ms"}})));
  compare(world_of("60s", json::array({{{"type", "rw_test"}, {"host", "h1"}}})));
  compare(world_of("2s", json::array(),
                   json::array({{{"type", "cross_traffic"},
                                 {"at", "1s"},
                                 {"from", "h1"},
                                 {"to", "a0"},
                                 {"rate", "1Gbps"}}})));
  compare(world_of("2s", json::array(),
                   json::array({{{"type", "blackhole"},
                                 {"at", "1s"},
                                 {"for", "1us"},
                                 {"every", "10us"},
                                 {"link", "l"}}})));
}

TEST_CASE("The estimate of events counts what many hosts, namespaces and switches add",
          "[estimate]") {
  // Each host asks each controller about each namespace.
  json many = world_of("5s", json::array());
  many["subsystems"][0]["namespaces"] = json::array();
  for (int i = 1; i <= 256; ++i)
    many["subsystems"][0]["namespaces"].push_back({{"nsid", i}, {"size", "1MiB"}});
  compare(many);
  // 32 hosts that would fill 25 Gbit/s each go through two ports of one array.
  json shared = world_of("1s", json::array());
  json& links = shared["fabric"]["links"];
  links = {{{"name", "l"}, {"ends", {"s1", "a0"}}}, {{"name", "r"}, {"ends", {"s1", "a1"}}}};
  const json host = shared["hosts"][0];
  shared["hosts"] = json::array();
  for (int i = 0; i < 32; ++i) {
    const std::string name = "h" + std::to_string(i);
    links.push_back({{"name", name}, {"ends", {name, "s1"}}, {"rate", "25Gbps"}});
    shared["hosts"].push_back(host);
    shared["hosts"].back()["name"] = name;
    shared["workloads"].push_back(
        {{"type", "fio"}, {"name", name}, {"host", name}, {"iodepth", 32}, {"bs", "64KiB"}});
  }
  compare(shared);
  // Six switches in a row.
  json far = world_of("2s", fio({{"rw", "randread"}, {"rate_iops", 2000}}));
  json& row = far["fabric"]["links"];
  row[0]["ends"] = {"h1", "s1"};
  row[1]["ends"] = {"s6", "a1"};
  row.push_back({{"name", "last"}, {"ends", {"s6", "a0"}}});
  for (int i = 1; i < 6; ++i) {
    row.push_back({{"name", "s" + std::to_string(i)},
                   {"ends", {"s" + std::to_string(i), "s" + std::to_string(i + 1)}}});
  }
  compare(far);
}

TEST_CASE("The estimate of events counts each link of a group and each row of a record",
          "[estimate]") {
  json document = world_of("2s", json::array());
  json group = {{"name", "all"}, {"links", {"l", "r"}}};
  for (int i = 0; i < 14; ++i) {
    const std::string name = "x" + std::to_string(i);
    document["fabric"]["links"].push_back({{"name", name}, {"ends", {name, "h1"}}});
    group["links"].push_back(name);
  }
  document["fabric"]["groups"] = json::array({group});
  const auto events_with = [&](const json& fault) {
    document["faults"] = json::array({fault});
    return analysis::estimate(scenario::from_json(document, "cost")).events;
  };
  // A HostBlocked is not counted. From 1 s to the end at 2 s there are 10,000 rounds of 100 us,
  // each of which begins and ends at 16 links: 320,000 events.
  const double without =
      events_with({{"type", "host_blocked"}, {"at", "1s"}, {"for", "1ms"}, {"host", "h1"}});
  CHECK(events_with({{"type", "blackhole"},
                     {"at", "1s"},
                     {"for", "1us"},
                     {"every", "100us"},
                     {"link", "all"}}) == Approx(without + 320'000));
  compare(document);
  // 5,000 times 16 links go and come back.
  json rows = json::array();
  for (int i = 0; i < 10'000; ++i)
    rows.push_back({{"at", std::to_string(1000 + 99 * i) + "us"},
                    {"what", "all"},
                    {"state", i % 2 == 0 ? "down" : "up"}});
  CHECK(events_with({{"type", "failure_trace"}, {"failures", rows}}) == Approx(without + 160'000));
  compare(document);
}

TEST_CASE("The estimate of events counts what is refused and tried again", "[estimate]") {
  // Each write of the last half second comes back with a path error, and there is no other path.
  json refused = world_of("1s", fio({{"rw", "randwrite"}, {"iodepth", 4}, {"rate_iops", 100}}));
  refused["hosts"][0]["connect"].erase(1);
  json status = {{"type", "command_status"}, {"at", "500ms"},     {"subsystem", "sub"},
                 {"controller", 1},          {"status", "0x303"}, {"count", 0}};
  refused["faults"] = json::array({status});
  compare(refused);
  status["count"] = 5000;
  refused["faults"] = json::array({status});
  compare(refused);
  // A port that is gone answers each attempt to connect, one a millisecond.
  json gone = world_of("3s", json::array());
  gone["hosts"][0]["connect"][0]["reconnect_delay"] = "1ms";
  gone["faults"] = {{{"type", "port_removed"}, {"at", "1s"}, {"subsystem", "sub"}, {"port", "a0"}}};
  compare(gone);
  gone["hosts"][0]["connect"][0]["ctrl_loss_tmo"] = "1s";
  compare(gone);
  json no_route = gone;
  no_route["faults"] = {
      {{"type", "no_route"}, {"at", "1s"}, {"host", "h1"}, {"port", "a0"}},
      {{"type", "kill_sockets"}, {"at", "1s"}, {"host", "h1"}, {"controller", "nvme0"}}};
  compare(no_route);
  // 64 namespaces change their state a thousand times.
  json changes = world_of("2s", json::array());
  for (int i = 2; i <= 64; ++i)
    changes["subsystems"][0]["namespaces"].push_back({{"nsid", i}, {"size", "1MiB"}});
  for (int i = 0; i < 1000; ++i)
    changes["faults"].push_back({{"type", "ana_change"},
                                 {"at", std::to_string(1000 + i) + "ms"},
                                 {"subsystem", "sub"},
                                 {"port", "a0"},
                                 {"state", i % 2 == 0 ? "inaccessible" : "optimized"}});
  compare(changes);
}

TEST_CASE("The estimate of events counts connections that are lost and set up again",
          "[estimate]") {
  const auto lost = [](const json& fault) {
    json document = world_of("5s", json::array());
    json& host = document["hosts"][0];
    host["cpus"] = 16;
    for (json& connection : host["connect"])
      connection["reconnect_delay"] = "10ms";
    for (int i = 0; i < 40; ++i) {
      document["faults"].push_back(fault);
      document["faults"].back()["at"] = std::to_string(1000 + 90 * i) + "ms";
      if (fault.contains("value") && i % 2 == 0)
        document["faults"].back()["value"] = "2s";
    }
    compare(document);
  };
  const json device = {{"host", "h1"}, {"controller", "nvme0"}};
  json fault = device;
  fault["type"] = "reset_controller";
  lost(fault);
  fault["type"] = "kill_sockets";
  lost(fault);
  lost({{"type", "set_attr_cqt"}, {"subsystem", "sub"}, {"value", "1s"}});
  lost({{"type", "port_removed"}, {"subsystem", "sub"}, {"port", "a0"}, {"for", "1ms"}});
}

TEST_CASE("The estimate of events follows an I/O to the path that takes it", "[estimate]") {
  json document = world_of("2s", fio({{"rw", "randwrite"}, {"iodepth", 16}, {"rate_iops", 500}}));
  document["faults"] = {{{"type", "command_status"},
                         {"at", "1s"},
                         {"subsystem", "sub"},
                         {"controller", 1},
                         {"status", "0x303"},
                         {"count", 0}}};
  compare(document);
}

TEST_CASE("The estimate of events counts impairments of a link", "[estimate]") {
  json document = world_of("2s", fio({{"rw", "randwrite"}, {"rate_iops", 500}}));
  document["hosts"][0]["connect"].erase(1);
  const json impair = {{"type", "impair"}, {"at", "500ms"}, {"link", "l"}, {"delay", "10us"}};
  for (int i = 0; i < 40; ++i)
    document["faults"].push_back(impair);
  compare(document);
  document["faults"] = json::array();
  for (int i = 0; i < 3; ++i) {
    document["faults"].push_back(impair);
    document["faults"].back()["duplicate"] = 1.0;
    document["faults"].back()["direction"] = "forward";
  }
  compare(document);
}

TEST_CASE("The estimate knows that a world beyond the caches is slower for an event",
          "[estimate]") {
  // An event of a small world takes 150 ns, I/O apart. A thousand hosts with one connection each
  // of two queues keep 40 MB, of which 8 MB stay near: four events in five fetch what they touch.
  const auto per_event = [](int hosts) {
    json document = world_of("60s", json::array());
    document["workloads"] = json::array();
    document["fabric"]["links"] = json::array({{{"name", "p"}, {"ends", {"s1", "a0"}}}});
    document["subsystems"][0]["ports"] = {"a0"};
    document["hosts"] = {{{"count", hosts},
                          {"name", "h{i}"},
                          {"cpus", 1},
                          {"connect", {{{"subsystem", "a"}, {"port", "a0"}}}}}};
    document["hosts"][0]["connect"][0]["subsystem"] = document["subsystems"][0]["name"];
    document["fabric"]["links"].push_back(
        {{"count", hosts}, {"name", "l{i}"}, {"ends", {"h{i}", "s1"}}});
    const auto told = analysis::estimate(scenario::from_json(document, "cost"));
    return told.seconds / told.events * 1e9;
  };
  CHECK(per_event(10) == Approx(150));
  CHECK(per_event(1000) == Approx(150 + 0.8 * 700).epsilon(0.02));
}

TEST_CASE("The estimate of memory counts the pages that writes to anywhere touch", "[estimate]") {
  const auto compare_memory = [](const char* size, const char* rw) {
    INFO(size << ' ' << rw);
    json document = world_of("2s", fio({{"rw", rw}, {"bs", "4KiB"}, {"rate_iops", 2000}}));
    document["subsystems"][0]["namespaces"][0]["size"] = size;
    const auto scenario = scenario::from_json(document, "cost");
    World w = scenario::build(scenario);
    w.calendar.run_until(w, sim::epoch + scenario.duration);
    const auto taken = static_cast<double>(footprint(w));
    document["workloads"] = json::array();
    const double idle = analysis::estimate(scenario::from_json(document, "cost")).bytes;
    const double told = analysis::estimate(scenario).bytes - idle;
    CHECK(told > 0.7 * taken);
    CHECK(told < 1.5 * taken);
    return told;
  };
  // 4,000 writes: to 16 GiB, 8,192 pages of 512 blocks, a third of which is touched; to 64 TiB with
  // a page for each write.
  const double near = compare_memory("16GiB", "randwrite");
  CHECK(compare_memory("64TiB", "randwrite") > 1.5 * near);
  CHECK(compare_memory("64TiB", "write") < near / 20);
}

TEST_CASE("The estimate counts each block that a script changes, and the wire of what it sends",
          "[estimate]") {
  const auto compare_both = [](const json& steps, const json& extra) {
    INFO(steps.dump());
    json document = world_of(
        "5s",
        json::array({{{"type", "script"}, {"host", "h1"}, {"repeat", 100}, {"steps", steps}}}));
    document["subsystems"][0]["namespaces"][0].update(extra);
    compare(document);
    const auto scenario = scenario::from_json(document, "cost");
    World w = scenario::build(scenario);
    w.calendar.run_until(w, sim::epoch + scenario.duration);
    document["workloads"] = json::array();
    const double idle = analysis::estimate(scenario::from_json(document, "cost")).bytes;
    const double told = analysis::estimate(scenario).bytes - idle;
    const auto taken = static_cast<double>(footprint(w));
    CHECK(told > 0.6 * taken);
    CHECK(told < 1.7 * taken);
  };
  // 100 x 65,536 versions of 32 bytes: 210 MB, and no data on the wire.
  for (const char* what : {"write_zeroes", "copy", "deallocate"}) {
    json step = {{"do", what}, {"blocks", 65'536}};
    if (std::string(what) == "copy")
      step["from"] = 1'000'000;
    compare_both(json::array({step}), {{"size", "1TiB"}});
  }
  compare_both(json::array({{{"do", "zone_append"}}, {{"do", "zone_reset"}}}),
               {{"size", "1GiB"}, {"zoned", {{"zone_size", "16MiB"}}}});
}

TEST_CASE("The estimate of events goes by the smallest frames on the way", "[estimate]") {
  json document = world_of("200ms", fio({{"rw", "randwrite"}, {"bs", "1MiB"}, {"iodepth", 4}}));
  document["fabric"]["links"] = {{{"name", "l"}, {"ends", {"h1", "s"}}, {"mtu", 65535}},
                                 {{"name", "r"}, {"ends", {"s", "a0"}}, {"mtu", 1500}},
                                 {{"name", "q"}, {"ends", {"s", "a1"}}, {"mtu", 1500}}};
  compare(document);
}

TEST_CASE("The estimate names what takes the memory", "[estimate]") {
  const auto cost = [](const json& document) {
    return analysis::estimate(scenario::from_json(document, "cost"));
  };
  // 1000 s of 100,000 writes a second keep 170 bytes each: 17 GB.
  const auto many = cost(world_of(
      "1001s",
      fio({{"rw", "randwrite"}, {"iodepth", 64}, {"rate_iops", 100'000}, {"start", "1s"}})));
  CHECK(many.ios == Approx(1e8));
  CHECK(many.bytes == Approx(17e9).epsilon(0.01));
  CHECK(many.most == "/workloads/0");

  // A queue of 16 GiB in front of a slow link, filled with 64-byte packets at 100 Gbit/s: 268 M
  // packets fit, 1.7 G come in 9 s.
  json slow = world_of("10s", json::array(),
                       json::array({{{"type", "cross_traffic"},
                                     {"at", "1s"},
                                     {"from", "h1"},
                                     {"to", "a0"},
                                     {"rate", "100Gbps"},
                                     {"packet", "64B"}}}));
  slow["fabric"]["links"][0].update({{"rate", "1Kbps"}, {"queue", "16GiB"}});
  CHECK(cost(slow).bytes == Approx(268'435'456.0 * 140).epsilon(0.01));
  CHECK(cost(slow).most == "/faults/0");
  CHECK(cost(world_of("10s", json::array())).most.empty());
}
