#include "telemetry/baggage.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include <opentelemetry/baggage/baggage_context.h>
#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/json/text.hpp>

#include "core/ascii.hpp"
#include "telemetry/guarded.hpp"

namespace skein::telemetry {

namespace nostd = opentelemetry::nostd;
namespace api = opentelemetry::baggage;
namespace propagation = opentelemetry::context::propagation;
using opentelemetry::context::Context;

namespace {

constexpr std::size_t most_members = 64;
constexpr std::size_t most_bytes = 8192;
constexpr std::string_view name = "baggage";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// token of RFC 7230.
constexpr bool is_token_char(char c) {
  return is_digit(c) || is_letter(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}
// baggage-octet: printable ASCII without blank, `"`, `,`, `;` and `\`.
constexpr bool is_octet(char c) {
  return c > ' ' && c < '\x7f' && c != '"' && c != ',' && c != ';' && c != '\\';
}

// The part before `at`, which goes from `text` with it.
std::string_view cut(std::string_view& text, char at) {
  const auto end = std::min(text.find(at), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::string encoded(std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_octet(c) && c != '%') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

std::optional<std::string> decoded(std::string_view text) {
  auto digit = [](char c) -> int {
    if (is_digit(c)) return c - '0';
    const char upper = static_cast<char>(c & ~0x20);
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_octet(text[i])) return std::nullopt;
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    // A percent sign that encodes nothing stands for itself, as the specification says of readers.
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) {
      out += '%';
    } else {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return json::valid_utf8(out);
}

// `;key`, `;key=value`, any number of them.
bool are_properties(std::string_view text) {
  if (!text.starts_with(';')) return false;
  text.remove_prefix(1);
  do {
    auto property = detail::trimmed(cut(text, ';'));
    const bool has_value = property.contains('=');
    const auto key = detail::trimmed(cut(property, '='));
    if (!is_token(key)) return false;
    if (has_value && !std::ranges::all_of(detail::trimmed(property), is_octet)) return false;
  } while (!text.empty());
  return true;
}

}  // namespace

std::string to_baggage_header(const api::Baggage& baggage) {
  std::string header;
  std::size_t members = 0;
  baggage.GetAllEntries([&](nostd::string_view k, nostd::string_view v) {
    const std::string_view key(k.data(), k.size());
    std::string_view value(v.data(), v.size());
    if (!is_token(key)) return true;
    std::string_view properties;
    if (const auto at = value.find(';');
        at != std::string_view::npos && are_properties(value.substr(at))) {
      properties = value.substr(at);
      value = value.substr(0, at);
    }
    std::string member(key);
    member += '=';
    member += encoded(value);
    member += properties;
    if (header.size() + member.size() + 1 > most_bytes) return true;
    if (!header.empty()) header += ',';
    header += member;
    return ++members < most_members;
  });
  return header;
}

nostd::shared_ptr<api::Baggage> from_baggage_header(std::string_view header) {
  std::vector<std::pair<std::string, std::string>> members;
  while (!header.empty() && members.size() < most_members) {
    auto member = detail::trimmed(cut(header, ','));
    if (!member.contains('=')) continue;
    const auto key = detail::trimmed(cut(member, '='));
    const auto at = std::min(member.find(';'), member.size());
    auto value = decoded(detail::trimmed(member.substr(0, at)));
    const auto properties = detail::trimmed(member.substr(at));
    if (!is_token(key) || !value) continue;
    if (!properties.empty()) {
      if (!are_properties(properties)) continue;
      *value += properties;
    }
    std::erase_if(members, [&](const auto& m) { return m.first == key; });
    members.emplace_back(key, *std::move(value));
  }
  return nostd::shared_ptr<api::Baggage>(new api::Baggage(members));
}

void baggage_propagator::Inject(propagation::TextMapCarrier& carrier,
                                const Context& context) noexcept {
  guarded("baggage is lost", [&] {
    const auto header = to_baggage_header(*api::GetBaggage(context));
    if (!header.empty()) carrier.Set({name.data(), name.size()}, header);
  });
}

Context baggage_propagator::Extract(const propagation::TextMapCarrier& carrier,
                                    Context& context) noexcept {
  auto result = context;
  guarded("baggage is lost", [&] {
    const auto header = carrier.Get({name.data(), name.size()});
    const auto baggage = from_baggage_header({header.data(), header.size()});
    bool any = false;
    baggage->GetAllEntries([&](nostd::string_view, nostd::string_view) {
      any = true;
      return false;
    });
    if (any) result = api::SetBaggage(context, baggage);
  });
  return result;
}

bool baggage_propagator::Fields(
    nostd::function_ref<bool(nostd::string_view)> callback) const noexcept {
  return callback({name.data(), name.size()});
}

}  // namespace skein::telemetry
