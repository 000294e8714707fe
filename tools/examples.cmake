# SPDX-License-Identifier: Apache-2.0
#
# Writes a C++ source with a test case for the example of each room's page, so that what the pages
# show compiles and holds. An example is the block between "```cpp" and "```" of a README.md: its
# includes, and then statements that end in CHECK.
# Called with -DSOURCE_DIR, -DPAGES (paths from there, separated by "|") and -DOUT.
string(REPLACE "|" ";" pages "${PAGES}")
string(CONCAT out "// The examples of the rooms' pages. Made by tools/examples.cmake.\n"
       "#include <catch2/catch.hpp>\n")
set(cases "")
foreach(page ${pages})
  file(READ ${SOURCE_DIR}/${page} text)
  if(NOT text MATCHES "\n```cpp\n")
    continue()
  endif()
  string(REGEX REPLACE "^(.*\n)```cpp\n.*$" "\\1" before "${text}")
  string(REGEX REPLACE "^.*\n```cpp\n(.*)$" "\\1" block "${text}")
  string(REGEX REPLACE "\n```\n.*$" "\n" block "${block}")
  if(NOT block MATCHES "CHECK")
    message(FATAL_ERROR "${page}: an example has to end in CHECK, or nothing would hold it")
  endif()
  # A line of an error message is the line of the page.
  string(REGEX REPLACE "[^\n]" "" newlines "${before}")
  string(LENGTH "${newlines}" line)
  math(EXPR line "${line} + 2")
  string(REGEX MATCHALL "#include [^\n]*\n" includes "${block}")
  string(REPLACE ";" "" includes "${includes}")
  string(APPEND out "${includes}")
  string(REGEX REPLACE "#include [^\n]*" "" body "${block}")
  string(REGEX REPLACE "/README.md$" "" room "${page}")
  string(APPEND cases "\nTEST_CASE(\"the example of ${room} holds\", \"[example]\") {\n"
         "#line ${line} \"${page}\"\n${body}}\n")
endforeach()
file(WRITE ${OUT} "${out}${cases}")
