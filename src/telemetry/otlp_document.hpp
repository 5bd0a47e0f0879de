// OTLP JSON, whichever signal: how values are written, values that know where they were read, and
// documents one after the other in one text.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <format>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <skein/json/text.hpp>
#include <skein/json/value.hpp>

namespace skein::telemetry {

// 64-bit integers are strings in Protobuf's JSON, and so are numbers that JSON does not have.
[[nodiscard]] json::value int64_text(std::int64_t v);
[[nodiscard]] json::value double_value(double d);
[[nodiscard]] json::array key_values(const json::object& attributes);

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
  // Null if it is no string, which nobody complains about.
  [[nodiscard]] const json::string* if_text() const {
    return value_ == nullptr ? nullptr : value_->if_string();
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

// What a request says of all items of one scope.
struct origin_of_items {
  json::object resource;
  std::string scope_name = {};
  std::string scope_version = {};
};

// Where a signal's requests have what.
struct request_keys {
  std::string_view resources;
  std::string_view scopes;
  std::string_view items;
};

// Calls `use(origin, item)` for each item of a request of one signal.
template <class Use>
void each_item(const place& request, const request_keys& keys, Use use) {
  auto resources = request.at(keys.resources);
  for (std::size_t r = 0, rs = resources.size(); r < rs; ++r) {
    auto in_resource = resources[r];
    origin_of_items origin{in_resource.at("resource").at("attributes").attributes()};
    auto scopes = in_resource.at(keys.scopes);
    for (std::size_t c = 0, cs = scopes.size(); c < cs; ++c) {
      auto in_scope = scopes[c];
      auto scope = in_scope.at("scope");
      origin.scope_name = scope.at("name").text();
      origin.scope_version = scope.at("version").text();
      auto items = in_scope.at(keys.items);
      for (std::size_t i = 0, n = items.size(); i < n; ++i) use(std::as_const(origin), items[i]);
    }
  }
}

// The bytes of the JSON value that `text` begins with; `npos` if it does not end.
[[nodiscard]] std::size_t length_of_value(std::string_view text);

// Objects one after the other, each on a line of its own or over several: `use` gets each and the
// number of its line. Stops at the first one that is no JSON or that is complained about, and gives
// the complaint.
template <class Use>
[[nodiscard]] std::string each_document(std::string_view text, Use use) {
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
        return std::format("line {}, byte {}: {}", number + line, before.size() - start,
                           request.error().message);
      }
      std::string complaint;
      use(place{*request, complaint}, number);
      if (!complaint.empty()) return std::format("line {}: {}", number, complaint);
    }
    number += lines;
  }
  return {};
}

}  // namespace skein::telemetry
