// JSON text at the end of a string, for what is never needed as a tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <skein/json/base64.hpp>
#include <skein/json/value.hpp>

namespace skein::json::detail {

// A whole number in a double: 21.0 parses back as one; 21 is an integer to those who insist on it.
enum class whole_double : std::uint8_t { as_double, as_integer };

// In double quotes. What is not UTF-8 is replaced as valid_utf8() does.
void append_string(std::string& out, std::string_view text);
// Members in their order; infinity and not-a-number become null.
void append_value(std::string& out, const value& from, whole_double numbers);

// From the outside to the inside. Brackets and keys come as they are called for.
class text_writer {
 public:
  void open_object() { open('{'); }
  void close_object() { close('}'); }
  void open_array() { open('['); }
  void close_array() { close(']'); }
  // The next value belongs to it.
  void key(std::string_view name);
  void string(std::string_view text);
  void value(const json::value& value);
  void base64(std::string_view bytes);
  // JSON text that is valid already.
  void text(std::string_view json);

  void object_member(std::string_view name) {
    key(name);
    open_object();
  }
  void array_member(std::string_view name) {
    key(name);
    open_array();
  }
  void string_member(std::string_view name, std::string_view text) {
    key(name);
    string(text);
  }
  void value_member(std::string_view name, const json::value& item) {
    key(name);
    value(item);
  }
  void members(const object& all) {
    for (const auto& [name, item] : all) value_member(name, item);
  }

  // Where the text is now, and back to there: what was written since is gone.
  struct mark {
    std::size_t size;
    bool first;
  };
  [[nodiscard]] mark here() const noexcept { return {out_.size(), first_}; }
  void back_to(mark m) {
    out_.resize(m.size);
    first_ = m.first;
  }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void next();

  std::string out_;
  bool first_ = true;       // nothing before it in this object or array
  bool after_key_ = false;  // the value of a member comes
};

}  // namespace skein::json::detail
