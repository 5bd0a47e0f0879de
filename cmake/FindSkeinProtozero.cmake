# protozero ships no CMake package: a target for its headers.
find_path(SKEIN_PROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp)
mark_as_advanced(SKEIN_PROTOZERO_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SkeinProtozero REQUIRED_VARS SKEIN_PROTOZERO_INCLUDE_DIR)
if(SkeinProtozero_FOUND AND NOT TARGET protozero::protozero)
  add_library(protozero::protozero INTERFACE IMPORTED)
  target_include_directories(protozero::protozero SYSTEM INTERFACE ${SKEIN_PROTOZERO_INCLUDE_DIR})
endif()
