#include <algorithm>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/otlp_json.hpp>
#include <skein/telemetry/span_sink.hpp>

#include "otlp/answers.hpp"
#include "otlp/http_sender.hpp"
#include "otlp/refuse_grpc.hpp"
#include "otlp/span_bytes.hpp"
#include "telemetry/recorder.hpp"

namespace skein::otlp {

namespace sdk = opentelemetry::sdk;
using telemetry::otlp_config;

namespace {

class http_exporter final : public telemetry::span_sink {
 public:
  explicit http_exporter(const otlp_config& config)
      : timeout_(config.timeout),
        max_bytes_(config.max_request_bytes),
        sender_(config),
        json_(sender_.format() == wire_format::json) {}

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
    const bool whole = deliver({batch.data(), all}, clock::now() + timeout_).ok();
    return whole ? sdk::common::ExportResult::kSuccess : sdk::common::ExportResult::kFailure;
  }

  telemetry::sent_counts deliver(std::span<span_ptr> batch,
                                 clock::time_point deadline) noexcept override {
    try {
      return send(batch, std::min(deadline, clock::now() + timeout_));
    } catch (const std::exception& e) {
      OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << batch.size() << " spans are lost: " << e.what());
      telemetry::sent_counts lost;
      lost.lose(telemetry::loss::export_failed, batch.size(), e.what());
      return lost;
    }
  }
  void end_by(clock::time_point deadline) noexcept override { sender_.end_by(deadline); }

  bool ForceFlush(std::chrono::microseconds) noexcept override { return true; }
  bool Shutdown(std::chrono::microseconds) noexcept override {
    sender_.end_by(clock::now());
    return true;
  }

 private:
  void write_body(std::span<span_ptr> batch) {
    if (json_) {
      std::vector<telemetry::span_record> records;
      for (auto& s : batch) records.push_back(static_cast<telemetry::recorder&>(*s).record());
      body_ = telemetry::to_otlp_json_line(records);
      return;
    }
    std::vector<const span_bytes*> spans;
    spans.reserve(batch.size());
    for (auto& s : batch) spans.push_back(&static_cast<span_bytes&>(*s));
    write_request(body_, std::move(spans));
  }

  // A collector that refuses a batch for one span in it takes the others when they come without it.
  telemetry::sent_counts send(std::span<span_ptr> batch, clock::time_point deadline) {
    write_body(batch);
    if (body_.size() > max_bytes_ && batch.size() > 1) return in_halves(batch, deadline);
    auto answer = sender_.send(body_, deadline);
    using kind = http_sender::answer::kind;
    if (answer.outcome == kind::accepted) {
      return counts_of_accepted(answer.body, sender_.format(), "spans", "rejectedSpans",
                                batch.size());
    }
    if (batch.size() > 1 && answer.for_its_content()) return in_halves(batch, deadline);
    OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << batch.size()
                                             << " of the spans are lost: " << answer.why);
    telemetry::sent_counts lost;
    lost.lose(
        answer.outcome == kind::refused ? telemetry::loss::refused : telemetry::loss::no_answer,
        batch.size(), answer.why);
    return lost;
  }

  telemetry::sent_counts in_halves(std::span<span_ptr> batch, clock::time_point deadline) {
    const auto half = batch.size() / 2;
    auto sent = send(batch.first(half), deadline);
    sent += send(batch.subspan(half), deadline);
    return sent;
  }

  const std::chrono::milliseconds timeout_;
  const std::size_t max_bytes_;
  http_sender sender_;
  const bool json_;
  std::string body_;  // of the last request: its memory is for the next
};

}  // namespace

std::unique_ptr<sdk::trace::SpanExporter> exporter_maker::operator()(
    const otlp_config& config) const {
  refuse_grpc(config);
  return std::make_unique<http_exporter>(config);
}

}  // namespace skein::otlp
