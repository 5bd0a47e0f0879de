#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <format>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/json/text.hpp>
#include <skein/json/value.hpp>
#include <skein/telemetry/otlp_json.hpp>

namespace skein::telemetry {

namespace {

// Of opentelemetry/proto/trace/v1: enumerations are numbers, though some write their names;
// SpanKind starts at 1, and SpanFlags has the sampled bit and what is known of the parent's place.
template <class Enum>
struct enumerator {
  Enum value;
  int number;
  std::string_view name;
};
constexpr std::array kinds{enumerator{span_kind::internal, 1, "SPAN_KIND_INTERNAL"},
                           enumerator{span_kind::server, 2, "SPAN_KIND_SERVER"},
                           enumerator{span_kind::client, 3, "SPAN_KIND_CLIENT"},
                           enumerator{span_kind::producer, 4, "SPAN_KIND_PRODUCER"},
                           enumerator{span_kind::consumer, 5, "SPAN_KIND_CONSUMER"}};
constexpr std::array statuses{enumerator{span_status::unset, 0, "STATUS_CODE_UNSET"},
                              enumerator{span_status::ok, 1, "STATUS_CODE_OK"},
                              enumerator{span_status::error, 2, "STATUS_CODE_ERROR"}};
constexpr int sampled_flag = 0x1;
constexpr int has_is_remote_flag = 0x100;
constexpr int is_remote_flag = 0x200;

template <class Table, class Enum>
int number_of(const Table& table, Enum e) {
  return std::ranges::find(table, e, [](const auto& row) { return row.value; })->number;
}

// 64-bit integers are strings in Protobuf's JSON.
json::value int64_text(std::int64_t v) { return {std::to_string(v)}; }

json::value any_value(const json::value& v);

json::array key_values(const json::object& attributes) {
  json::array out;
  out.reserve(attributes.size());
  for (const auto& a : attributes) {
    out.push_back(json::object{{"key", a.key()}, {"value", any_value(a.value())}});
  }
  return out;
}

json::value double_value(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
  return d;
}

json::value any_value(const json::value& v) {
  json::object out;
  switch (v.kind()) {
    case boost::json::kind::null:
      break;
    case boost::json::kind::bool_:
      out["boolValue"] = v;
      break;
    case boost::json::kind::int64:
      out["intValue"] = int64_text(v.get_int64());
      break;
    case boost::json::kind::uint64:
      out["doubleValue"] = static_cast<double>(v.get_uint64());
      break;
    case boost::json::kind::double_:
      out["doubleValue"] = double_value(v.get_double());
      break;
    case boost::json::kind::string:
      out["stringValue"] = v;
      break;
    case boost::json::kind::array: {
      json::array values;
      for (const auto& e : v.get_array()) values.push_back(any_value(e));
      out["arrayValue"] = json::object{{"values", std::move(values)}};
      break;
    }
    case boost::json::kind::object:
      out["kvlistValue"] = json::object{{"values", key_values(v.get_object())}};
      break;
  }
  return out;
}

json::object span_object(const span_record& s) {
  json::object out{{"traceId", s.trace_id}, {"spanId", s.span_id}};
  int flags = sampled_flag;
  if (!s.parent_span_id.empty()) {
    out["parentSpanId"] = s.parent_span_id;
    flags |= has_is_remote_flag | (s.parent_is_remote ? is_remote_flag : 0);
  }
  out["flags"] = flags;
  out["name"] = s.name;
  out["kind"] = number_of(kinds, s.kind);
  out["startTimeUnixNano"] = int64_text(s.start);
  out["endTimeUnixNano"] = int64_text(s.end);
  out["attributes"] = key_values(s.attributes);
  if (!s.events.empty()) {
    auto& events = out["events"].emplace_array();
    for (const auto& e : s.events) {
      events.push_back(json::object{{"timeUnixNano", int64_text(e.time)},
                                    {"name", e.name},
                                    {"attributes", key_values(e.attributes)}});
    }
  }
  if (!s.links.empty()) {
    auto& links = out["links"].emplace_array();
    for (const auto& l : s.links) {
      links.push_back(json::object{{"traceId", l.trace_id},
                                   {"spanId", l.span_id},
                                   {"attributes", key_values(l.attributes)}});
    }
  }
  auto& status = out["status"].emplace_object();
  if (s.status != span_status::unset) status["code"] = number_of(statuses, s.status);
  if (!s.status_message.empty()) status["message"] = s.status_message;
  return out;
}

// A value and where it is. Each reading function gives what is there, or a default if nothing is,
// and keeps the first complaint; callers look once, at the end. Borrows the place it was found in,
// because nearly always nobody asks for the path.
class place {
 public:
  place(const json::value& document, std::string& complaint)
      : value_(&document), complaint_(&complaint) {}

  [[nodiscard]] place complaining_to(std::string& other) const {
    auto same = *this;
    same.complaint_ = &other;
    return same;
  }
  [[nodiscard]] bool is_there() const { return value_ != nullptr && !value_->is_null(); }
  void complain(std::string_view what) const {
    if (complaint_->empty()) *complaint_ = path() + " " + std::string(what);
  }

  [[nodiscard]] place at(std::string_view key) const {
    const json::value* found = nullptr;
    if (is_there()) {
      if (const auto* o = value_->if_object()) {
        found = o->if_contains(key);
      } else {
        complain("is not an object");
      }
    }
    return {found, this, key, 0};
  }
  [[nodiscard]] std::size_t size() const {
    if (!is_there()) return 0;
    if (const auto* a = value_->if_array()) return a->size();
    complain("is not an array");
    return 0;
  }
  [[nodiscard]] place operator[](std::size_t i) const {
    return {&value_->get_array()[i], this, {}, i};
  }
  [[nodiscard]] std::string text() const {
    if (!is_there()) return {};
    if (const auto* s = value_->if_string()) return {s->data(), s->size()};
    complain("is not a string");
    return {};
  }
  [[nodiscard]] bool flag() const {
    if (!is_there()) return false;
    if (const auto* b = value_->if_bool()) return *b;
    complain("is not true or false");
    return false;
  }
  [[nodiscard]] std::int64_t integer() const {
    if (!is_there()) return 0;
    if (const auto* i = value_->if_int64()) return *i;
    if (const auto* s = value_->if_string()) {
      std::int64_t out = 0;
      const auto* end = s->data() + s->size();
      auto [stop, ec] = std::from_chars(s->data(), end, out);
      if (ec == std::errc{} && stop == end) return out;
    }
    complain("is not a 64-bit integer");
    return 0;
  }
  [[nodiscard]] double number() const {
    if (!is_there()) return 0;
    if (value_->is_number()) return value_->to_number<double>();
    using limits = std::numeric_limits<double>;
    if (const auto* s = value_->if_string()) {
      if (*s == "NaN") return limits::quiet_NaN();
      if (*s == "Infinity") return limits::infinity();
      if (*s == "-Infinity") return -limits::infinity();
    }
    complain("is not a number");
    return 0;
  }
  [[nodiscard]] std::string identifier(std::size_t digits) const {
    auto id = text();
    if (id.empty()) return id;
    std::ranges::transform(id, id.begin(), [](char c) {
      return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    });
    auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (id.size() != digits || !std::ranges::all_of(id, is_hex)) {
      complain(std::format("is not an identifier of {} hex digits", digits));
    }
    return id.find_first_not_of('0') == std::string::npos ? std::string() : id;
  }
  template <class Table>
  [[nodiscard]] auto one_of(const Table& table) const {
    if (value_ != nullptr && value_->is_string()) {
      const auto& name = value_->get_string();
      auto named = std::ranges::find(table, std::string_view(name.data(), name.size()),
                                     [](const auto& r) { return r.name; });
      if (named != table.end()) return named->value;
      if (name.ends_with("_UNSPECIFIED")) return table.front().value;
    }
    auto n = integer();
    auto row = std::ranges::find(table, n, [](const auto& r) { return r.number; });
    if (row != table.end()) return row->value;
    if (n != 0) complain("is a number without a meaning");
    return table.front().value;
  }
  [[nodiscard]] json::object attributes() const {
    json::object out;
    auto n = size();
    out.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
      auto e = (*this)[i];
      out.insert_or_assign(e.at("key").text(), e.at("value").any());
    }
    return out;
  }
  [[nodiscard]] json::value any() const {
    if (auto v = at("stringValue"); v.is_there()) {
      if (v.value_->is_string()) return *v.value_;
      return {v.text()};
    }
    if (auto v = at("bytesValue"); v.is_there()) return {v.text()};
    if (auto v = at("boolValue"); v.is_there()) return v.flag();
    if (auto v = at("intValue"); v.is_there()) return v.integer();
    if (auto v = at("doubleValue"); v.is_there()) return v.number();
    if (auto v = at("kvlistValue"); v.is_there()) return v.at("values").attributes();
    if (auto v = at("arrayValue"); v.is_there()) {
      json::array out;
      auto values = v.at("values");
      for (std::size_t i = 0, n = values.size(); i < n; ++i) out.push_back(values[i].any());
      return out;
    }
    return nullptr;
  }

 private:
  place(const json::value* v, const place* in, std::string_view key, std::size_t index)
      : value_(v), in_(in), key_(key), index_(index), complaint_(in->complaint_) {}
  [[nodiscard]] std::string path() const {
    if (in_ == nullptr) return "$";
    if (key_.empty()) return std::format("{}[{}]", in_->path(), index_);
    return std::format("{}.{}", in_->path(), key_);
  }

  const json::value* value_;
  const place* in_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  std::string* complaint_;
};

constexpr std::size_t trace_id_digits = 32;
constexpr std::size_t span_id_digits = 16;

span_record read_span(const place& p) {
  span_record s;
  s.trace_id = p.at("traceId").identifier(trace_id_digits);
  s.span_id = p.at("spanId").identifier(span_id_digits);
  if (s.trace_id.empty() || s.span_id.empty()) p.complain("has no traceId or no spanId");
  s.parent_span_id = p.at("parentSpanId").identifier(span_id_digits);
  s.parent_is_remote = (p.at("flags").integer() & is_remote_flag) != 0;
  s.name = p.at("name").text();
  s.kind = p.at("kind").one_of(kinds);
  s.start = p.at("startTimeUnixNano").integer();
  s.end = p.at("endTimeUnixNano").integer();
  auto status = p.at("status");
  s.status = status.at("code").one_of(statuses);
  s.status_message = status.at("message").text();
  s.attributes = p.at("attributes").attributes();
  auto events = p.at("events");
  for (std::size_t i = 0, n = events.size(); i < n; ++i) {
    auto e = events[i];
    s.events.push_back({.name = e.at("name").text(),
                        .time = e.at("timeUnixNano").integer(),
                        .attributes = e.at("attributes").attributes()});
  }
  auto links = p.at("links");
  for (std::size_t i = 0, n = links.size(); i < n; ++i) {
    auto l = links[i];
    s.links.push_back({.trace_id = l.at("traceId").identifier(trace_id_digits),
                       .span_id = l.at("spanId").identifier(span_id_digits),
                       .attributes = l.at("attributes").attributes()});
  }
  return s;
}

// `line`: where the request is, for the rejections.
void read_request(const place& request, std::size_t line, otlp_spans& out) {
  auto resource_spans = request.at("resourceSpans");
  for (std::size_t r = 0, rs = resource_spans.size(); r < rs; ++r) {
    auto in_resource = resource_spans[r];
    auto resource = in_resource.at("resource").at("attributes").attributes();
    auto scope_spans = in_resource.at("scopeSpans");
    for (std::size_t c = 0, cs = scope_spans.size(); c < cs; ++c) {
      auto in_scope = scope_spans[c];
      auto name = in_scope.at("scope").at("name").text();
      auto version = in_scope.at("scope").at("version").text();
      auto spans = in_scope.at("spans");
      for (std::size_t i = 0, n = spans.size(); i < n; ++i) {
        std::string complaint;
        auto s = read_span(spans[i].complaining_to(complaint));
        if (!complaint.empty()) {
          if (out.rejected++ == 0)
            out.first_rejection = std::format("line {}: {}", line, complaint);
          continue;
        }
        s.resource = resource;
        s.scope_name = name;
        s.scope_version = version;
        out.spans.push_back(std::move(s));
      }
    }
  }
}

// The bytes of the JSON value that `text` begins with; `npos` if it does not end.
std::size_t length_of_value(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string to_otlp_json_line(std::span<const span_record> spans) {
  struct scope_group {
    const span_record* like;
    json::array spans;
  };
  struct resource_group {
    const span_record* like;
    std::vector<scope_group> scopes;
  };
  std::vector<resource_group> groups;
  for (const auto& s : spans) {
    auto g = std::ranges::find_if(
        groups, [&](const auto& have) { return have.like->resource == s.resource; });
    if (g == groups.end()) g = groups.insert(g, {&s, {}});
    auto c = std::ranges::find_if(g->scopes, [&](const auto& have) {
      return have.like->scope_name == s.scope_name && have.like->scope_version == s.scope_version;
    });
    if (c == g->scopes.end()) c = g->scopes.insert(c, {&s, {}});
    c->spans.push_back(span_object(s));
  }
  json::array resource_spans;
  for (auto& g : groups) {
    json::array scope_spans;
    for (auto& c : g.scopes) {
      json::object scope{{"name", c.like->scope_name}};
      if (!c.like->scope_version.empty()) scope["version"] = c.like->scope_version;
      scope_spans.push_back(
          json::object{{"scope", std::move(scope)}, {"spans", std::move(c.spans)}});
    }
    json::object resource{{"attributes", key_values(g.like->resource)}};
    resource_spans.push_back(
        json::object{{"resource", std::move(resource)}, {"scopeSpans", std::move(scope_spans)}});
  }
  return json::write_text(json::object{{"resourceSpans", std::move(resource_spans)}});
}

std::expected<otlp_spans, std::string> read_otlp_json(std::string_view text) {
  otlp_spans out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto piece = text.substr(0, text.find('\n'));
    auto begin = piece.find_first_not_of(" \t\r");
    std::size_t lines = 0;
    if (begin != std::string_view::npos && length_of_value(piece.substr(begin)) == piece.npos) {
      // An object over several lines, as people and some tools write them.
      if (auto length = length_of_value(text.substr(begin)); length != text.npos) {
        piece = text.substr(0, std::min(text.find('\n', begin + length), text.size()));
        lines = static_cast<std::size_t>(std::ranges::count(piece, '\n'));
      }
    }
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    if (begin != std::string_view::npos) {
      auto request = json::parse_text(piece);
      if (!request) {
        auto before = piece.substr(0, request.error().offset);
        auto line = static_cast<std::size_t>(std::ranges::count(before, '\n'));
        auto start = line == 0 ? 0 : before.rfind('\n') + 1;
        return std::unexpected(std::format("line {}, byte {}: {}", number + line,
                                           before.size() - start, request.error().message));
      }
      std::string complaint;
      read_request({*request, complaint}, number, out);
      if (!complaint.empty()) return std::unexpected(std::format("line {}: {}", number, complaint));
    }
    number += lines;
  }
  return out;
}

std::expected<std::vector<span_record>, std::string> from_otlp_json(std::string_view text) {
  auto all = read_otlp_json(text);
  if (!all) return std::unexpected(std::move(all.error()));
  if (all->rejected != 0) return std::unexpected(std::move(all->first_rejection));
  return std::move(all->spans);
}

}  // namespace skein::telemetry
