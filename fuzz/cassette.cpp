// Cassettes: whatever the file holds, a schema_error or exchanges; what is read is the same when it
// is written and read again, also without its secrets.
#include "providers/replay/cassette.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <skein/core/error.hpp>

#include "require.hpp"

namespace {

using namespace skein;
using replay::detail::recorded_exchange;

std::string text_of(const std::vector<recorded_exchange>& exchanges) {
  std::string text(replay::detail::first_line);
  for (const auto& e : exchanges) text += lines_of(e);
  return text;
}

void check(const std::vector<recorded_exchange>& exchanges) {
  const std::string text = text_of(exchanges);
  fuzz::require(text_of(replay::detail::cassette_of(text, "again")) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<recorded_exchange> exchanges;
  try {
    exchanges = replay::detail::cassette_of({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const schema_error&) {
    return 0;
  }
  check(exchanges);
  for (auto& e : exchanges) replay::detail::secrets(e.request).remove_from(e);
  check(exchanges);
  return 0;
}
