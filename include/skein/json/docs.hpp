// What a plain struct says about its own fields: a text for the reader of its JSON Schema, and
// which of them may be absent. Both are checked against the field names when the struct is first
// used.
//
//   struct forecast_query {
//     std::string city;
//     int days = 3;
//     static constexpr auto docs = skein::docs{{"city", "City name, e.g. Oslo"}};
//     static constexpr auto defaults = skein::defaults{"days"};
//   };
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

namespace skein {

// Texts for fields, each given once, at most `capacity`. The strings must be literals (static
// storage).
class docs {
 public:
  static constexpr std::size_t capacity = 64;
  struct entry {
    std::string_view field = {};
    std::string_view text = {};
  };

  constexpr docs(std::initializer_list<entry> entries) {
    if (entries.size() > capacity) throw std::length_error("skein::docs holds at most 64 entries");
    for (const entry& item : entries) entries_[size_++] = item;
  }

  // The text of a field, empty if it has none.
  [[nodiscard]] constexpr std::string_view find(std::string_view field) const {
    for (const entry& item : *this) {
      if (item.field == field) return item.text;
    }
    return {};
  }

  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr std::string_view key(std::size_t index) const {
    return entries_[index].field;
  }
  [[nodiscard]] constexpr const entry* begin() const { return entries_.data(); }
  [[nodiscard]] constexpr const entry* end() const { return entries_.data() + size_; }

 private:
  std::array<entry, capacity> entries_ = {};
  std::size_t size_ = 0;
};

// Names of fields that may be absent from the JSON and then keep the value of their default member
// initialiser. Fields of type std::optional or std::unique_ptr may be absent without being named
// here.
class defaults {
 public:
  static constexpr std::size_t capacity = 64;

  constexpr defaults(std::initializer_list<std::string_view> fields) {
    if (fields.size() > capacity) throw std::length_error("skein::defaults holds at most 64 names");
    for (std::string_view field : fields) fields_[size_++] = field;
  }

  [[nodiscard]] constexpr bool contains(std::string_view field) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (fields_[i] == field) return true;
    }
    return false;
  }

  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr std::string_view key(std::size_t index) const { return fields_[index]; }

 private:
  std::array<std::string_view, capacity> fields_ = {};
  std::size_t size_ = 0;
};

}  // namespace skein
