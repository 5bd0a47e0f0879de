// JSON text read while it arrives: in one pass, at a constant cost for each byte, and what is there
// already can be looked at whenever one likes.
//
//   json::incremental arriving;
//   arriving.feed(R"({"city": "Os)");
//   const json::value* city = arriving.root()->as_object().if_contains("city");
//   city->as_string();          // "Os"
//   arriving.complete(*city);   // false
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <skein/json/text.hpp>
#include <skein/json/value.hpp>

namespace skein::json {

// What may stand around the value. `prose` is for what models write: the value is the first object
// in the text, and what comes before its `{` (a sentence, a code fence) and after its `}` is passed
// over.
enum class surroundings : std::uint8_t { blanks, prose };

// Takes what parse_text takes, comes to an equal value, and fails with the same message; of a
// piece that was cut inside an escape or a character, the offset is right to 12 bytes. Move-only.
//
// The value so far holds: containers from their bracket on, strings from their first character on
// with their text so far (whole characters, always UTF-8), numbers and literals once they are
// whole, members once there is something of their value. It does not depend on where the pieces
// were cut, and it only ever grows: what is complete never changes, except that a repeated key
// replaces its value.
class incremental {
 public:
  explicit incremental(const parse_limits& limits = {}, surroundings around = surroundings::blanks);
  incremental(incremental&&) noexcept;
  incremental& operator=(incremental&&) noexcept;
  ~incremental();

  // The next piece, of any size. After a failure nothing is taken any more; what was read stays.
  void feed(std::string_view piece);
  // There is no more: a number at the root is whole now, and a text that is not has failed. Once is
  // enough.
  void finish();

  // The value so far, null while there is nothing of it. It stays where it is; what is inside of
  // it moves at the next feed().
  [[nodiscard]] const value* root() const noexcept;
  // Whether `part`, the root or something inside of it, is whole.
  [[nodiscard]] bool complete(const value& part) const noexcept;
  [[nodiscard]] bool complete() const noexcept { return root() != nullptr && complete(*root()); }
  [[nodiscard]] const std::optional<parse_failure>& failure() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace skein::json
