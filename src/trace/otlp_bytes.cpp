#include "trace/otlp_bytes.hpp"

#include <utility>

#include <skein/json/base64.hpp>
#include <skein/json/text.hpp>

namespace skein::trace {

using protozero::pbf_reader;

namespace {

// Field numbers of opentelemetry-proto: common/v1, resource/v1.
namespace common_field {
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
enum of_resource : protozero::pbf_tag_type { resource_attributes = 1 };
enum of_scope : protozero::pbf_tag_type { scope_name = 1, scope_version = 2 };
}  // namespace common_field

constexpr int deepest_value = 32;

}  // namespace

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
std::uint64_t fixed64_of(pbf_reader& m) {
  expect(m, protozero::pbf_wire_type::fixed64);
  return m.get_fixed64();
}
double double_of(pbf_reader& m) {
  expect(m, protozero::pbf_wire_type::fixed64);
  return m.get_double();
}
std::int64_t time_of(pbf_reader& m) {
  auto t = fixed64_of(m);
  if (!std::in_range<std::int64_t>(t)) throw damaged("a time is beyond the year 2262");
  return static_cast<std::int64_t>(t);
}

namespace {

void add_key_value(json::object& to, pbf_reader m, int depth);

json::value any_value(pbf_reader m, int depth) {
  if (depth > deepest_value) throw damaged("a value is nested too deep");
  json::value out;
  while (m.next()) {
    switch (m.tag()) {
      case common_field::string_value: {
        auto text = text_of(m);
        out = json::string(text);
        break;
      }
      case common_field::bool_value:
        out = varint_of(m) != 0;
        break;
      case common_field::int_value:
        out = varint_of(m);
        break;
      case common_field::double_value:
        out = double_of(m);
        break;
      case common_field::array_value: {
        auto& list = out.emplace_array();
        auto values = message_of(m);
        while (values.next()) {
          if (values.tag() == common_field::values) {
            list.push_back(any_value(message_of(values), depth + 1));
          } else {
            values.skip();
          }
        }
        break;
      }
      case common_field::kvlist_value: {
        auto& object = out.emplace_object();
        auto values = message_of(m);
        while (values.next()) {
          if (values.tag() == common_field::values) {
            add_key_value(object, message_of(values), depth + 1);
          } else {
            values.skip();
          }
        }
        break;
      }
      case common_field::bytes_value: {
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

void add_key_value(json::object& to, pbf_reader m, int depth) {
  std::string key;
  json::value value;
  while (m.next()) {
    if (m.tag() == common_field::key) {
      key = text_of(m);
    } else if (m.tag() == common_field::value) {
      value = any_value(message_of(m), depth);
    } else {
      m.skip();
    }
  }
  to.insert_or_assign(key, std::move(value));
}

}  // namespace

void add_attribute(json::object& to, pbf_reader m) { add_key_value(to, m, 0); }

void add_resource(json::object& to, pbf_reader m) {
  while (m.next()) {
    if (m.tag() == common_field::resource_attributes) {
      add_key_value(to, message_of(m), 0);
    } else {
      m.skip();
    }
  }
}

void read_scope(scope_of_signals& to, pbf_reader m) {
  while (m.next()) {
    if (m.tag() == common_field::scope_name) {
      to.name = text_of(m);
    } else if (m.tag() == common_field::scope_version) {
      to.version = text_of(m);
    } else {
      m.skip();
    }
  }
}

}  // namespace skein::trace
