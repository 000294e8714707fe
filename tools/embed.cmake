# SPDX-License-Identifier: Apache-2.0
#
# Writes OUT, a C++ file that holds the texts of FILES (a list, by name relative to SOURCE_DIR) as
# `const std::vector<std::pair<std::string, std::string>> NAMESPACE::NAME()`. Texts are cut into
# pieces, because compilers limit the length of a literal.
set(code "// Made by tools/embed.cmake.\n#include <string>\n#include <utility>\n")
string(APPEND code "#include <vector>\n\n")
string(APPEND code "namespace ${NAMESPACE} {\n\n")
string(APPEND code "const std::vector<std::pair<std::string, std::string>>& ${NAME}() {\n")
string(APPEND code "  static const std::vector<std::pair<std::string, std::string>> all = {\n")
string(REPLACE "|" ";" FILES "${FILES}")
foreach(file ${FILES})
  file(READ ${SOURCE_DIR}/${file} text HEX)
  string(LENGTH "${text}" length)
  string(APPEND code "      {\"${file}\",\n       std::string(\n")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(REGEX REPLACE "(..)" "\\\\x\\1" piece "${piece}")
    string(APPEND code "           \"${piece}\"\n")
    math(EXPR at "${at} + 8000")
  endwhile()
  math(EXPR bytes "${length} / 2")
  string(APPEND code "           \"\", ${bytes})},\n")
endforeach()
string(APPEND code "  };\n  return all;\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${code}")
