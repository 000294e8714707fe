// SPDX-License-Identifier: Apache-2.0
// What a run, and a point of a sweep, make of an error: a wrong scenario is a row, a broken model
// never is.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "analysis/run/point.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace {

using namespace holdfast;
using nlohmann::json;

const json& document() {
  static const json one = scenario::read_document("scenarios/rw_test_cqt_only.json");
  return one;
}

/// The point, with a run that ends in that error.
template <class Error>
json run_with(const Error& error) {
  analysis::Point point;
  point.seed = 7;
  point.sets = {{"/duration", "5s"}, {"/hosts/0/policy", "spec"}};
  analysis::RunOptions options;
  options.progress = [&](double) { throw error; };
  return analysis::run_point(document(), point, "test", options);
}

const sim::InvariantError broken("a.cpp:1: broken invariant: n > 0");

}  // namespace

TEST_CASE("a broken invariant is no row, and names the point and the seed", "[analysis]") {
  CHECK_THROWS_MATCHES(
      run_with(broken), sim::InvariantError,
      Catch::Message("a.cpp:1: broken invariant: n > 0; in rw_test_cqt_only, seed 7; at /duration "
                     "= \"5s\", /hosts/0/policy = \"spec\""));
  // What the model should never have tried is broken as well.
  CHECK_THROWS_AS(run_with(std::out_of_range("map::at")), sim::InvariantError);
}

TEST_CASE("what is wrong with a point, or with the machine, is a row", "[analysis]") {
  CHECK(run_with(std::runtime_error("no route"))["error_type"] == "HoldfastError");
  CHECK(run_with(std::invalid_argument("no catalogue"))["error_type"] == "HoldfastError");
  analysis::Point point;
  point.sets = {{"/duration", "5"}};
  const json row = analysis::run_point(document(), point, "test", {});
  CHECK(row["error_type"] == "ScenarioError");
}

TEST_CASE("a run that breaks says which one it was", "[analysis]") {
  analysis::RunOptions options;
  options.progress = [](double) { throw broken; };
  CHECK_THROWS_WITH(analysis::run(scenario::from_json(document(), "test"), options),
                    Catch::Contains("n > 0; in rw_test_cqt_only, seed "));
}

TEST_CASE("a word for a kernel is one of three", "[analysis]") {
  CHECK(analysis::kernel_named("native") == analysis::Kernel::native);
  CHECK(analysis::kernel_named("simgrid") == analysis::Kernel::simgrid);
  CHECK(analysis::kernel_named("both") == analysis::Kernel::both);
  CHECK_THROWS_AS(analysis::kernel_named("Native"), std::invalid_argument);
  CHECK_THROWS_AS(analysis::kernel_named(""), std::invalid_argument);
}
