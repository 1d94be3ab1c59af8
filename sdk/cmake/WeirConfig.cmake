# find_package(Weir): what a plugin outside of the Weir repository needs to build and test itself.
#
#   weir::sdk            the headers
#   weir::testing        an agent in memory for unit tests, built from source when it is used
#   weir_add_plugin()    see WeirPlugin.cmake
#   weir_add_test() ...  see WeirTest.cmake
#
# It works from an installation (share/weir/cmake) and from a source tree (sdk/cmake).
get_filename_component(weir_sdk_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
set(weir_sdk_include "${weir_sdk_root}/include")
if(NOT EXISTS "${weir_sdk_include}/weir/abi.h")
  get_filename_component(weir_sdk_include "${weir_sdk_root}/../../include" ABSOLUTE)
endif()
if(NOT EXISTS "${weir_sdk_include}/weir/abi.h")
  set(Weir_FOUND FALSE)
  set(Weir_NOT_FOUND_MESSAGE "the headers are not in ${weir_sdk_include}; install the Weir SDK")
  return()
endif()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(WEIR_TESTING_DIR "${weir_sdk_root}/testing")
if(NOT DEFINED WEIR_PLUGIN_OUTPUT_DIRECTORY)
  set(WEIR_PLUGIN_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/weir/plugins")
endif()

option(WEIR_TESTS "Build the plugin's tests" ON)
option(WEIR_BENCH "Build the plugin's benchmarks" OFF)
if(WEIR_TESTS)
  find_package(GTest QUIET)
  if(GTest_FOUND)
    enable_testing()
  else()
    message(STATUS "Weir: GoogleTest was not found, so the tests are left out (libgtest-dev, "
      "libgmock-dev)")
    set(WEIR_TESTS OFF)
  endif()
endif()
find_program(WEIR_PROGRAM weir HINTS "${weir_sdk_root}/../../bin" DOC "The agent, to test with")
if(WEIR_BENCH)
  find_package(benchmark REQUIRED)
endif()

if(NOT TARGET weir::sdk)
  add_library(weir::sdk INTERFACE IMPORTED GLOBAL)
  target_include_directories(weir::sdk INTERFACE "${weir_sdk_include}")
  target_compile_features(weir::sdk INTERFACE cxx_std_20)

  add_library(weir_testing STATIC EXCLUDE_FROM_ALL "${WEIR_TESTING_DIR}/agent.cpp")
  add_library(weir::testing ALIAS weir_testing)
  target_include_directories(weir_testing PUBLIC "${WEIR_TESTING_DIR}")
  target_link_libraries(weir_testing PUBLIC weir::sdk)
endif()

include("${CMAKE_CURRENT_LIST_DIR}/WeirTest.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/WeirPlugin.cmake")
