#include <algorithm>
#include <exception>
#include <memory>
#include <protozero/pbf_reader.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/json/text.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/span_sink.hpp>

#include "otlp/http_sender.hpp"
#include "otlp/refuse_grpc.hpp"
#include "otlp/span_bytes.hpp"
#include "telemetry/recorder.hpp"

namespace skein::otlp {

namespace sdk = opentelemetry::sdk;
using telemetry::otlp_config;

namespace {

struct partial_success {
  std::size_t rejected = 0;
  std::string message = {};
};

// ExportTraceServiceResponse: 1 partial_success { 1 rejected_spans, 2 error_message }.
partial_success read_protobuf(const std::string& body) {
  partial_success out;
  protozero::pbf_reader response(body);
  while (response.next(1)) {
    auto partial = response.get_message();
    while (partial.next()) {
      if (partial.tag() == 1) {
        out.rejected = static_cast<std::size_t>(std::max<std::int64_t>(0, partial.get_int64()));
      } else if (partial.tag() == 2) {
        out.message = partial.get_string();
      } else {
        partial.skip();
      }
    }
  }
  return out;
}

partial_success read_json(const std::string& body) {
  partial_success out;
  const auto parsed = json::parse_text(body);
  const auto* root = parsed ? parsed->if_object() : nullptr;
  const auto* partial = root != nullptr ? root->if_contains("partialSuccess") : nullptr;
  const auto* o = partial != nullptr ? partial->if_object() : nullptr;
  if (o == nullptr) return out;
  if (const auto* n = o->if_contains("rejectedSpans")) {
    // A 64-bit number is a string in OTLP JSON.
    if (const auto* s = n->if_string()) out.rejected = std::strtoull(s->c_str(), nullptr, 10);
    if (const auto* i = n->if_int64())
      out.rejected = static_cast<std::size_t>(std::max<std::int64_t>(0, *i));
  }
  if (const auto* m = o->if_contains("errorMessage"); m != nullptr && m->if_string() != nullptr) {
    out.message = *m->if_string();
  }
  return out;
}

class http_exporter final : public telemetry::span_sink {
 public:
  explicit http_exporter(const otlp_config& config)
      : json_(config.protocol == telemetry::otlp_protocol::http_json),
        timeout_(config.timeout),
        sender_(config, json_ ? "application/json" : "application/x-protobuf") {}

  std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
    if (json_) return std::make_unique<telemetry::recorder>();
    return std::make_unique<span_bytes>();
  }

  void started(sdk::trace::Recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept override {
    if (json_) {
      static_cast<telemetry::recorder&>(span).set_remote_parent(parent.IsRemote());
    } else {
      static_cast<span_bytes&>(span).set_remote_parent(parent.IsRemote());
    }
  }

  sdk::common::ExportResult Export(
      const opentelemetry::nostd::span<span_ptr>& batch) noexcept override {
    const auto all = batch.size();
    const bool whole = deliver({batch.data(), all}, clock::now() + timeout_) == all;
    return whole ? sdk::common::ExportResult::kSuccess : sdk::common::ExportResult::kFailure;
  }

  std::size_t deliver(std::span<span_ptr> batch, clock::time_point deadline) noexcept override {
    try {
      return send(batch, std::min(deadline, clock::now() + timeout_));
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << batch.size() << " spans are lost: " << e.what());
      return 0;
    }
  }
  void end_by(clock::time_point deadline) noexcept override { sender_.end_by(deadline); }

  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override {
    sender_.end_by(clock::now());
    return true;
  }

 private:
  [[nodiscard]] std::string body_of(std::span<span_ptr> batch) const {
    if (json_) {
      std::vector<telemetry::span_record> records;
      for (auto& s : batch) records.push_back(static_cast<telemetry::recorder&>(*s).record());
      return telemetry::to_otlp_json_line(records);
    }
    std::vector<const span_bytes*> spans;
    for (auto& s : batch) spans.push_back(&static_cast<span_bytes&>(*s));
    return request_of(spans);
  }

  // A collector that refuses a batch for one span in it takes the others when they come without it.
  std::size_t send(std::span<span_ptr> batch, clock::time_point deadline) {
    auto answer = sender_.send(body_of(batch), deadline);
    using kind = http_sender::answer::kind;
    if (answer.outcome == kind::accepted) return batch.size() - rejected_in(answer.body, batch);
    if (answer.outcome == kind::refused && batch.size() > 1 && refused_for_its_content(answer)) {
      const auto half = batch.size() / 2;
      return send(batch.first(half), deadline) + send(batch.subspan(half), deadline);
    }
    OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << batch.size()
                                             << " of the spans are lost: " << answer.why);
    return 0;
  }
  static bool refused_for_its_content(const http_sender::answer& a) {
    return a.status == 400 || a.status == 413 || a.status == 422;
  }

  std::size_t rejected_in(const std::string& body, std::span<span_ptr> batch) const {
    partial_success partial;
    try {
      partial = json_ ? read_json(body) : read_protobuf(body);
    } catch (const std::exception&) {
      return 0;  // accepted, whatever else it wanted to say
    }
    if (partial.rejected > 0 || !partial.message.empty()) {
      OTEL_INTERNAL_LOG_WARN("[Skein] OTLP: the collector rejected "
                             << partial.rejected << " of " << batch.size()
                             << " spans: " << partial.message);
    }
    return std::min(partial.rejected, batch.size());
  }

  const bool json_;
  const std::chrono::milliseconds timeout_;
  http_sender sender_;
};

}  // namespace

std::unique_ptr<sdk::trace::SpanExporter> exporter_maker::operator()(
    const otlp_config& config) const {
  refuse_grpc(config);
  return std::make_unique<http_exporter>(config);
}

}  // namespace skein::otlp
