#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <format>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/json/value.hpp>
#include <skein/trace/otlp.hpp>

#include "trace/otlp_bytes.hpp"

namespace skein::trace {

namespace {

using protozero::pbf_reader;
using telemetry::span_kind;
using telemetry::span_status;

// Field numbers of opentelemetry-proto: trace/v1.
namespace span_field {
enum of_span : protozero::pbf_tag_type {
  trace_id = 1,
  span_id = 2,
  parent_span_id = 4,
  name = 5,
  kind = 6,
  start = 7,
  end = 8,
  attributes = 9,
  events = 11,
  links = 13,
  status = 15,
  flags = 16
};
enum of_event : protozero::pbf_tag_type { event_time = 1, event_name = 2, event_attributes = 3 };
enum of_link : protozero::pbf_tag_type { link_trace_id = 1, link_span_id = 2, link_attributes = 4 };
enum of_status : protozero::pbf_tag_type { message = 2, code = 3 };
}  // namespace span_field

constexpr std::uint32_t is_remote_flag = 0x200;
constexpr std::size_t trace_id_bytes = 16;
constexpr std::size_t span_id_bytes = 8;

std::string identifier(std::string_view bytes, std::size_t size) {
  if (bytes.empty() || std::ranges::all_of(bytes, [](char c) { return c == 0; })) return {};
  if (bytes.size() != size) throw damaged("an identifier has the wrong length");
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(size * 2);
  for (char c : bytes) {
    auto u = static_cast<unsigned char>(c);
    out += hex[u >> 4U];
    out += hex[u & 0xFU];
  }
  return out;
}

telemetry::span_event read_event(pbf_reader m) {
  telemetry::span_event e;
  while (m.next()) {
    switch (m.tag()) {
      case span_field::event_time:
        e.time = time_of(m);
        break;
      case span_field::event_name:
        e.name = text_of(m);
        break;
      case span_field::event_attributes:
        add_attribute(e.attributes, message_of(m));
        break;
      default:
        m.skip();
    }
  }
  return e;
}

telemetry::span_link read_link(pbf_reader m) {
  telemetry::span_link l;
  while (m.next()) {
    switch (m.tag()) {
      case span_field::link_trace_id:
        l.trace_id = identifier(bytes_of(m), trace_id_bytes);
        break;
      case span_field::link_span_id:
        l.span_id = identifier(bytes_of(m), span_id_bytes);
        break;
      case span_field::link_attributes:
        add_attribute(l.attributes, message_of(m));
        break;
      default:
        m.skip();
    }
  }
  return l;
}

span_kind kind_of(std::int64_t number) {
  constexpr std::array kinds{span_kind::internal, span_kind::server, span_kind::client,
                             span_kind::producer, span_kind::consumer};
  if (number < 1 || number > static_cast<std::int64_t>(kinds.size())) return span_kind::internal;
  return kinds[static_cast<std::size_t>(number) - 1];
}

void read_status(pbf_reader m, span_record& s) {
  while (m.next()) {
    if (m.tag() == span_field::message) {
      s.status_message = text_of(m);
    } else if (m.tag() == span_field::code) {
      auto code = varint_of(m);
      s.status = code == 1 ? span_status::ok : code == 2 ? span_status::error : span_status::unset;
    } else {
      m.skip();
    }
  }
}

span_record read_span(pbf_reader m) {
  span_record s;
  while (m.next()) {
    switch (m.tag()) {
      case span_field::trace_id:
        s.trace_id = identifier(bytes_of(m), trace_id_bytes);
        break;
      case span_field::span_id:
        s.span_id = identifier(bytes_of(m), span_id_bytes);
        break;
      case span_field::parent_span_id:
        s.parent_span_id = identifier(bytes_of(m), span_id_bytes);
        break;
      case span_field::name:
        s.name = text_of(m);
        break;
      case span_field::kind:
        s.kind = kind_of(varint_of(m));
        break;
      case span_field::start:
        s.start = time_of(m);
        break;
      case span_field::end:
        s.end = time_of(m);
        break;
      case span_field::attributes:
        add_attribute(s.attributes, message_of(m));
        break;
      case span_field::events:
        s.events.push_back(read_event(message_of(m)));
        break;
      case span_field::links:
        s.links.push_back(read_link(message_of(m)));
        break;
      case span_field::status:
        read_status(message_of(m), s);
        break;
      case span_field::flags:
        expect(m, protozero::pbf_wire_type::fixed32);
        s.parent_is_remote = (m.get_fixed32() & is_remote_flag) != 0;
        break;
      default:
        m.skip();
    }
  }
  if (s.trace_id.empty() || s.span_id.empty()) throw damaged("no trace_id or no span_id");
  return s;
}

}  // namespace

std::expected<otlp_spans, read_error> read_protobuf(std::string_view bytes) {
  otlp_spans out;
  request_reader reader("spans", out.spans);
  auto failed = reader.read(bytes, [&](pbf_reader m) {
    try {
      out.spans.push_back(read_span(m));
    } catch (const protozero::exception& e) {
      if (out.rejected++ == 0)
        out.first_rejection = std::format("{}: {}", reader.where(), e.what());
    }
  });
  if (failed) return std::unexpected(*std::move(failed));
  return out;
}

std::expected<std::vector<span_record>, read_error> read_document(std::string_view bytes) {
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  auto first = std::ranges::find_if_not(bytes, is_space);
  if (first == bytes.end()) return std::vector<span_record>{};
  auto json = telemetry::from_otlp_json(bytes);
  if (json) return *std::move(json);
  // Protobuf begins with the tag of resource_spans, which is a line feed, and a length, which may
  // well be a brace.
  if (bytes.front() == '\n') {
    auto read = read_protobuf(bytes);
    if (read && read->rejected == 0) return std::move(read->spans);
    if (*first != '{') {
      auto why = read ? read->first_rejection : read.error().message;
      return std::unexpected(read_error{"OTLP Protobuf, " + why});
    }
  }
  return std::unexpected(read_error{"OTLP JSON, " + json.error()});
}

}  // namespace skein::trace
