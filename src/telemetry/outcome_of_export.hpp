// What an exporter's answer means for the counts.
#pragma once

#include <cstddef>

#include <opentelemetry/sdk/common/exporter_utils.h>

#include <skein/telemetry/span_sink.hpp>

namespace skein::telemetry {

template <class Exporter>
sent_counts outcome_of(const Exporter& by, opentelemetry::sdk::common::ExportResult result,
                       std::size_t count) {
  if (const auto* telling = dynamic_cast<const telling_exporter*>(&by)) {
    return telling->last_export();
  }
  sent_counts out;
  if (result == opentelemetry::sdk::common::ExportResult::kSuccess) {
    out.delivered = count;
  } else {
    out.lose(loss::export_failed, count);
  }
  return out;
}

}  // namespace skein::telemetry
