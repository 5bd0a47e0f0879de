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

#include <skein/json/base64.hpp>
#include <skein/json/text.hpp>
#include <skein/json/value.hpp>
#include <skein/trace/otlp.hpp>

namespace skein::trace {

namespace {

using protozero::pbf_reader;
using telemetry::span_kind;
using telemetry::span_status;

// Field numbers of opentelemetry-proto: common/v1, resource/v1, trace/v1, collector/trace/v1.
namespace field {
enum request : protozero::pbf_tag_type { resource_spans = 1 };
enum in_resource : protozero::pbf_tag_type { resource = 1, scope_spans = 2 };
enum in_scope : protozero::pbf_tag_type { scope = 1, spans = 2 };
enum of_resource : protozero::pbf_tag_type { resource_attributes = 1 };
enum of_scope : protozero::pbf_tag_type { scope_name = 1, scope_version = 2 };
enum of_key_value : protozero::pbf_tag_type { key = 1, value = 2 };
enum of_any : protozero::pbf_tag_type {
  string_value = 1,
  bool_value = 2,
  int_value = 3,
  double_value = 4,
  array_value = 5,
  kvlist_value = 6,
  bytes_value = 7
};
enum of_list : protozero::pbf_tag_type { values = 1 };
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
}  // namespace field

constexpr std::uint32_t is_remote_flag = 0x200;
constexpr std::size_t trace_id_bytes = 16;
constexpr std::size_t span_id_bytes = 8;
constexpr int deepest_value = 32;

struct damaged : protozero::exception {
  explicit damaged(const char* why) noexcept : why_(why) {}
  [[nodiscard]] const char* what() const noexcept override { return why_; }

 private:
  const char* why_;
};

// A wire type other than the schema's means damage; protozero itself only asserts.
void expect(const pbf_reader& m, protozero::pbf_wire_type type) {
  if (m.wire_type() != type) throw damaged("a field has another type than it should");
}
std::string_view bytes_of(pbf_reader& m) {
  expect(m, protozero::pbf_wire_type::length_delimited);
  auto v = m.get_view();
  return {v.data(), v.size()};
}
std::string text_of(pbf_reader& m) { return json::valid_utf8(bytes_of(m)); }
pbf_reader message_of(pbf_reader& m) {
  expect(m, protozero::pbf_wire_type::length_delimited);
  return m.get_message();
}
std::int64_t varint_of(pbf_reader& m) {
  expect(m, protozero::pbf_wire_type::varint);
  return m.get_int64();
}
std::int64_t time_of(pbf_reader& m) {
  expect(m, protozero::pbf_wire_type::fixed64);
  auto t = m.get_fixed64();
  if (!std::in_range<std::int64_t>(t)) throw damaged("a time is beyond the year 2262");
  return static_cast<std::int64_t>(t);
}

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

void add_attribute(json::object& to, pbf_reader m, int depth);

json::value any_value(pbf_reader m, int depth) {
  if (depth > deepest_value) throw damaged("a value is nested too deep");
  json::value out;
  while (m.next()) {
    switch (m.tag()) {
      case field::string_value: {
        auto text = text_of(m);
        out = json::string(text);
        break;
      }
      case field::bool_value:
        out = varint_of(m) != 0;
        break;
      case field::int_value:
        out = varint_of(m);
        break;
      case field::double_value:
        expect(m, protozero::pbf_wire_type::fixed64);
        out = m.get_double();
        break;
      case field::array_value: {
        auto& list = out.emplace_array();
        auto values = message_of(m);
        while (values.next()) {
          if (values.tag() == field::values) {
            list.push_back(any_value(message_of(values), depth + 1));
          } else {
            values.skip();
          }
        }
        break;
      }
      case field::kvlist_value: {
        auto& object = out.emplace_object();
        auto values = message_of(m);
        while (values.next()) {
          if (values.tag() == field::values) {
            add_attribute(object, message_of(values), depth + 1);
          } else {
            values.skip();
          }
        }
        break;
      }
      case field::bytes_value: {
        std::string text;
        json::append_base64(text, bytes_of(m));
        out = json::string(text);
        break;
      }
      default:
        m.skip();
    }
  }
  return out;
}

void add_attribute(json::object& to, pbf_reader m, int depth) {
  std::string key;
  json::value value;
  while (m.next()) {
    if (m.tag() == field::key) {
      key = text_of(m);
    } else if (m.tag() == field::value) {
      value = any_value(message_of(m), depth);
    } else {
      m.skip();
    }
  }
  to.insert_or_assign(key, std::move(value));
}

telemetry::span_event read_event(pbf_reader m) {
  telemetry::span_event e;
  while (m.next()) {
    switch (m.tag()) {
      case field::event_time:
        e.time = time_of(m);
        break;
      case field::event_name:
        e.name = text_of(m);
        break;
      case field::event_attributes:
        add_attribute(e.attributes, message_of(m), 0);
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
      case field::link_trace_id:
        l.trace_id = identifier(bytes_of(m), trace_id_bytes);
        break;
      case field::link_span_id:
        l.span_id = identifier(bytes_of(m), span_id_bytes);
        break;
      case field::link_attributes:
        add_attribute(l.attributes, message_of(m), 0);
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
    if (m.tag() == field::message) {
      s.status_message = text_of(m);
    } else if (m.tag() == field::code) {
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
      case field::trace_id:
        s.trace_id = identifier(bytes_of(m), trace_id_bytes);
        break;
      case field::span_id:
        s.span_id = identifier(bytes_of(m), span_id_bytes);
        break;
      case field::parent_span_id:
        s.parent_span_id = identifier(bytes_of(m), span_id_bytes);
        break;
      case field::name:
        s.name = text_of(m);
        break;
      case field::kind:
        s.kind = kind_of(varint_of(m));
        break;
      case field::start:
        s.start = time_of(m);
        break;
      case field::end:
        s.end = time_of(m);
        break;
      case field::attributes:
        add_attribute(s.attributes, message_of(m), 0);
        break;
      case field::events:
        s.events.push_back(read_event(message_of(m)));
        break;
      case field::links:
        s.links.push_back(read_link(message_of(m)));
        break;
      case field::status:
        read_status(message_of(m), s);
        break;
      case field::flags:
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

class request_reader {
 public:
  explicit request_reader(std::string_view bytes) : bytes_(bytes) {}

  std::expected<otlp_spans, read_error> read() {
    try {
      pbf_reader request(bytes_.data(), bytes_.size());
      while (request.next()) {
        if (request.tag() == field::resource_spans) {
          read_resource_spans(message_of(request));
          ++resource_;
        } else {
          request.skip();
        }
      }
    } catch (const protozero::exception& e) {
      return std::unexpected(read_error{std::format("{}: {}", where(), e.what())});
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string where() const {
    auto text = std::format("resource_spans[{}]", resource_);
    if (scope_) text += std::format(".scope_spans[{}]", *scope_);
    if (span_) text += std::format(".spans[{}]", *span_);
    return text;
  }

  // A resource may come after its spans.
  void read_resource_spans(pbf_reader m) {
    json::object attributes;
    auto first = out_.spans.size();
    scope_ = 0;
    while (m.next()) {
      if (m.tag() == field::resource) {
        auto resource = message_of(m);
        while (resource.next()) {
          if (resource.tag() == field::resource_attributes) {
            add_attribute(attributes, message_of(resource), 0);
          } else {
            resource.skip();
          }
        }
      } else if (m.tag() == field::scope_spans) {
        read_scope_spans(message_of(m));
        ++*scope_;
      } else {
        m.skip();
      }
    }
    scope_.reset();
    for (auto i = first; i < out_.spans.size(); ++i) out_.spans[i].resource = attributes;
  }

  void read_scope_spans(pbf_reader m) {
    std::string name;
    std::string version;
    auto first = out_.spans.size();
    span_ = 0;
    while (m.next()) {
      if (m.tag() == field::scope) {
        auto scope = message_of(m);
        while (scope.next()) {
          if (scope.tag() == field::scope_name) {
            name = text_of(scope);
          } else if (scope.tag() == field::scope_version) {
            version = text_of(scope);
          } else {
            scope.skip();
          }
        }
      } else if (m.tag() == field::spans) {
        add_span(message_of(m));
        ++*span_;
      } else {
        m.skip();
      }
    }
    span_.reset();
    for (auto i = first; i < out_.spans.size(); ++i) {
      out_.spans[i].scope_name = name;
      out_.spans[i].scope_version = version;
    }
  }

  void add_span(pbf_reader m) {
    try {
      out_.spans.push_back(read_span(m));
    } catch (const protozero::exception& e) {
      if (out_.rejected++ == 0) out_.first_rejection = std::format("{}: {}", where(), e.what());
    }
  }

  std::string_view bytes_;
  otlp_spans out_;
  std::size_t resource_ = 0;
  std::optional<std::size_t> scope_;
  std::optional<std::size_t> span_;
};

}  // namespace

std::expected<otlp_spans, read_error> read_protobuf(std::string_view bytes) {
  return request_reader(bytes).read();
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
