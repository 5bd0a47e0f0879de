#include "otlp/answers.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <protozero/pbf_reader.hpp>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/json/text.hpp>

namespace skein::otlp {

namespace {

using protozero::tag_and_type;
using wire_type = protozero::pbf_wire_type;
constexpr auto delimited = wire_type::length_delimited;

// Export*ServiceResponse: 1 partial_success { 1 rejected_..., 2 error_message }.
partial_success read_protobuf(std::string_view body) {
  partial_success out;
  protozero::pbf_reader response(body.data(), body.size());
  while (response.next(1, delimited)) {
    auto partial = response.get_message();
    while (partial.next()) {
      if (partial.tag_and_type() == tag_and_type(1, wire_type::varint)) {
        out.rejected = static_cast<std::size_t>(std::max<std::int64_t>(0, partial.get_int64()));
      } else if (partial.tag_and_type() == tag_and_type(2, delimited)) {
        out.message = partial.get_string();
      } else {
        partial.skip();
      }
    }
  }
  return out;
}

partial_success read_json(std::string_view body, std::string_view rejected_name) {
  partial_success out;
  const auto parsed = json::parse_text(body);
  const auto* root = parsed ? parsed->if_object() : nullptr;
  const auto* partial = root != nullptr ? root->if_contains("partialSuccess") : nullptr;
  const auto* o = partial != nullptr ? partial->if_object() : nullptr;
  if (o == nullptr) return out;
  if (const auto* n = o->if_contains(rejected_name)) {
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

std::string one_line(std::string_view said) {
  constexpr std::size_t longest = 200;
  std::string out(json::valid_utf8(said.substr(0, longest)));
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return out;
}

}  // namespace

partial_success read_partial_success(std::string_view body, wire_format format,
                                     std::string_view rejected_name) {
  try {
    auto out = format == wire_format::json ? read_json(body, rejected_name) : read_protobuf(body);
    out.message = one_line(out.message);
    return out;
  } catch (const std::exception&) {
    return {};
  }
}

std::string status_message(std::string_view body, wire_format format) {
  try {
    if (format == wire_format::json) {
      const auto parsed = json::parse_text(body);
      const auto* root = parsed ? parsed->if_object() : nullptr;
      const auto* m = root != nullptr ? root->if_contains("message") : nullptr;
      return m != nullptr && m->is_string() ? one_line(m->get_string()) : std::string();
    }
    protozero::pbf_reader status(body.data(), body.size());
    return status.next(2, delimited) ? one_line(status.get_string()) : std::string();
  } catch (const std::exception&) {
    return {};  // a page of some proxy, say
  }
}

telemetry::sent_counts counts_of_accepted(std::string_view body, wire_format format,
                                          const char* plural, std::string_view rejected_name,
                                          std::size_t count) {
  const auto partial = read_partial_success(body, format, rejected_name);
  if (partial.rejected > 0 || !partial.message.empty()) {
    OTEL_INTERNAL_LOG_WARN("[Skein] OTLP: the collector rejected " << partial.rejected << " of "
                                                                   << count << ' ' << plural << ": "
                                                                   << partial.message);
  }
  telemetry::sent_counts out;
  const auto rejected = std::min(partial.rejected, count);
  out.delivered = count - rejected;
  out.lose(telemetry::loss::refused, rejected, partial.message);
  return out;
}

}  // namespace skein::otlp
