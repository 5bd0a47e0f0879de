// What the signals of OTLP in Protobuf have in common.
#pragma once

#include <cstdint>
#include <format>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <skein/json/value.hpp>
#include <skein/trace/otlp.hpp>

namespace skein::trace {

struct damaged : protozero::exception {
  explicit damaged(const char* why) noexcept : why_(why) {}
  [[nodiscard]] const char* what() const noexcept override { return why_; }

 private:
  const char* why_;
};

// These read the field at hand; a wire type other than the schema's is damage, where protozero
// itself only asserts. All of them throw `damaged`.
void expect(const protozero::pbf_reader& m, protozero::pbf_wire_type type);
[[nodiscard]] std::string_view bytes_of(protozero::pbf_reader& m);
[[nodiscard]] std::string text_of(protozero::pbf_reader& m);
[[nodiscard]] protozero::pbf_reader message_of(protozero::pbf_reader& m);
[[nodiscard]] std::int64_t varint_of(protozero::pbf_reader& m);
[[nodiscard]] std::int64_t time_of(protozero::pbf_reader& m);
[[nodiscard]] std::uint64_t fixed64_of(protozero::pbf_reader& m);
[[nodiscard]] double double_of(protozero::pbf_reader& m);

// A KeyValue, a Resource, an InstrumentationScope.
void add_attribute(json::object& to, protozero::pbf_reader m);
void add_resource(json::object& to, protozero::pbf_reader m);
struct scope_of_signals {
  std::string name = {};
  std::string version = {};
};
void read_scope(scope_of_signals& to, protozero::pbf_reader m);

// Reads the request of a signal: resources, in them scopes, in them items. All signals number these
// three levels alike (opentelemetry-proto: collector/*/v1, trace/v1, metrics/v1). A resource and a
// scope may come after what they are of.
template <class Record>
class request_reader {
 public:
  // `items`: the name of what a scope has, as in "spans".
  request_reader(std::string_view items, std::vector<Record>& to) : items_(items), out_(to) {}

  // Calls `item(reader)` for each, which adds to the vector. Gives why the bytes are no request.
  template <class Item>
  std::optional<read_error> read(std::string_view bytes, Item item) {
    try {
      protozero::pbf_reader request(bytes.data(), bytes.size());
      each(request, resources_of_request, resource_, [&](auto m) { read_resource(m, item); });
    } catch (const protozero::exception& e) {
      return read_error{std::format("{}: {}", where(), e.what())};
    }
    return std::nullopt;
  }

  // Of what is being read, as in "resource_spans[0].scope_spans[2].spans[1]".
  [[nodiscard]] std::string where() const {
    auto text = std::format("resource_{}[{}]", items_, resource_.value_or(0));
    if (scope_) text += std::format(".scope_{}[{}]", items_, *scope_);
    if (item_) text += std::format(".{}[{}]", items_, *item_);
    return text;
  }

 private:
  enum field : protozero::pbf_tag_type {
    resources_of_request = 1,
    about = 1,  // a resource's attributes, a scope's name
    parts = 2,
  };

  template <class Each>
  static void each(protozero::pbf_reader& m, field tag, std::optional<std::size_t>& at, Each f) {
    each(m, tag, at, f, [](protozero::pbf_reader& other) { other.skip(); });
  }
  template <class Each, class Other>
  static void each(protozero::pbf_reader& m, field tag, std::optional<std::size_t>& at, Each f,
                   Other other) {
    at = 0;
    while (m.next()) {
      if (m.tag() == tag) {
        f(message_of(m));
        ++*at;
      } else {
        other(m);
      }
    }
    at.reset();
  }

  template <class Item>
  void read_resource(protozero::pbf_reader m, Item& item) {
    json::object attributes;
    const auto first = out_.size();
    each(
        m, parts, scope_, [&](auto scope) { read_scope_of(scope, item); },
        [&](auto& other) {
          if (other.tag() == about) return add_resource(attributes, message_of(other));
          other.skip();
        });
    for (auto i = first; i < out_.size(); ++i) out_[i].resource = attributes;
  }

  template <class Item>
  void read_scope_of(protozero::pbf_reader m, Item& item) {
    scope_of_signals scope;
    const auto first = out_.size();
    each(m, parts, item_, item, [&](auto& other) {
      if (other.tag() == about) return read_scope(scope, message_of(other));
      other.skip();
    });
    for (auto i = first; i < out_.size(); ++i) {
      out_[i].scope_name = scope.name;
      out_[i].scope_version = scope.version;
    }
  }

  std::string_view items_;
  std::vector<Record>& out_;
  std::optional<std::size_t> resource_;
  std::optional<std::size_t> scope_;
  std::optional<std::size_t> item_;
};

}  // namespace skein::trace
