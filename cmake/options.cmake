# Everything but the libraries is on only when Skein is the main project.
option(SKEIN_APPS "Build the skein command line" ${PROJECT_IS_TOP_LEVEL})
option(SKEIN_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(SKEIN_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(SKEIN_BENCH "Build the benchmarks" OFF)
option(SKEIN_FUZZ "Build the fuzz targets (Clang)" OFF)
option(SKEIN_INSTALL "Generate the install target" ${PROJECT_IS_TOP_LEVEL})
set(SKEIN_SANITIZE "" CACHE STRING "Sanitizers for Skein's own targets, e.g. address,undefined")

# Applied to Skein's own compiled targets, never to a consumer.
function(skein_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion)
  if(CMAKE_UNITY_BUILD)
    # What is one file's own looks like the next file's, and to GCC like a header's.
    target_compile_options(${target} PRIVATE
      $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage> -Wno-shadow)
  endif()
  if(SKEIN_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${SKEIN_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # Asio's fences under TSan, and flow analysis confused by the sanitizers' own branches.
      target_compile_options(${target} PUBLIC $<$<COMPILE_LANGUAGE:CXX>:-Wno-tsan -Wno-maybe-uninitialized>)
    else()
      # Until Clang splits a coroutine, its promise seems to be an object of its own, before which
      # there is nothing; a strand lies there, before the frame.
      target_compile_options(${target} PUBLIC -fno-sanitize=object-size)
    endif()
    target_link_options(${target} PUBLIC -fsanitize=${SKEIN_SANITIZE})
  endif()
endfunction()

if(PROJECT_IS_TOP_LEVEL)
  find_program(SKEIN_CCACHE ccache)
  if(SKEIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${SKEIN_CCACHE})
  endif()
  find_program(SKEIN_MOLD mold)
  if(SKEIN_MOLD AND NOT CMAKE_LINKER_TYPE)
    set(CMAKE_LINKER_TYPE MOLD)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
