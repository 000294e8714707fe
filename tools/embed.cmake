# SPDX-License-Identifier: Apache-2.0
#
# Writes OUT, a C++ file that holds the texts of FILES (a list, by name relative to SOURCE_DIR) as
# `const std::vector<std::pair<std::string, std::string>> NAMESPACE::NAME()`. A text is a raw
# literal, as it stands in its file; compilers need not take one of more than 65,536 bytes.
set(code "// Made by tools/embed.cmake.\n#include <string>\n#include <utility>\n")
string(APPEND code "#include <vector>\n\n")
string(APPEND code "namespace ${NAMESPACE} {\n\n")
string(APPEND code "const std::vector<std::pair<std::string, std::string>>& ${NAME}() {\n")
string(APPEND code "  static const std::vector<std::pair<std::string, std::string>> all = {\n")
string(REPLACE "|" ";" FILES "${FILES}")
foreach(file ${FILES})
  file(READ ${SOURCE_DIR}/${file} text)
  string(LENGTH "${text}" length)
  file(SIZE ${SOURCE_DIR}/${file} size)
  string(FIND "${text}" ")embedded\"" end)
  if(NOT length EQUAL size OR length GREATER 65535 OR NOT end EQUAL -1)
    message(FATAL_ERROR "${file} cannot be embedded as one raw literal")
  endif()
  string(APPEND code "      {\"${file}\",\n       R\"embedded(${text})embedded\"},\n")
endforeach()
string(APPEND code "  };\n  return all;\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${code}")
