# SPDX-License-Identifier: Apache-2.0
#
# What is installed beside the program, and the Debian package: `make package`.
include(GNUInstallDirs)
set(extras ${PROJECT_BINARY_DIR}/extras)
set(extra_files)
# The program tells its own manual page and completions (`holdfast completion`).
foreach(pair "man=holdfast.1" "bash=holdfast" "zsh=_holdfast" "fish=holdfast.fish")
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 kind)
  list(GET pair 1 name)
  add_custom_command(OUTPUT ${extras}/${kind}/${name}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${extras}/${kind}
    COMMAND $<TARGET_FILE:holdfast> completion ${kind} > ${extras}/${kind}/${name}
    DEPENDS holdfast VERBATIM)
  list(APPEND extra_files ${extras}/${kind}/${name})
endforeach()
# Debian wants these two compressed, and without an instant in them.
foreach(pair "man/holdfast.1=man/holdfast.1.gz" "=doc/changelog.gz")
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 from)
  list(GET pair 1 to)
  if(from STREQUAL "")
    set(source ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
  else()
    set(source ${extras}/${from})
  endif()
  add_custom_command(OUTPUT ${extras}/${to}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${extras}/doc
    COMMAND gzip -9nc ${source} > ${extras}/${to}
    DEPENDS ${source} VERBATIM)
  list(APPEND extra_files ${extras}/${to})
endforeach()
add_custom_target(holdfast_extras DEPENDS ${extra_files})

install(TARGETS holdfast RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(FILES ${extras}/man/holdfast.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
        COMPONENT program)
install(FILES ${extras}/bash/holdfast
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES ${extras}/zsh/_holdfast
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${extras}/fish/holdfast.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
install(FILES ${extras}/doc/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/holdfast
        COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/tools/package/copyright
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/holdfast COMPONENT program)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_CONTACT "the Holdfast developers <holdfast@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "path-failure recovery in multipath NVMe over Fabrics")
string(CONCAT CPACK_PACKAGE_DESCRIPTION
  "Simulates what happens when a host loses a path to an NVMe over Fabrics subsystem\n"
  "while writes are in flight: how long I/O stalls, how long a stale write could land,\n"
  "and whether data can be corrupted.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# libsimgrid and the rest, as the program was linked.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};holdfast;program;/")
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
include(CPack)
