#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <opentelemetry/context/propagation/composite_propagator.h>
#include <opentelemetry/context/propagation/global_propagator.h>
#include <opentelemetry/logs/provider.h>
#include <opentelemetry/metrics/provider.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/logs/logger_provider.h>
#include <opentelemetry/sdk/metrics/meter_provider.h>
#include <opentelemetry/sdk/metrics/view/view_registry.h>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/samplers/always_off.h>
#include <opentelemetry/sdk/trace/samplers/always_on.h>
#include <opentelemetry/sdk/trace/samplers/parent.h>
#include <opentelemetry/sdk/trace/samplers/trace_id_ratio.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/trace/propagation/b3_propagator.h>
#include <opentelemetry/trace/propagation/http_trace_context.h>
#include <opentelemetry/trace/propagation/jaeger.h>
#include <opentelemetry/trace/provider.h>

#include <skein/core/error.hpp>
#include <skein/json/text.hpp>
#include <skein/telemetry/install.hpp>
#include <skein/telemetry/setup.hpp>
#include <skein/telemetry/switch.hpp>
#include <skein/telemetry/views.hpp>

#include "telemetry/baggage.hpp"
#include "telemetry/batch.hpp"
#include "telemetry/console.hpp"
#include "telemetry/console_signals.hpp"
#include "telemetry/environment.hpp"
#include "telemetry/gate.hpp"
#include "telemetry/lines_exporter.hpp"
#include "telemetry/metric_sender.hpp"
#include "telemetry/queue_processor.hpp"
#include "telemetry/shape.hpp"
#include "telemetry/spool_queue.hpp"

namespace skein::telemetry {

namespace trace = opentelemetry::trace;
namespace sdk = opentelemetry::sdk;
namespace nostd = opentelemetry::nostd;
namespace propagation = opentelemetry::context::propagation;

namespace {

using processor_ptr = std::unique_ptr<sdk::trace::SpanProcessor>;
using global_provider = trace::Provider;
using global_propagator = propagation::GlobalTextMapPropagator;

// Resource's own constructor is for derived classes; Resource::Create reads the environment by
// rules of its own, once for the whole program.
struct plain_resource : sdk::resource::Resource {
  explicit plain_resource(const sdk::resource::ResourceAttributes& attributes)
      : Resource(attributes) {}
};

// Without it, two processes of one service would write the same cumulative series.
const std::string& instance_id() {
  static const std::string id = to_string(boost::uuids::random_generator()());
  return id;
}

sdk::resource::Resource to_resource(const json::object& attributes) {
  sdk::resource::ResourceAttributes out{{"service.instance.id", instance_id()}};
  for (const auto& a : attributes) {
    std::string key(a.key());
    const auto& v = a.value();
    if (const auto* b = v.if_bool()) {
      out[key] = *b;
    } else if (const auto* i = v.if_int64()) {
      out[key] = *i;
    } else if (const auto* d = v.if_double()) {
      out[key] = *d;
    } else if (const auto* s = v.if_string()) {
      out[key] = std::string(*s);
    } else {
      out[key] = json::write_text(v);
    }
  }
  return sdk::resource::Resource::GetDefault().Merge(plain_resource(out));
}

std::unique_ptr<sdk::trace::Sampler> make_sampler(const sampler_choice& choice) {
  using kind = sampler_choice::kind;
  std::unique_ptr<sdk::trace::Sampler> root;
  switch (choice.root) {
    case kind::always_on:
      root = std::make_unique<sdk::trace::AlwaysOnSampler>();
      break;
    case kind::always_off:
      root = std::make_unique<sdk::trace::AlwaysOffSampler>();
      break;
    case kind::ratio:
      root = std::make_unique<sdk::trace::TraceIdRatioBasedSampler>(choice.ratio);
      break;
  }
  if (!choice.parent_based) return root;
  return std::make_unique<sdk::trace::ParentBasedSampler>(std::move(root));
}

nostd::shared_ptr<propagation::TextMapPropagator> make_propagator(
    const std::vector<std::string>& names) {
  std::vector<std::unique_ptr<propagation::TextMapPropagator>> all;
  for (const auto& n : names) {
    if (n == "tracecontext") {
      all.push_back(std::make_unique<trace::propagation::HttpTraceContext>());
    } else if (n == "baggage") {
      all.push_back(std::make_unique<baggage_propagator>());
    } else if (n == "b3") {
      all.push_back(std::make_unique<trace::propagation::B3Propagator>());
    } else if (n == "b3multi") {
      all.push_back(std::make_unique<trace::propagation::B3PropagatorMultiHeader>());
    } else if (n == "jaeger") {
      all.push_back(std::make_unique<trace::propagation::JaegerPropagator>());
    }
  }
  return nostd::shared_ptr<propagation::TextMapPropagator>(
      new propagation::CompositePropagator(std::move(all)));
}

void set_log_level(const environment& env) {
  using level = sdk::common::internal_log::LogLevel;
  static constexpr std::array levels{
      std::pair{"none", level::None},    std::pair{"error", level::Error},
      std::pair{"warn", level::Warning}, std::pair{"info", level::Info},
      std::pair{"debug", level::Debug},
  };
  auto name = env.text("OTEL_LOG_LEVEL");
  if (!name) return;
  auto found = std::ranges::find(levels, *name, [](const auto& l) { return std::string(l.first); });
  if (found == levels.end()) {
    env.warn("OTEL_LOG_LEVEL", *name, "is none of none, error, warn, info and debug; ignored");
    return;
  }
  sdk::common::internal_log::GlobalLogHandler::SetLogLevel(found->second);
}

// What OTEL_TRACES_EXPORTER asks for.
std::vector<span_destination> destinations_from(const environment& env, const otlp_factory& otlp) {
  constexpr auto* variable = "OTEL_TRACES_EXPORTER";
  std::vector<span_destination> out;
  auto asked = exporters_from(env, variable, {"otlp", "console", "otlp/stdout"});
  const bool set = asked.from == exporter_names::variable::set;
  if (!set) asked.names.emplace_back("otlp");
  for (const auto& n : asked.names) {
    if (n == "console") {
      out.emplace_back(console_tree{});
    } else if (n == "otlp/stdout") {
      out.emplace_back(otlp_lines{.path = "-"});
    } else if (otlp.spans) {
      out.emplace_back(otlp_collector{});
    } else {
      env.warn(std::format(
          "spans go nowhere: {}, and this program cannot send OTLP. Link skein::otlp and pass "
          "setup({{.otlp = skein::otlp::make_exporter}}), or set {} to console or none",
          set ? "OTEL_TRACES_EXPORTER asks for otlp"
              : "the default of OTEL_TRACES_EXPORTER is otlp",
          variable));
    }
  }
  return out;
}

// The collectors among the destinations of spans: metrics and log records follow them.
std::vector<otlp_collector> collectors_of(const std::vector<span_destination>& spans) {
  std::vector<otlp_collector> out;
  for (const auto& d : spans) {
    if (const auto* c = std::get_if<otlp_collector>(&d)) out.push_back(*c);
  }
  return out;
}

// Makes what sends, and knows all of it.
class workshop {
 public:
  workshop(const environment& env, const setup_options& options) : env_(env), options_(options) {
    batch_ = bounded(options.batch ? *options.batch : batch_from(env));
    log_batch_ = bounded(options.log_batch ? *options.log_batch : log_batch_from(env));
    metering_ = options.metering ? *options.metering : metering_from(env);
    metering_.interval = std::clamp<std::chrono::milliseconds>(
        metering_.interval, std::chrono::milliseconds(1), std::chrono::hours(24));
    metering_.export_timeout = bounded(metering_.export_timeout);
    if (auto file = env.text("SKEIN_TELEMETRY_SPOOL"); options.spool) {
      spool_ = options.spool;
    } else if (file) {
      spool_ = spool_options{.file = *file};
    }
  }

  processor_ptr operator()(console_tree& c) {
    return std::make_unique<console_processor>(c.to != nullptr ? *c.to : std::cerr,
                                               c.style ? *c.style : style_of_terminal());
  }
  processor_ptr operator()(span_ledger& l) { return l.processor(); }
  processor_ptr operator()(otlp_lines& l) {
    return queued(make_lines_exporter(l.path), batch_, {});
  }
  processor_ptr operator()(std::unique_ptr<sdk::trace::SpanExporter>& e) {
    return queued(not_null(std::move(e)), batch_, {});
  }
  processor_ptr operator()(otlp_collector& c) {
    if (auto q = spooled<span_signal>(c, otlp_signal::traces, options_.otlp.spool_spans, batch_, "",
                                      spooled_spans_)) {
      senders_.spans.push_back(q);
      return std::make_unique<span_queue_processor<spool_queue<span_signal>>>(std::move(q));
    }
    auto [exporter, remake, timeout] =
        otlp(c, otlp_signal::traces, options_.otlp.spans, batch_.export_timeout);
    auto batch = batch_;
    batch.export_timeout = timeout;
    return queued(std::move(exporter), batch, std::move(remake));
  }

  // Null if metrics go nowhere.
  std::unique_ptr<sdk::metrics::MeterProvider> meters(std::optional<metric_destination>& to,
                                                      const std::vector<otlp_collector>& collectors,
                                                      const sdk::resource::Resource& resource) {
    if (to) {
      if (auto* c = std::get_if<otlp_collector>(&*to)) add_metrics(*c);
      if (auto* e = std::get_if<2>(&*to)) add_metrics(not_null(std::move(*e)), metering_, {});
    } else {
      for (const auto& c : asked("OTEL_METRICS_EXPORTER", options_.otlp.metrics, collectors, [&] {
             add_metrics(make_console_metrics(std::cerr), metering_, {});
           })) {
        add_metrics(c);
      }
    }
    if (readers_.empty()) return nullptr;
    auto views = std::make_unique<sdk::metrics::ViewRegistry>();
    add_views(*views);
    auto provider = std::make_unique<sdk::metrics::MeterProvider>(std::move(views), resource);
    for (auto& r : readers_) provider->AddMetricReader(r);
    return provider;
  }

  std::unique_ptr<sdk::logs::LoggerProvider> loggers(std::optional<log_destination>& to,
                                                     const std::vector<otlp_collector>& collectors,
                                                     const sdk::resource::Resource& resource) {
    std::vector<std::unique_ptr<sdk::logs::LogRecordProcessor>> all;
    const auto limits = options_.log_limits ? *options_.log_limits : log_limits_from(env_);
    auto add = [&](const otlp_collector& c) {
      if (auto q = spooled<log_signal>(c, otlp_signal::logs, options_.otlp.spool_logs, log_batch_,
                                       ".logs", spooled_logs_)) {
        senders_.logs.push_back(q);
        all.push_back(std::make_unique<log_queue_processor<spool_queue<log_signal>>>(std::move(q)));
        return;
      }
      auto [exporter, remake, timeout] =
          otlp(c, otlp_signal::logs, options_.otlp.logs, log_batch_.export_timeout);
      auto batch = log_batch_;
      batch.export_timeout = timeout;
      all.push_back(queued_logs(std::move(exporter), batch, std::move(remake)));
    };
    if (to) {
      if (auto* c = std::get_if<otlp_collector>(&*to)) add(*c);
      if (auto* e = std::get_if<2>(&*to)) {
        all.push_back(queued_logs(not_null(std::move(*e)), log_batch_, {}));
      }
    } else {
      for (const auto& c : asked("OTEL_LOGS_EXPORTER", options_.otlp.logs, collectors,
                                 [&] { all.push_back(make_console_logs(std::cerr)); })) {
        add(c);
      }
    }
    if (all.empty()) return nullptr;
    return std::make_unique<sdk::logs::LoggerProvider>(make_log_gate(std::move(all), limits),
                                                       resource);
  }

  struct senders {
    std::vector<std::shared_ptr<sender>> spans;
    std::vector<std::shared_ptr<sender>> metrics;
    std::vector<std::shared_ptr<sender>> logs;
  };
  [[nodiscard]] senders take_senders() { return std::move(senders_); }

 private:
  [[nodiscard]] std::chrono::milliseconds bounded(std::chrono::milliseconds timeout) const {
    return std::max(std::chrono::milliseconds(1), std::min(timeout, options_.flush_deadline));
  }
  [[nodiscard]] batch_options bounded(batch_options b) const {
    b.export_timeout = bounded(b.export_timeout);
    b.schedule_delay =
        std::min<std::chrono::milliseconds>(b.schedule_delay, std::chrono::hours(24));
    b.max_batch_size =
        std::clamp<std::size_t>(b.max_batch_size, 1, std::max<std::size_t>(1, b.max_queue_size));
    return b;
  }
  template <class Exporter>
  static std::unique_ptr<Exporter> not_null(std::unique_ptr<Exporter> e) {
    if (!e) throw usage_error("telemetry::setup: an exporter is null");
    return e;
  }

  template <class Exporter>
  struct made {
    std::unique_ptr<Exporter> exporter;
    std::function<std::unique_ptr<Exporter>(std::chrono::milliseconds)> remake;
    std::chrono::milliseconds timeout;
  };
  [[nodiscard]] otlp_config config_of(const otlp_collector& c, otlp_signal signal,
                                      std::chrono::milliseconds at_most) const {
    auto config = otlp_from(env_, c, signal);
    config.timeout = std::max(std::chrono::milliseconds(1), std::min(config.timeout, at_most));
    return config;
  }
  // Null without a spool. One that only the environment asks for and that cannot be had is missed
  // in the log.
  template <class Signal>
  std::shared_ptr<spool_queue<Signal>> spooled(
      const otlp_collector& c, otlp_signal signal,
      const otlp_factory::makes_spool<spool<typename Signal::recordable>>& make,
      batch_options batch, std::string_view suffix, int& collectors) const {
    if (!spool_) return nullptr;
    auto options = *spool_;
    options.file += suffix;
    if (++collectors > 1) options.file += std::format(".{}", collectors);
    try {
      if (!make) throw usage_error("telemetry::setup: the factory in .otlp makes no spools");
      const auto config = config_of(c, signal, batch.export_timeout);
      batch.export_timeout = config.timeout;
      return std::make_shared<spool_queue<Signal>>(make(config, options), batch);
    } catch (const usage_error& e) {
      if (options_.spool) throw;
      env_.warn("SKEIN_TELEMETRY_SPOOL", spool_->file, std::format("is not used: {}", e.what()));
      return nullptr;
    }
  }
  template <class Exporter>
  made<Exporter> otlp(const otlp_collector& c, otlp_signal signal,
                      const otlp_factory::makes<Exporter>& make,
                      std::chrono::milliseconds at_most) const {
    if (!make) {
      throw usage_error(
          "telemetry::setup: otlp_collector needs a factory: link skein::otlp and pass .otlp = "
          "skein::otlp::make_exporter");
    }
    const auto config = config_of(c, signal, at_most);
    auto exporter = make(config);
    if (!exporter) throw usage_error("telemetry::setup: the factory in .otlp made no exporter");
    auto remake = [config, make](std::chrono::milliseconds timeout) {
      auto brief = config;
      brief.timeout = timeout;
      return make(brief);
    };
    return {std::move(exporter), std::move(remake), config.timeout};
  }

  // The collectors that metrics or log records go to.
  template <class Make, class Console>
  std::vector<otlp_collector> asked(const char* variable, const Make& make,
                                    const std::vector<otlp_collector>& collectors,
                                    Console&& console) const {
    auto names = exporters_from(env_, variable, {"otlp", "console"});
    if (names.from == exporter_names::variable::unset) {
      return make ? collectors : std::vector<otlp_collector>();
    }
    std::vector<otlp_collector> out;
    for (const auto& n : names.names) {
      if (n == "console") {
        console();
      } else if (!make) {
        env_.warn(variable, n,
                  "this program cannot send that with OTLP; link skein::otlp and pass "
                  "setup({.otlp = skein::otlp::make_exporter})");
      } else if (collectors.empty()) {
        out.emplace_back();
      } else {
        out.insert(out.end(), collectors.begin(), collectors.end());
      }
    }
    return out;
  }

  processor_ptr queued(std::unique_ptr<sdk::trace::SpanExporter> e, const batch_options& batch,
                       batch_queue<span_signal>::remake remake) {
    auto q = std::make_shared<batch_queue<span_signal>>(std::move(e), batch, std::move(remake));
    senders_.spans.push_back(q);
    return std::make_unique<span_queue_processor<batch_queue<span_signal>>>(std::move(q));
  }
  std::unique_ptr<sdk::logs::LogRecordProcessor> queued_logs(
      std::unique_ptr<sdk::logs::LogRecordExporter> e, const batch_options& batch,
      batch_queue<log_signal>::remake remake) {
    auto q = std::make_shared<batch_queue<log_signal>>(std::move(e), batch, std::move(remake));
    senders_.logs.push_back(q);
    return std::make_unique<log_queue_processor<batch_queue<log_signal>>>(std::move(q));
  }
  void add_metrics(metric_sender::exporter_ptr e, const metric_options& metering,
                   metric_sender::remake remake) {
    auto reader = std::make_shared<metric_sender>(std::move(e), metering, std::move(remake));
    senders_.metrics.push_back(reader);
    readers_.push_back(std::move(reader));
  }
  void add_metrics(const otlp_collector& c) {
    auto [exporter, remake, timeout] =
        otlp(c, otlp_signal::metrics, options_.otlp.metrics, metering_.export_timeout);
    auto metering = metering_;
    metering.export_timeout = timeout;
    add_metrics(std::move(exporter), metering, std::move(remake));
  }

  const environment& env_;
  const setup_options& options_;
  batch_options batch_;
  batch_options log_batch_;
  metric_options metering_;
  std::optional<spool_options> spool_;
  int spooled_spans_ = 0;
  int spooled_logs_ = 0;
  senders senders_;
  std::vector<std::shared_ptr<metric_sender>> readers_;
};

using meter_provider = opentelemetry::metrics::Provider;
using logger_provider = opentelemetry::logs::Provider;

}  // namespace

struct pipeline::state {
  std::chrono::milliseconds deadline{};
  nostd::shared_ptr<trace::TracerProvider> tracers;   // null when disabled
  sdk::trace::TracerProvider* sdk_tracers = nullptr;  // the same
  span_gate* gate = nullptr;                          // in it
  bool tail_sampled = false;
  nostd::shared_ptr<trace::TracerProvider> previous_tracers;
  nostd::shared_ptr<opentelemetry::metrics::MeterProvider> meters;  // null if they go nowhere
  nostd::shared_ptr<opentelemetry::metrics::MeterProvider> previous_meters;
  nostd::shared_ptr<opentelemetry::logs::LoggerProvider> loggers;  // null if they go nowhere
  sdk::logs::LoggerProvider* sdk_loggers = nullptr;
  nostd::shared_ptr<opentelemetry::logs::LoggerProvider> previous_loggers;
  nostd::shared_ptr<propagation::TextMapPropagator> propagator;
  nostd::shared_ptr<propagation::TextMapPropagator> previous_propagator;
  workshop::senders senders;

  template <class F>
  void each_sender(F&& f) {
    for (auto* some : {&senders.spans, &senders.metrics, &senders.logs}) {
      for (auto& s : *some) f(*s);
    }
  }

  ~state() {
    // Whoever came after us stays.
    if (tracers && global_provider::GetTracerProvider().get() == tracers.get()) {
      global_provider::SetTracerProvider(previous_tracers);
    }
    if (meters && meter_provider::GetMeterProvider().get() == meters.get()) {
      meter_provider::SetMeterProvider(previous_meters);
    }
    if (loggers && logger_provider::GetLoggerProvider().get() == loggers.get()) {
      logger_provider::SetLoggerProvider(previous_loggers);
    }
    if (propagator && global_propagator::GetGlobalPropagator().get() == propagator.get()) {
      global_propagator::SetGlobalPropagator(previous_propagator);
    }
    if (gate != nullptr) gate->finish();
    if (tail_sampled) traces_may_be_dropped(false);
    auto by = sender::clock::now() + deadline;
    each_sender([&](sender& s) { s.start_close(by); });
    each_sender([](sender& s) { s.finish_close(); });
    if (sdk_tracers != nullptr) sdk_tracers->Shutdown();
    if (sdk_loggers != nullptr) sdk_loggers->Shutdown();
  }
};

pipeline::pipeline(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
pipeline::pipeline(pipeline&&) noexcept = default;
pipeline& pipeline::operator=(pipeline&&) noexcept = default;
pipeline::~pipeline() = default;

flush_result pipeline::flush(std::chrono::milliseconds deadline) {
  flush_result sum;
  if (!state_) return sum;
  auto by =
      sender::clock::now() + std::min<std::chrono::milliseconds>(deadline, std::chrono::hours(24));
  state_->each_sender([](sender& s) { s.start_flush(); });
  auto finish = [&](std::vector<std::shared_ptr<sender>>& some, sent_counts& to) {
    for (auto& s : some) {
      auto one = s->finish_flush(by);
      to += one;
      sum.in_time = sum.in_time && one.in_time;
    }
  };
  if (state_->gate != nullptr) sum.unsampled = state_->gate->take_unsampled();
  finish(state_->senders.spans, sum);
  finish(state_->senders.metrics, sum.metrics);
  finish(state_->senders.logs, sum.logs);
  return sum;
}

flush_result pipeline::flush() {
  return flush(state_ ? state_->deadline : std::chrono::milliseconds(0));
}

pipeline setup(setup_options options) {
  environment env;
  set_log_level(env);
  if (auto file = env.text("OTEL_CONFIG_FILE")) {
    // With it all other variables are void; to go on by them would be something else than asked.
    throw usage_error(
        std::format("telemetry::setup: OTEL_CONFIG_FILE is {}, and Skein reads no configuration "
                    "files. Unset it and use the other OTEL_* variables, or give what it says as "
                    "options of setup()",
                    *file));
  }
  install();
  options.flush_deadline = std::clamp<std::chrono::milliseconds>(
      options.flush_deadline, std::chrono::milliseconds(0), std::chrono::hours(24));

  auto state = std::make_unique<pipeline::state>();
  state->deadline = options.flush_deadline;
  const bool disabled = env.is_true("OTEL_SDK_DISABLED") || !enabled();
  if (!disabled) {
    auto destinations = std::move(options.exporters.list());
    if (destinations.empty()) destinations = destinations_from(env, options.otlp);
    const auto collectors = collectors_of(destinations);
    const auto resource = to_resource(resource_from(env, options));
    if (options.tail) {
      // Decided late, a trace comes all at once.
      if (!options.batch) options.batch = batch_from(env);
      options.batch->max_queue_size =
          std::max(options.batch->max_queue_size, options.tail->max_spans);
      traces_may_be_dropped(true);
      state->tail_sampled = true;
    }
    workshop make(env, options);
    std::vector<processor_ptr> processors;
    for (auto& d : destinations) processors.push_back(std::visit(make, d));
    auto meters = make.meters(options.metrics, collectors, resource);
    auto loggers = make.loggers(options.logs, collectors, resource);
    state->senders = make.take_senders();
    auto gate = std::make_unique<span_gate>(
        std::move(processors), options.limits ? *options.limits : span_limits_from(env),
        options.tail);
    state->gate = gate.get();
    state->sdk_tracers = new sdk::trace::TracerProvider(
        std::move(gate), resource,
        options.sampler ? std::move(options.sampler) : make_sampler(sampler_from(env)));
    state->tracers = nostd::shared_ptr<trace::TracerProvider>(state->sdk_tracers);
    state->previous_tracers = global_provider::GetTracerProvider();
    global_provider::SetTracerProvider(state->tracers);
    if (meters) {
      state->meters = nostd::shared_ptr<opentelemetry::metrics::MeterProvider>(meters.release());
      state->previous_meters = meter_provider::GetMeterProvider();
      meter_provider::SetMeterProvider(state->meters);
    }
    if (loggers) {
      state->sdk_loggers = loggers.release();
      state->loggers = nostd::shared_ptr<opentelemetry::logs::LoggerProvider>(state->sdk_loggers);
      state->previous_loggers = logger_provider::GetLoggerProvider();
      logger_provider::SetLoggerProvider(state->loggers);
    }
  }
  state->propagator =
      make_propagator(options.propagators ? *options.propagators : propagators_from(env));
  state->previous_propagator = global_propagator::GetGlobalPropagator();
  global_propagator::SetGlobalPropagator(state->propagator);
  return pipeline(std::move(state));
}

}  // namespace skein::telemetry
