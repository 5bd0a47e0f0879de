# Debian's opentelemetry-cpp-dev ships no CMake package file. This makes imported targets under the
# names that upstream's own package exports, so that nothing else needs to know the difference.
find_path(SKEIN_OTEL_INCLUDE_DIR opentelemetry/version.h)
set(_skein_otel_required SKEIN_OTEL_INCLUDE_DIR)

function(_skein_otel_target name library)
  if(TARGET opentelemetry-cpp::${name})
    return()
  endif()
  find_library(SKEIN_OTEL_${name} ${library})
  mark_as_advanced(SKEIN_OTEL_${name})
  add_library(opentelemetry-cpp::${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(opentelemetry-cpp::${name} PROPERTIES
    IMPORTED_LOCATION "${SKEIN_OTEL_${name}}")
  target_link_libraries(opentelemetry-cpp::${name} INTERFACE opentelemetry-cpp::api ${ARGN})
endfunction()

if(SKEIN_OTEL_INCLUDE_DIR AND NOT TARGET opentelemetry-cpp::api)
  add_library(opentelemetry-cpp::api INTERFACE IMPORTED GLOBAL)
  target_include_directories(opentelemetry-cpp::api SYSTEM INTERFACE ${SKEIN_OTEL_INCLUDE_DIR})
  _skein_otel_target(common opentelemetry_common)
  _skein_otel_target(resources opentelemetry_resources opentelemetry-cpp::common)
  _skein_otel_target(trace opentelemetry_trace opentelemetry-cpp::resources opentelemetry-cpp::common)
  _skein_otel_target(metrics opentelemetry_metrics opentelemetry-cpp::resources)
  _skein_otel_target(logs opentelemetry_logs opentelemetry-cpp::resources)
  _skein_otel_target(proto opentelemetry_proto)
  _skein_otel_target(otlp_recordable opentelemetry_otlp_recordable opentelemetry-cpp::proto
    opentelemetry-cpp::trace)
  _skein_otel_target(otlp_grpc_client opentelemetry_exporter_otlp_grpc_client)
  _skein_otel_target(otlp_grpc_exporter opentelemetry_exporter_otlp_grpc
    opentelemetry-cpp::otlp_recordable opentelemetry-cpp::otlp_grpc_client)
  _skein_otel_target(otlp_grpc_metrics_exporter opentelemetry_exporter_otlp_grpc_metrics
    opentelemetry-cpp::otlp_recordable opentelemetry-cpp::otlp_grpc_client)
  _skein_otel_target(otlp_grpc_log_record_exporter opentelemetry_exporter_otlp_grpc_log
    opentelemetry-cpp::otlp_recordable opentelemetry-cpp::otlp_grpc_client)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SkeinOpenTelemetry
  REQUIRED_VARS SKEIN_OTEL_INCLUDE_DIR SKEIN_OTEL_trace SKEIN_OTEL_metrics
  FAIL_MESSAGE "opentelemetry-cpp 1.19 or newer not found: run tools/setup, or install it and set CMAKE_PREFIX_PATH")
