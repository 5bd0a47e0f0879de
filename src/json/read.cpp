#include <algorithm>
#include <cmath>
#include <optional>
#include <ranges>
#include <vector>

#include <skein/json/detail/read.hpp>

#include "json/describe.hpp"

namespace skein::json::detail {
namespace {

bool is_identifier(std::string_view key) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !key.empty() && key.size() <= quote_limit && is_letter(key[0]) &&
         std::ranges::all_of(
             key, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

template <class Integer>
std::string from_to(Integer least, Integer most) {
  return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
}

// The powers of two are exact doubles; the largest 64-bit integers are not.
constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;

bool is_integral(double number) { return std::isfinite(number) && number == std::trunc(number); }

bool is_integer(const value& in) {
  return in.is_int64() || in.is_uint64() || (in.is_double() && is_integral(in.get_double()));
}

std::optional<std::int64_t> as_signed(const value& in) {
  if (const auto* number = in.if_int64()) return *number;
  if (const auto* number = in.if_uint64();
      number != nullptr && std::in_range<std::int64_t>(*number)) {
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* number = in.if_double();
      number != nullptr && is_integral(*number) && *number >= -two_to_63 && *number < two_to_63) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> as_unsigned(const value& in) {
  if (const auto* number = in.if_uint64()) return *number;
  if (const auto* number = in.if_int64(); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto* number = in.if_double();
      number != nullptr && is_integral(*number) && *number >= 0 && *number < two_to_64) {
    return static_cast<std::uint64_t>(*number);
  }
  return std::nullopt;
}

std::string one_of(std::span<const std::string_view> names) { return "one of " + listed(names); }

}  // namespace

std::string place::path() const {
  if (parent_ == nullptr) return "$";
  std::string path = parent_->path();
  if (!is_key_) return path + '[' + std::to_string(index_) + ']';
  if (is_identifier(key_)) return path.append(1, '.').append(key_);
  return path + '[' + quoted(key_) + ']';
}

std::unexpected<mismatch> place::wrong(std::string message) const {
  return std::unexpected(mismatch{path(), std::move(message)});
}

std::unexpected<mismatch> place::expected(std::string_view what, const value& found) const {
  return wrong(std::string("expected ").append(what) + ", got " + described(found));
}

read_outcome read_bool(const place& at, const value& in, bool& out) {
  const bool* found = in.if_bool();
  if (found == nullptr) return at.expected("true or false", in);
  out = *found;
  return {};
}

read_outcome read_signed(const place& at, const value& in, std::int64_t least, std::int64_t most,
                         std::int64_t& out) {
  if (!is_integer(in)) return at.expected("an integer", in);
  const auto number = as_signed(in);
  if (!number || *number < least || *number > most) return at.expected(from_to(least, most), in);
  out = *number;
  return {};
}

read_outcome read_unsigned(const place& at, const value& in, std::uint64_t most,
                           std::uint64_t& out) {
  if (!is_integer(in)) return at.expected("an integer", in);
  const auto number = as_unsigned(in);
  if (!number || *number > most) return at.expected(from_to(std::uint64_t{0}, most), in);
  out = *number;
  return {};
}

read_outcome read_floating(const place& at, const value& in, double most, double& out) {
  double number = 0;
  if (const auto* real = in.if_double())
    number = *real;
  else if (const auto* integer = in.if_int64())
    number = static_cast<double>(*integer);
  else if (const auto* natural = in.if_uint64())
    number = static_cast<double>(*natural);
  else
    return at.expected("a number", in);
  if (!(std::abs(number) <= most)) return at.expected("a number within range", in);
  out = number;
  return {};
}

read_outcome read_text(const place& at, const value& in, std::string& out) {
  const auto* found = in.if_string();
  if (found == nullptr) return at.expected("a string", in);
  out.assign(found->data(), found->size());
  return {};
}

read_outcome read_null(const place& at, const value& in) {
  if (!in.is_null()) return at.expected("null", in);
  return {};
}

read_outcome read_enumerator(const place& at, const value& in, std::span<const enumerator> names,
                             std::int64_t& out) {
  if (const auto* text = in.if_string()) {
    const auto found = std::ranges::find(names, std::string_view(*text), &enumerator::name);
    if (found != names.end()) {
      out = found->value;
      return {};
    }
  }
  std::vector<std::string_view> known;
  for (const enumerator& each : names) known.push_back(each.name);
  return at.expected(one_of(known), in);
}

std::expected<const array*, mismatch> read_array(const place& at, const value& in) {
  const array* found = in.if_array();
  if (found == nullptr) return at.expected("an array", in);
  return found;
}

std::expected<const array*, mismatch> read_array(const place& at, const value& in,
                                                 std::size_t exact_size) {
  const array* found = in.if_array();
  if (found == nullptr || found->size() != exact_size) {
    return at.expected("an array of " + std::to_string(exact_size), in);
  }
  return found;
}

std::expected<const object*, mismatch> read_object(const place& at, const value& in) {
  const object* found = in.if_object();
  if (found == nullptr) return at.expected("an object", in);
  return found;
}

read_outcome read_fields(const place& at, const value& in, std::span<const read_field> fields,
                         std::string_view ignored) {
  const auto found = read_object(at, in);
  if (!found) return std::unexpected(found.error());
  const object& members = **found;
  for (const auto& member : members) {
    const std::string_view key = member.key();
    const auto is_known = [&](const read_field& field) { return field.note->name == key; };
    if (key == ignored && !ignored.empty()) continue;
    if (std::ranges::none_of(fields, is_known)) {
      std::vector<std::string_view> known;
      for (const read_field& field : fields) known.push_back(field.note->name);
      return at.wrong("unknown key " + quoted(key) +
                      (known.empty() ? ", expected no keys" : ", expected " + one_of(known)));
    }
  }
  for (const read_field& field : fields) {
    const value* member = members.if_contains(field.note->name);
    if (member == nullptr && field.note->may_be_absent) continue;
    const place here(at, field.note->name);
    if (member == nullptr) return here.wrong("missing, but required");
    if (auto outcome = field.read(here, *member, field.into); !outcome) return outcome;
  }
  return {};
}

read_outcome read_untagged(const place& at, const value& in,
                           std::span<const read_alternative> alternatives, void* variant) {
  std::string reasons;
  for (const read_alternative& alternative : alternatives) {
    auto outcome = alternative.read(at, in, variant);
    if (outcome) return outcome;
    if (!reasons.empty()) reasons += "; ";
    reasons += outcome.error().path + ": " + outcome.error().message;
  }
  return at.wrong("fits none of the " + std::to_string(alternatives.size()) + " alternatives (" +
                  reasons + ")");
}

read_outcome read_tagged(const place& at, const value& in,
                         std::span<const read_alternative> alternatives, void* variant) {
  const auto members = read_object(at, in);
  if (!members) return std::unexpected(members.error());
  const place here(at, tag_key);
  const value* tag = (*members)->if_contains(tag_key);
  if (tag == nullptr) return here.wrong("missing, but required");
  if (const auto* text = tag->if_string()) {
    const auto found =
        std::ranges::find(alternatives, std::string_view(*text), &read_alternative::tag);
    if (found != alternatives.end()) return found->read(at, in, variant);
  }
  std::vector<std::string_view> known;
  for (const read_alternative& each : alternatives) known.push_back(each.tag);
  return here.expected(one_of(known), *tag);
}

std::unexpected<mismatch> rebased(const place& at, mismatch inner) {
  std::string_view below = inner.path;
  if (below.starts_with('$')) below.remove_prefix(1);
  return std::unexpected(mismatch{at.path().append(below), std::move(inner.message)});
}

}  // namespace skein::json::detail
