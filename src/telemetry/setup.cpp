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

#include <opentelemetry/context/propagation/composite_propagator.h>
#include <opentelemetry/context/propagation/global_propagator.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
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

#include "telemetry/baggage.hpp"
#include "telemetry/batch.hpp"
#include "telemetry/console.hpp"
#include "telemetry/environment.hpp"
#include "telemetry/lines_exporter.hpp"

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

sdk::resource::Resource to_resource(const json::object& attributes) {
  sdk::resource::ResourceAttributes out;
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
  auto names = env.list(variable);
  if (names.empty()) names.emplace_back("otlp");
  if (std::ranges::find(names, "none") != names.end()) return out;
  for (const auto& n : names) {
    if (n == "console") {
      out.emplace_back(console_tree{});
    } else if (n == "otlp/stdout") {
      out.emplace_back(otlp_lines{.path = "-"});
    } else if (n != "otlp") {
      env.warn(variable, n, "is none of otlp, console, otlp/stdout and none; left out");
    } else if (otlp) {
      out.emplace_back(otlp_collector{});
    } else {
      env.warn(std::format(
          "spans go nowhere: {}, and this program cannot send OTLP. Link skein::otlp and pass "
          "setup({{.otlp = skein::otlp::make_exporter}}), or set {} to console or none",
          env.text(variable) ? "OTEL_TRACES_EXPORTER asks for otlp"
                             : "the default of OTEL_TRACES_EXPORTER is otlp",
          variable));
    }
  }
  return out;
}

// Makes the processors, and knows which of them have a queue.
class workshop {
 public:
  workshop(const environment& env, const setup_options& options) : env_(env), options_(options) {
    batch_ = options.batch ? *options.batch : batch_from(env);
    auto least = std::chrono::milliseconds(1);
    batch_.export_timeout =
        std::max(least, std::min(batch_.export_timeout, options.flush_deadline));
    batch_.schedule_delay =
        std::min<std::chrono::milliseconds>(batch_.schedule_delay, std::chrono::hours(24));
    batch_.max_batch_size = std::clamp<std::size_t>(
        batch_.max_batch_size, 1, std::max<std::size_t>(1, batch_.max_queue_size));
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
    if (!e) throw usage_error("telemetry::setup: an exporter is null");
    return queued(std::move(e), batch_, {});
  }
  processor_ptr operator()(otlp_collector& c) {
    if (!options_.otlp) {
      throw usage_error(
          "telemetry::setup: otlp_collector needs a factory: link skein::otlp and pass .otlp = "
          "skein::otlp::make_exporter");
    }
    auto config = otlp_from(env_, c);
    config.timeout =
        std::max(std::chrono::milliseconds(1), std::min(config.timeout, batch_.export_timeout));
    auto remake = [config, make = options_.otlp](std::chrono::milliseconds timeout) {
      auto brief = config;
      brief.timeout = timeout;
      return make(brief);
    };
    auto exporter = options_.otlp(config);
    if (!exporter) throw usage_error("telemetry::setup: the factory in .otlp made no exporter");
    auto batch = batch_;
    batch.export_timeout = config.timeout;
    return queued(std::move(exporter), batch, std::move(remake));
  }

  [[nodiscard]] std::vector<batch_processor*> queues() const { return queues_; }

 private:
  processor_ptr queued(std::unique_ptr<sdk::trace::SpanExporter> e, const batch_options& batch,
                       batch_processor::remake remake) {
    auto p = std::make_unique<batch_processor>(std::move(e), batch, std::move(remake));
    queues_.push_back(p.get());
    return p;
  }

  const environment& env_;
  const setup_options& options_;
  batch_options batch_;
  std::vector<batch_processor*> queues_;
};

}  // namespace

struct pipeline::state {
  std::chrono::milliseconds deadline{};
  nostd::shared_ptr<trace::TracerProvider> tracers;   // null when disabled
  sdk::trace::TracerProvider* sdk_tracers = nullptr;  // the same
  nostd::shared_ptr<trace::TracerProvider> previous_tracers;
  nostd::shared_ptr<propagation::TextMapPropagator> propagator;
  nostd::shared_ptr<propagation::TextMapPropagator> previous_propagator;
  std::vector<batch_processor*> queues;  // the provider's

  ~state() {
    // Whoever came after us stays.
    if (tracers && global_provider::GetTracerProvider().get() == tracers.get()) {
      global_provider::SetTracerProvider(previous_tracers);
    }
    if (propagator && global_propagator::GetGlobalPropagator().get() == propagator.get()) {
      global_propagator::SetGlobalPropagator(previous_propagator);
    }
    auto by = batch_processor::clock::now() + deadline;
    for (auto* q : queues) q->start_close(by);
    for (auto* q : queues) q->finish_close();
    if (sdk_tracers != nullptr) sdk_tracers->Shutdown();
  }
};

pipeline::pipeline(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
pipeline::pipeline(pipeline&&) noexcept = default;
pipeline& pipeline::operator=(pipeline&&) noexcept = default;
pipeline::~pipeline() = default;

flush_result pipeline::flush(std::chrono::milliseconds deadline) {
  flush_result sum;
  if (!state_) return sum;
  auto by = batch_processor::clock::now() +
            std::min<std::chrono::milliseconds>(deadline, std::chrono::hours(24));
  for (auto* q : state_->queues) q->start_flush();
  for (auto* q : state_->queues) {
    auto one = q->finish_flush(by);
    sum.delivered += one.delivered;
    sum.failed += one.failed;
    sum.dropped += one.dropped;
    sum.in_time = sum.in_time && one.in_time;
  }
  return sum;
}

flush_result pipeline::flush() {
  return flush(state_ ? state_->deadline : std::chrono::milliseconds(0));
}

pipeline setup(setup_options options) {
  environment env;
  set_log_level(env);
  if (auto file = env.text("OTEL_CONFIG_FILE")) {
    env.warn("OTEL_CONFIG_FILE", *file, "is not read by Skein; the other OTEL_* variables hold");
  }
  install();
  options.flush_deadline = std::clamp<std::chrono::milliseconds>(
      options.flush_deadline, std::chrono::milliseconds(0), std::chrono::hours(24));

  auto state = std::make_unique<pipeline::state>();
  state->deadline = options.flush_deadline;
  bool disabled = env.is_true("OTEL_SDK_DISABLED");
  if (!disabled) {
    auto destinations = std::move(options.exporters.list());
    if (destinations.empty()) destinations = destinations_from(env, options.otlp);
    workshop make(env, options);
    std::vector<processor_ptr> processors;
    for (auto& d : destinations) processors.push_back(std::visit(make, d));
    state->queues = make.queues();
    state->sdk_tracers = new sdk::trace::TracerProvider(std::move(processors),
                                                        to_resource(resource_from(env, options)),
                                                        make_sampler(sampler_from(env)));
    state->tracers = nostd::shared_ptr<trace::TracerProvider>(state->sdk_tracers);
    state->previous_tracers = global_provider::GetTracerProvider();
    global_provider::SetTracerProvider(state->tracers);
  }
  state->propagator = make_propagator(propagators_from(env));
  state->previous_propagator = global_propagator::GetGlobalPropagator();
  global_propagator::SetGlobalPropagator(state->propagator);
  return pipeline(std::move(state));
}

}  // namespace skein::telemetry
