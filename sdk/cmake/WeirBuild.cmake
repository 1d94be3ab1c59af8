# How this repository is compiled: ccache, a fast linker, warnings, sanitizers.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

find_program(MOLD mold)
find_program(LLD ld.lld)
if(MOLD)
  add_link_options(-fuse-ld=mold)
elseif(LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wno-missing-field-initializers
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
if(WEIR_WERROR)
  add_compile_options(-Werror)
endif()
# The same sums on every processor: none fuses a multiplication with an addition.
add_compile_options(-ffp-contract=off)
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro,-z,now)

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
  # GCC's analysis of instrumented code sees uninitialised members in its own standard library.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

if(WEIR_SANITIZE MATCHES "thread")
  # ThreadSanitizer does not know fences; Asio's queues are ordered by their locks without them.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

if(WEIR_FUZZ)
  # Coverage in every object; the driver of libFuzzer is linked into the fuzzers only.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
set(WEIR_TESTING_DIR ${CMAKE_SOURCE_DIR}/sdk/testing)
include(WeirTest)
