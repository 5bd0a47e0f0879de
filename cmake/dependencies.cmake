# Shared by the build and by the installed package: what Skein's libraries need. In the package a
# missing one makes find_package(skein) itself not found, so that an optional search stays optional.
macro(_skein_need)
  if(_skein_in_package)
    find_dependency(${ARGV})
  else()
    find_package(${ARGV} REQUIRED)
  endif()
endmacro()

_skein_need(Threads)
_skein_need(Boost 1.88 CONFIG COMPONENTS headers json url)
_skein_need(CURL 8.2)
_skein_need(OpenSSL)
find_package(opentelemetry-cpp CONFIG QUIET)
if(NOT TARGET opentelemetry-cpp::api)
  _skein_need(SkeinOpenTelemetry)
endif()
