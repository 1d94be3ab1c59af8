# Programs that prove something: tests, benchmarks and fuzzers. Used by this repository and, through
# WeirConfig.cmake, by plugins that are built elsewhere.

# Builds `target` with tests_l for each label l: `ninja tests_unit` is every unit test.
function(weir_test_labels target)
  foreach(label IN LISTS ARGN)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${target})
  endforeach()
endfunction()

# weir_add_test(name SOURCES a.cpp... LIBRARIES lib... [LABELS l...]): a GoogleTest program.
# All have the label `unit` too.
function(weir_add_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${T_LIBRARIES} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${T_LABELS}" TIMEOUT 1500)
  weir_test_labels(${name} unit ${T_LABELS})
endfunction()

# weir_add_conformance_test(plugin option...): `weir plugin test` on the file of a target, each
# option as NAME=VALUE. Nothing where there is no agent to run it. WEIR_PROGRAM: the agent outside
# of this repository.
function(weir_add_conformance_test plugin)
  if(TARGET weir)
    set(program weir)
  elseif(WEIR_PROGRAM)
    set(program ${WEIR_PROGRAM})
  else()
    message(STATUS "Weir: the conformance test of ${plugin} is left out: there is no `weir`; "
      "install it, or set WEIR_PROGRAM")
    return()
  endif()
  list(TRANSFORM ARGN PREPEND --option=)
  add_test(NAME ${plugin}_conformance
    COMMAND ${program} plugin test $<TARGET_FILE:${plugin}> --timeout 120 ${ARGN})
  set_tests_properties(${plugin}_conformance PROPERTIES LABELS conformance TIMEOUT 1800)
endfunction()

# weir_add_bench(name SOURCES a.cpp... LIBRARIES lib...): a Google Benchmark program.
function(weir_add_bench name)
  cmake_parse_arguments(B "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${B_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${name} PRIVATE ${B_LIBRARIES} benchmark::benchmark)
endfunction()

# weir_add_fuzzer(name SOURCES a.cpp... LIBRARIES lib... CORPUS folder [DICTIONARY file])
#
# A program around LLVMFuzzerTestOneInput. With WEIR_FUZZ (preset `fuzz`) it is a libFuzzer program
# in fuzz/, which tests/fuzz/run drives from its kept corpus. With WEIR_TESTS it is a test that
# feeds every file of the corpus once, so what a fuzzer ever found stays found.
function(weir_add_fuzzer name)
  cmake_parse_arguments(F "" "CORPUS;DICTIONARY" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT F_CORPUS)
    message(FATAL_ERROR "weir_add_fuzzer(${name}): CORPUS names no folder")
  endif()
  cmake_path(ABSOLUTE_PATH F_CORPUS)
  if(WEIR_FUZZ)
    add_executable(${name} ${F_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(${name} PRIVATE ${F_LIBRARIES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
    file(WRITE ${CMAKE_BINARY_DIR}/fuzz/${name}.corpus "${F_CORPUS}\n")
    if(F_DICTIONARY)
      cmake_path(ABSOLUTE_PATH F_DICTIONARY)
      file(WRITE ${CMAKE_BINARY_DIR}/fuzz/${name}.dict "${F_DICTIONARY}\n")
    endif()
  endif()
  if(WEIR_TESTS)
    add_executable(${name}_replay ${F_SOURCES} ${WEIR_TESTING_DIR}/fuzz_replay.cpp)
    set_target_properties(${name}_replay PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${name}_replay PRIVATE ${F_LIBRARIES})
    add_test(NAME ${name}_replay COMMAND ${name}_replay ${F_CORPUS})
    set_tests_properties(${name}_replay PROPERTIES LABELS "unit;fuzz" TIMEOUT 600)
    weir_test_labels(${name}_replay unit)
  endif()
endfunction()
