# SPDX-License-Identifier: Apache-2.0
#
# Writes OUT, a C++ file with the model version: a hash over the names and contents of all sources
# below sim, models and analysis of SOURCE_DIR.
set(all "")
foreach(room sim models analysis)
  file(GLOB_RECURSE found RELATIVE ${SOURCE_DIR} ${SOURCE_DIR}/${room}/*.cpp
       ${SOURCE_DIR}/${room}/*.hpp)
  list(SORT found)
  foreach(name ${found})
    file(SHA256 ${SOURCE_DIR}/${name} digest)
    string(APPEND all "${name} ${digest}\n")
  endforeach()
endforeach()
string(SHA256 version "${all}")
string(SUBSTRING ${version} 0 16 version)
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [=[
// Written by tools/model_version.cmake.
#include "analysis/run/model_version.hpp"

namespace holdfast::analysis {

const char* model_version() { return "@version@"; }

}  // namespace holdfast::analysis
]=])
