# skein_room(name DEPENDS ... PRIVATE_DEPENDS ...): one library of the house, from src/<name>/ and
# include/skein/<name>/, as target skein::<name>. A room without sources is header-only.
set(_skein_rooms)
set(_skein_components)

macro(skein_room name)
  cmake_parse_arguments(_room "" "" "DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  file(GLOB_RECURSE _room_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/${name}/*.cpp)
  file(GLOB_RECURSE _room_headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/skein/${name}/*.hpp)
  if(_room_sources)
    add_library(skein_${name} ${_room_sources})
    set(_room_scope PUBLIC)
    skein_compile_options(skein_${name})
    target_include_directories(skein_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
    target_link_libraries(skein_${name} PRIVATE ${_room_PRIVATE_DEPENDS})
    set_target_properties(skein_${name} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    add_library(skein_${name} INTERFACE)
    set(_room_scope INTERFACE)
  endif()
  add_library(skein::${name} ALIAS skein_${name})
  set_target_properties(skein_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(skein_${name} ${_room_scope} cxx_std_23)
  target_sources(skein_${name} ${_room_scope} FILE_SET HEADERS
    BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${_room_headers})
  target_link_libraries(skein_${name} ${_room_scope} ${_room_DEPENDS})
  list(APPEND _skein_rooms skein_${name})
  list(APPEND _skein_components ${name})
endmacro()

# After the last room: the umbrella headers, installation, and the package, which works both from
# where it is installed and, with skein_DIR, straight from the build tree.
macro(skein_finish_rooms)
  file(GLOB _umbrella CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/skein/*.hpp)
  target_sources(skein INTERFACE FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include
    FILES ${_umbrella})
  if(SKEIN_INSTALL)
    include(CMakePackageConfigHelpers)
    set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/skein)
    install(TARGETS skein ${_skein_rooms} EXPORT skeinTargets FILE_SET HEADERS)
    install(EXPORT skeinTargets NAMESPACE skein:: DESTINATION ${_package_dir})
    export(EXPORT skeinTargets NAMESPACE skein:: FILE ${CMAKE_CURRENT_BINARY_DIR}/skeinTargets.cmake)
    configure_package_config_file(cmake/skeinConfig.cmake.in
      ${CMAKE_CURRENT_BINARY_DIR}/skeinConfig.cmake INSTALL_DESTINATION ${_package_dir})
    write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/skeinConfigVersion.cmake
      COMPATIBILITY SameMinorVersion)
    foreach(_file dependencies.cmake FindSkeinOpenTelemetry.cmake FindSkeinProtozero.cmake)
      configure_file(cmake/${_file} ${CMAKE_CURRENT_BINARY_DIR}/${_file} COPYONLY)
    endforeach()
    install(FILES
      ${CMAKE_CURRENT_BINARY_DIR}/skeinConfig.cmake
      ${CMAKE_CURRENT_BINARY_DIR}/skeinConfigVersion.cmake
      cmake/dependencies.cmake cmake/FindSkeinOpenTelemetry.cmake cmake/FindSkeinProtozero.cmake
      DESTINATION ${_package_dir})
  endif()
endmacro()
