// Where spans, metrics and log records go: one call at the start of main(), from values, from the
// standard OTEL_* variables, or from both. A program with an OpenTelemetry set-up of its own calls
// nothing of this.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <opentelemetry/sdk/logs/exporter.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/sampler.h>

#include <skein/json/value.hpp>
#include <skein/telemetry/ledger.hpp>
#include <skein/telemetry/limits.hpp>
#include <skein/telemetry/sent.hpp>
#include <skein/telemetry/spool.hpp>
#include <skein/telemetry/tail_sampling.hpp>
#include <skein/telemetry/tree.hpp>

namespace skein::telemetry {

enum class otlp_protocol : std::uint8_t { http_protobuf, http_json, grpc };

// All that an OTLP exporter needs to know, options and environment put together. Secrets may be in
// the headers.
struct otlp_config {
  otlp_protocol protocol = otlp_protocol::http_protobuf;
  std::string url = {};  // the whole of it: with HTTP including the path
  std::vector<std::pair<std::string, std::string>> headers = {};  // decoded
  std::chrono::milliseconds timeout{10000};                       // of one export, at least 1 ms
  // Of spans over HTTP: a batch that is larger goes in several requests. A span may be larger.
  std::size_t max_request_bytes = std::size_t{4} << 20U;
  enum class compression : std::uint8_t { none, gzip } compressed = compression::none;
  enum class security : std::uint8_t { by_scheme, plain } transport = security::by_scheme;
  std::string certificate_file = {};  // of whom to trust
  std::string client_key_file = {};
  std::string client_certificate_file = {};
  // Of metrics: sums since the beginning, since the last export, or the latter where it is cheap.
  enum class temporality : std::uint8_t {
    cumulative,
    delta,
    low_memory
  } sums = temporality::cumulative;
};

// Makes OTLP exporters: `skein::otlp::make_exporter` over HTTP, `skein::otlp_grpc::make_exporter`
// over gRPC too. Passed in, so that nobody loads gRPC without need. A plain function makes
// exporters of spans only; one with members `metrics` and `logs` makes those too, and one with
// `spool_spans` and `spool_logs` keeps them on disk.
class otlp_factory {
 public:
  template <class T>
  using makes = std::function<std::unique_ptr<T>(const otlp_config&)>;
  template <class T>
  using makes_spool = std::function<std::unique_ptr<T>(const otlp_config&, const spool_options&)>;

  otlp_factory() = default;
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, otlp_factory> &&
             std::constructible_from<makes<opentelemetry::sdk::trace::SpanExporter>, F>)
  otlp_factory(F f) {  // NOLINT(google-explicit-constructor)
    if constexpr (requires(const otlp_config& c) { f.metrics(c), f.logs(c); }) {
      metrics = [f](const otlp_config& c) { return f.metrics(c); };
      logs = [f](const otlp_config& c) { return f.logs(c); };
    }
    if constexpr (requires(const otlp_config& c, const spool_options& o) {
                    f.spool_spans(c, o), f.spool_logs(c, o);
                  }) {
      spool_spans = [f](const otlp_config& c, const spool_options& o) {
        return f.spool_spans(c, o);
      };
      spool_logs = [f](const otlp_config& c, const spool_options& o) { return f.spool_logs(c, o); };
    }
    spans = std::move(f);
  }

  makes<opentelemetry::sdk::trace::SpanExporter> spans;
  makes<opentelemetry::sdk::metrics::PushMetricExporter> metrics;
  makes<opentelemetry::sdk::logs::LogRecordExporter> logs;
  makes_spool<span_spool> spool_spans;
  makes_spool<log_spool> spool_logs;
};

// Prints each trace as a tree (tree.hpp) as soon as its root has ended, from the thread on which it
// ends.
struct console_tree {
  std::optional<tree_style> style = {};  // else what fits the terminal
  std::ostream* to = nullptr;            // borrowed for the pipeline's life; null: standard error
};

// Appends OTLP JSON lines (otlp_json.hpp); "-" is standard output.
struct otlp_lines {
  std::string path = {};
};

// Sends to a collector with OTLP. What is left out comes from OTEL_EXPORTER_OTLP_*, then from the
// specification.
struct otlp_collector {
  std::optional<otlp_protocol> protocol = {};
  // As OTEL_EXPORTER_OTLP_ENDPOINT: with HTTP, /v1/traces, /v1/metrics or /v1/logs is added.
  std::optional<std::string> endpoint = {};
  std::vector<std::pair<std::string, std::string>> headers =
      {};  // added to those of the environment
  std::optional<std::chrono::milliseconds> timeout = {};
};

// Or a ledger, or any exporter. An exporter of the user's own must return from Export in time by
// itself.
using span_destination = std::variant<console_tree, otlp_lines, otlp_collector, span_ledger,
                                      std::unique_ptr<opentelemetry::sdk::trace::SpanExporter>>;

// A list that can be written in braces although its elements can only be moved.
class span_destinations {
 public:
  span_destinations() = default;
  template <class... Destinations>
    requires(std::constructible_from<span_destination, Destinations> && ...)
  span_destinations(Destinations&&... each) {  // NOLINT(google-explicit-constructor)
    (list_.emplace_back(std::forward<Destinations>(each)), ...);
  }
  [[nodiscard]] std::vector<span_destination>& list() noexcept { return list_; }

 private:
  std::vector<span_destination> list_;
};

struct nowhere {};
using metric_destination =
    std::variant<nowhere, otlp_collector,
                 std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter>>;
using log_destination = std::variant<nowhere, otlp_collector,
                                     std::unique_ptr<opentelemetry::sdk::logs::LogRecordExporter>>;

struct batch_options {
  std::size_t max_queue_size = 2048;                // waiting; more are dropped
  std::size_t max_batch_size = 512;                 // in one export
  std::chrono::milliseconds schedule_delay{5000};   // how long one may wait for others
  std::chrono::milliseconds export_timeout{30000};  // see also flush_deadline
};

struct metric_options {
  std::chrono::milliseconds interval{60000};        // between exports
  std::chrono::milliseconds export_timeout{30000};  // see also flush_deadline
};

// What is given here wins over the environment; what is left out comes from it, then from the
// specification.
struct setup_options {
  std::optional<std::string> service_name = {};  // OTEL_SERVICE_NAME
  std::optional<std::string> service_version = {};
  // OTEL_RESOURCE_ATTRIBUTES, key by key; `service.instance.id` is else random, one of the process.
  json::object resource = {};
  span_destinations exporters = {};  // none: OTEL_TRACES_EXPORTER, by default `otlp`
  // None: OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER. Those unset too: where the spans go, as far
  // as that is a collector.
  std::optional<metric_destination> metrics = {};
  std::optional<log_destination> logs = {};
  otlp_factory otlp = {};                       // needed by otlp_collector and `otlp`
  std::optional<batch_options> batch = {};      // OTEL_BSP_*
  std::optional<batch_options> log_batch = {};  // OTEL_BLRP_*
  std::optional<metric_options> metering = {};  // OTEL_METRIC_EXPORT_*
  std::unique_ptr<opentelemetry::sdk::trace::Sampler> sampler = {};  // OTEL_TRACES_SAMPLER
  std::optional<std::vector<std::string>> propagators = {};          // OTEL_PROPAGATORS
  std::optional<span_limits> limits = {};  // OTEL_SPAN_*_LIMIT, OTEL_EVENT_* and OTEL_LINK_*
  std::optional<attribute_limits> log_limits = {};  // OTEL_LOGRECORD_ATTRIBUTE_*
  // Which traces to export, decided when they are over; none: all that the sampler took. The queue
  // of each exporter is made as large as what may wait.
  std::optional<tail_sampling> tail = {};
  // SKEIN_TELEMETRY_SPOOL. For spans and log records on their way to collectors; those that wait
  // are on disk and not in memory, so that max_queue_size means nothing there. The second collector
  // has FILE.2 and so on, log records have FILE.logs.
  std::optional<spool_options> spool = {};
  // What the pipeline's destructor may take. Also the most that one export may take, because
  // opentelemetry-cpp's exporters cannot be interrupted.
  std::chrono::milliseconds flush_deadline{5000};
};

// Of spans. Counted once for each exporter with a queue (all but console_tree and ledgers), as the
// exporter says; skein::otlp's counts one by one what the collector accepted.
struct flush_result : sent_counts {
  sent_counts logs = {};      // log records
  sent_counts metrics = {};   // points of metrics, each time they are exported
  std::size_t unsampled = 0;  // spans of traces that tail sampling did not keep, which is no loss
  bool in_time = true;        // nothing was left waiting in memory
  [[nodiscard]] bool ok() const noexcept {
    return in_time && sent_counts::ok() && logs.ok() && metrics.ok();
  }
};

// Owns what setup() made. Its destructor puts back the providers and the propagator from before,
// sends what is waiting within flush_deadline, and gives up the rest, or leaves it in the spool.
class pipeline {
 public:
  pipeline(pipeline&&) noexcept;
  pipeline& operator=(pipeline&&) noexcept;
  ~pipeline();

  // Sends the spans that have ended by now, the log records and the metrics, and waits for it until
  // the deadline; not for a collector that is not there, if there is a spool. Any thread.
  flush_result flush(std::chrono::milliseconds deadline);
  flush_result flush();  // within flush_deadline

 private:
  friend pipeline setup(setup_options options);
  struct state;
  explicit pipeline(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

// Installs Skein's context storage (install.hpp), providers of tracers, meters and loggers, and
// propagators for the whole program. The meter provider has the views of views.hpp. A variable with
// a value that makes no sense is reported by name to OpenTelemetry's log (standard error, unless
// the program says otherwise) and then counts as unset. Throws usage_error when the options cannot
// be satisfied: a file that cannot be opened, otlp_collector without a factory; or when
// OTEL_CONFIG_FILE is set, which it does not read. With OTEL_SDK_DISABLED=true, or after disable()
// (switch.hpp), only storage and propagators are installed. Spans and log records keep to the
// limits of OTEL_ATTRIBUTE_*, OTEL_SPAN_*, OTEL_EVENT_*, OTEL_LINK_* and OTEL_LOGRECORD_*.
//
// Understood: OTEL_SDK_DISABLED, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_EXPORTER
// (otlp, console, otlp/stdout, none), OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER (otlp, console,
// none), OTEL_TRACES_SAMPLER and _ARG, OTEL_BSP_*, OTEL_BLRP_*, OTEL_METRIC_EXPORT_INTERVAL and
// _TIMEOUT, OTEL_PROPAGATORS, OTEL_LOG_LEVEL, OTEL_EXPORTER_OTLP_*, and the same for one signal:
// OTEL_EXPORTER_OTLP_TRACES_*, _METRICS_* and _LOGS_*; and SKEIN_TELEMETRY_SPOOL. docs/telemetry.md
// has the table.
[[nodiscard]] pipeline setup(setup_options options = {});

}  // namespace skein::telemetry
