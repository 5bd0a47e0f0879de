# Shared by the build and by the installed package: what Skein's libraries need.
find_package(Threads REQUIRED)
find_package(Boost 1.88 REQUIRED CONFIG COMPONENTS headers json url)
find_package(CURL 7.85 REQUIRED)
find_package(opentelemetry-cpp CONFIG QUIET)
if(NOT TARGET opentelemetry-cpp::api)
  find_package(SkeinOpenTelemetry REQUIRED)
endif()
