// SPDX-License-Identifier: Apache-2.0
// Declarations of what happens in the world and what is expected of it: workloads, faults, the
// acceptance criterion, and the scenario as a whole. One row per key.
#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/declaration/repeat.hpp"

#include "models/scenario/declaration/lengths.hpp"
#include "models/scenario/reading/embedded.hpp"

namespace holdfast::scenario {
namespace {

Codec<std::string> requirement_id() {
  std::vector<std::string> ids;
  for (const auto& [id, title] : requirement_titles())
    ids.push_back(id);
  return word_of(ids, "the id of a requirement");
}

const Object<Placed>& placed() {
  static const auto declared =
      Object<Placed>()
          .field("host", &Placed::host, name(longest_name), "which host runs it", required)
          .field("subsystem", &Placed::subsystem, or_word(name(longest_nqn), ""),
                 "whose namespace; empty: the only subsystem the host connects to")
          .field("nsid", &Placed::nsid, integer<std::uint32_t>(1, 1024), "which namespace")
          .field("start", &Placed::start, duration(0s, longest_run), "when it begins");
  return declared;
}

const Object<RwTest>& rw_test_object() {
  static const auto declared =
      Object<RwTest>("rw_test",
                     "The LSF/MM program: per iteration synchronous writes of one block with "
                     "growing fill bytes, a pause, one read that must see the last, a pause.")
          .with(placed())
          .field("iterations", &RwTest::iterations, integer<std::uint32_t>(1, 1'000'000),
                 "how many rounds")
          .field("writes", &RwTest::writes, integer<std::uint32_t>(1, 256),
                 "writes of a round, with the fill bytes 0, 1, 2, ...")
          .field("sleep_before_read", &RwTest::sleep_before_read, duration(0s, longest_run),
                 "after the last write")
          .field("sleep_after_read", &RwTest::sleep_after_read, duration(0s, longest_run),
                 "before the next round");
  return declared;
}

const Object<Fio>& fio_object() {
  static const auto declared =
      Object<Fio>("fio", "A job in fio's words.")
          .with(placed())
          .field("name", &Fio::name, name(longest_name), "of the job")
          .field("rw", &Fio::rw,
                 choice<Pattern>({{"read", Pattern::read},
                                  {"write", Pattern::write},
                                  {"randread", Pattern::randread},
                                  {"randwrite", Pattern::randwrite},
                                  {"rw", Pattern::rw},
                                  {"randrw", Pattern::randrw}}),
                 "sequential or random, reads, writes or both")
          .field("bs", &Fio::bs_bytes, size<std::uint32_t>(512, 1U << 20), "bytes of one I/O")
          .field("iodepth", &Fio::iodepth, integer<std::uint32_t>(1, 4096),
                 "I/Os in flight, per job")
          .field("numjobs", &Fio::numjobs, integer<std::uint32_t>(1, 65'536), "equal jobs")
          .field("rwmixread", &Fio::rwmixread, integer<std::uint32_t>(0, 100),
                 "percentage of reads in `rw` and `randrw`")
          .field("offset", &Fio::offset_bytes, size<std::uint64_t>(0, largest_namespace),
                 "where the region begins")
          .field("size", &Fio::size_bytes, size<std::uint64_t>(0, largest_namespace),
                 "of the region; 0B: to the end of the namespace")
          .field("rate", &Fio::rate_bytes_per_s, size<std::uint64_t>(0, 1ULL << 40),
                 "bytes per second, per job; 0B: as fast as it goes")
          .field("rate_iops", &Fio::rate_iops, integer<std::uint64_t>(0, 1'000'000'000),
                 "I/Os per second, per job; 0: as fast as it goes")
          .field("thinktime", &Fio::thinktime, duration(0s, longest_run), "pause between I/Os")
          .field("runtime", &Fio::runtime, duration(0s, longest_run),
                 "0s: until the end of the run");
  return declared;
}

const Object<ScriptStep>& step_object() {
  using Do = ScriptStep::Do;
  using Expects = ScriptStep::Expects;
  static const auto declared =
      Object<ScriptStep>("step", "One step of a script; the next one begins when it is done.")
          .field("do", &ScriptStep::what,
                 choice<Do>({{"wait", Do::wait},
                             {"read", Do::read},
                             {"write", Do::write},
                             {"flush", Do::flush},
                             {"write_zeroes", Do::write_zeroes},
                             {"deallocate", Do::deallocate},
                             {"compare", Do::compare},
                             {"compare_and_write", Do::compare_and_write},
                             {"copy", Do::copy},
                             {"zone_append", Do::zone_append},
                             {"zone_reset", Do::zone_reset},
                             {"register", Do::reg},
                             {"acquire", Do::acquire},
                             {"preempt", Do::preempt},
                             {"release", Do::release}}),
                 "what it does", required)
          .field("for", &ScriptStep::pause, duration(1us, longest_run), "of `wait`")
          .field("lba", &ScriptStep::lba, integer<std::uint64_t>(0, 1ULL << 55),
                 "first logical block")
          .field("blocks", &ScriptStep::blocks, integer<std::uint32_t>(1, 65'536),
                 "how many logical blocks")
          .field("from", &ScriptStep::from, integer<std::uint64_t>(0, 1ULL << 55),
                 "of `copy`: first block of the source")
          .field("ranges", &ScriptStep::ranges, integer<std::uint32_t>(1, 256),
                 "of `deallocate`: descriptors that the blocks are spread over")
          .field("zone", &ScriptStep::zone, integer<std::uint32_t>(0, UINT32_MAX),
                 "of `zone_append` and `zone_reset`, from 0")
          .field("expects", &ScriptStep::expects,
                 choice<Expects>({{"known", Expects::known}, {"zeroes", Expects::zeroes}}),
                 "of a compare: what the script last wrote or read there, or zeroes")
          .field("key", &ScriptStep::key, integer<std::uint64_t>(1, UINT64_MAX),
                 "of reservations: the key of this host")
          .field("victim", &ScriptStep::victim, integer<std::uint64_t>(1, UINT64_MAX),
                 "of `preempt`: the key that is thrown out");
  return declared;
}

const Object<Script>& script_object() {
  static const auto declared =
      Object<Script>("script",
                     "One I/O after the other, all writes from one buffer. A command that fails "
                     "does not end it, a device that cannot be reached does.")
          .with(placed())
          .field("steps", &Script::steps, list(object(step_object()), 1, 4096), "in this order",
                 required)
          .field("repeat", &Script::repeat, integer<std::uint32_t>(1, 1'000'000),
                 "how often all of them");
  return declared;
}

}  // namespace

const ObjectInfo& step_info() { return step_object().info(); }

const Union<Workload>& workload_union() {
  static const auto declared = Union<Workload>()
                                   .alternative(rw_test_object())
                                   .alternative(fio_object())
                                   .alternative(script_object())
                                   .copies("count");
  return declared;
}

const Object<Expect>& expect_object() {
  static const auto declared =
      Object<Expect>("expect", "The acceptance criterion. A bare number means exactly that.")
          .maybe("integrity", &Expect::integrity, word_of({"ok", "corrupt"}),
                 "the verdict of the oracle")
          .maybe("exposure_s", &Expect::exposure_s, bounds(), "longest corruption window")
          .maybe("stale_writes", &Expect::stale_writes, bounds_of_count(), "how many")
          .maybe("stale_reads", &Expect::stale_reads, bounds_of_count(), "how many")
          .maybe("lost_writes", &Expect::lost_writes, bounds_of_count(), "how many")
          .maybe("torn_writes", &Expect::torn_writes, bounds_of_count(), "how many")
          .maybe("duplicate_effects", &Expect::duplicate_effects, bounds_of_count(), "how many")
          .maybe("mutated_writes", &Expect::mutated_writes, bounds_of_count(), "how many")
          .maybe("reservation_breaches", &Expect::reservation_breaches, bounds_of_count(),
                 "commands that went past a reservation which their node did not know of")
          .maybe("longest_stall_s", &Expect::longest_stall_s, bounds(),
                 "longest time in which an application had I/O out and none of it completed")
          .maybe("longest_latency_s", &Expect::longest_latency_s, bounds(),
                 "longest wait of an I/O, failed ones and those that never came back included")
          .maybe("detection_s", &Expect::detection_s, bounds(),
                 "from fault to detection, of every recovery")
          .maybe("hold_s", &Expect::hold_s, bounds(),
                 "from the start of the fence to the release, of every recovery")
          .maybe("recoveries", &Expect::recoveries, bounds_of_count(), "how many")
          .maybe("false_alarms", &Expect::false_alarms, bounds_of_count(),
                 "recoveries of paths that were well")
          .maybe("target_expiries", &Expect::target_expiries, bounds_of_count(),
                 "controllers that the keep-alive timer of a target ended")
          .maybe("io_errors", &Expect::io_errors, bounds_of_count(), "that the application saw")
          .field("requirements", &Expect::requirements, list(requirement_id(), 0, 1024),
                 "requirements of the catalogue (`holdfast list requirement`) that the run must "
                 "keep, and come to");
  return declared;
}

const Object<Scenario>& scenario_object() {
  static const auto declared =
      Object<Scenario>("scenario", "A world, what happens in it, and what is expected of it.")
          .ignored("$schema", text(1024), "for editors: where the JSON Schema is")
          .field("name", &Scenario::name, name(longest_name, "._-"), "of the run and its output",
                 required)
          .field("description", &Scenario::description, text(4096), "what it shows")
          .field("duration", &Scenario::duration, duration(1ns, longest_run), "simulated time")
          .field("seed", &Scenario::seed, integer<std::uint64_t>(0, UINT64_MAX),
                 "of all random streams")
          .maybe("reseed", &Scenario::reseed, object(reseed_object()),
                 "another seed from an instant on; absent: none")
          .field("fabric", &Scenario::fabric, object(fabric_object()), "the network", required)
          .field("subsystems", &Scenario::subsystems, list(object(subsystem_object()), 1, 65'536),
                 "the targets", required)
          .field("hosts", &Scenario::hosts, list(object(host_object()), 1, most_hosts), "the hosts",
                 required)
          .field("workloads", &Scenario::workloads,
                 list(workload_union().codec(), 0, most_workloads), "what the applications do")
          .field("faults", &Scenario::faults, list(fault_union().codec(), 0, most_faults),
                 "what goes wrong")
          .maybe("choices", &Scenario::choices, answers(),
                 "answers of choice points, as a search writes them: a choice between yes and no "
                 "that is not among them is no, and others are left to the dice; absent: all are")
          .maybe("adversary", &Scenario::adversary, object(adversary_object()),
                 "what `holdfast search` may change; a run does not look at it")
          .field("expect", &Scenario::expect, object(expect_object()), "the acceptance criterion");
  return declared;
}

const std::vector<TemplateList>& template_lists() {
  // Faults have a `count` of their own: of commands.
  static const std::vector<TemplateList> lists = {
      {{"fabric", "links"}, "count", 'i', 1, most_links},
      {{"hosts"}, "count", 'i', 1, most_hosts, {{{"connect"}, "count", 'j', 1, most_connects}}},
      {{"workloads"}, "count", 'i', 0, most_workloads},
      {{"faults"}, "copies", 'i', 0, most_faults}};
  return lists;
}

}  // namespace holdfast::scenario
