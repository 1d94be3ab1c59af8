# weir_add_plugin(KIND NAME SOURCES... [LIBRARIES...] [TESTS...] [BENCHES...] [TEST_LIBRARIES...]
#   [CONFORMANCE_OPTIONS NAME=VALUE...])
#
# Makes lib/weir/plugins/<kind>_<name>.so, where the agent looks for `type: <name>` among
# sources, processors or sinks. TESTS are GoogleTest files, BENCHES Google Benchmark files; both
# are linked with the plugin's objects and with the in-memory agent of weir_testing. The test
# <kind>_<name>_conformance runs `weir plugin test` on it, with CONFORMANCE_OPTIONS, which are to
# have what is required.
function(weir_add_plugin kind name)
  cmake_parse_arguments(P "" ""
    "SOURCES;LIBRARIES;TESTS;BENCHES;TEST_LIBRARIES;CONFORMANCE_OPTIONS" ${ARGN})
  set(target ${kind}_${name})

  add_library(${target}_objects OBJECT ${P_SOURCES})
  target_link_libraries(${target}_objects PUBLIC weir::sdk ${P_LIBRARIES})
  target_include_directories(${target}_objects PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})

  add_library(${target} MODULE)
  target_link_libraries(${target} PRIVATE ${target}_objects)
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${WEIR_PLUGIN_OUTPUT_DIRECTORY}")
  # One exported symbol: templates of the C++ library would be exported as well without this.
  target_link_options(${target} PRIVATE
    "-Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map")
  if(TARGET product)
    add_dependencies(product ${target})
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION lib/weir/plugins)

  if(P_TESTS AND WEIR_TESTS)
    weir_add_test(${target}_test SOURCES ${P_TESTS}
      LIBRARIES ${target}_objects weir::testing ${P_TEST_LIBRARIES})
    target_compile_definitions(${target}_test PRIVATE
      WEIR_TESTDATA="${CMAKE_CURRENT_SOURCE_DIR}/testdata")
  endif()
  if(WEIR_TESTS)
    weir_add_conformance_test(${target} ${P_CONFORMANCE_OPTIONS})
  endif()
  if(P_BENCHES AND WEIR_BENCH)
    weir_add_bench(${target}_bench SOURCES ${P_BENCHES}
      LIBRARIES ${target}_objects weir::testing ${P_TEST_LIBRARIES})
  endif()
endfunction()
