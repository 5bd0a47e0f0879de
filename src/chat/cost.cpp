#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include <skein/chat/cost.hpp>
#include <skein/core/error.hpp>
#include <skein/json/value.hpp>

#include "chat/built_in_prices.hpp"

namespace skein {

namespace {

constexpr int decimals = 12;
constexpr std::int64_t one_dollar = 1'000'000'000'000;
constexpr std::int64_t million = 1'000'000;

std::optional<std::int64_t> digits(std::string_view text) noexcept {
  std::int64_t value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || text.front() == '-') return {};
  return value;
}

// A day as yyyy-mm-dd or yyyymmdd.
std::optional<std::chrono::sys_days> day_of(std::string_view text) noexcept {
  std::string_view year = text.substr(0, 4), month, day;
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    month = text.substr(5, 2);
    day = text.substr(8, 2);
  } else if (text.size() == 8) {
    month = text.substr(4, 2);
    day = text.substr(6, 2);
  } else {
    return {};
  }
  auto y = digits(year), m = digits(month), d = digits(day);
  if (!y || !m || !d) return {};
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*y)),
                                         std::chrono::month(static_cast<unsigned>(*m)),
                                         std::chrono::day(static_cast<unsigned>(*d)));
  if (!date.ok()) return {};
  return std::chrono::sys_days(date);
}

bool is_of(std::string_view model, std::string_view family) noexcept {
  if (!model.starts_with(family)) return false;
  model.remove_prefix(family.size());
  return model.empty() || (model.front() == '-' && day_of(model.substr(1)));
}

std::optional<std::int64_t> product(std::int64_t tokens, std::int64_t per_million) noexcept {
  if (per_million % million != 0) return {};
  const std::int64_t each = per_million / million;
  if (each != 0 && tokens > std::numeric_limits<std::int64_t>::max() / each) return {};
  return tokens * each;
}

[[noreturn]] void wrong(std::size_t entry, std::string_view member, std::string_view what) {
  throw usage_error(std::format("prices: entry {}, `{}`: {}", entry + 1, member, what));
}

std::string_view text_in(const json::object& o, std::size_t entry, std::string_view member) {
  const auto* v = o.if_contains(member);
  const auto* s = v != nullptr ? v->if_string() : nullptr;
  if (s == nullptr || s->empty()) wrong(entry, member, "must be a text");
  return *s;
}

usd amount_in(const json::object& o, std::size_t entry, std::string_view member) {
  auto amount = usd::parse(text_in(o, entry, member));
  if (!amount || amount->picodollars() % million != 0) {
    wrong(entry, member, "must be dollars in decimals, at most six, as a text: \"0.25\"");
  }
  return *amount;
}

price price_from(const json::value& v, std::size_t entry) {
  const auto* o = v.if_object();
  if (o == nullptr) wrong(entry, "", "must be an object");
  for (const auto& member : *o) {
    constexpr std::string_view known[] = {"provider", "model",      "from",       "input",
                                          "output",   "cache_read", "cache_write"};
    if (std::ranges::find(known, std::string_view(member.key())) == std::end(known)) {
      wrong(entry, member.key(), "is not known");
    }
  }
  price p{.provider = std::string(text_in(*o, entry, "provider")),
          .model = std::string(text_in(*o, entry, "model")),
          .input = amount_in(*o, entry, "input"),
          .output = amount_in(*o, entry, "output")};
  auto from = day_of(text_in(*o, entry, "from"));
  if (!from) wrong(entry, "from", "must be a day: \"2026-01-31\"");
  p.from = *from;
  if (o->contains("cache_read")) p.cache_read = amount_in(*o, entry, "cache_read");
  if (o->contains("cache_write")) p.cache_write = amount_in(*o, entry, "cache_write");
  return p;
}

}  // namespace

std::optional<usd> usd::parse(std::string_view decimal) noexcept {
  const auto point = decimal.find('.');
  const auto before = decimal.substr(0, point);
  auto after = point == std::string_view::npos ? std::string_view() : decimal.substr(point + 1);
  if (before.empty() || (point != std::string_view::npos && after.empty())) return {};
  if (after.size() > decimals) return {};
  const auto whole = digits(before);
  if (!whole || *whole > std::numeric_limits<std::int64_t>::max() / one_dollar - 1) return {};
  std::int64_t fraction = 0;
  if (!after.empty()) {
    const auto read = digits(after);
    if (!read) return {};
    fraction = *read;
    for (auto i = after.size(); i < decimals; ++i) fraction *= 10;
  }
  return usd(*whole * one_dollar + fraction);
}

std::optional<usd> usd::from_dollars(double dollars) noexcept {
  if (!(dollars >= 0 && dollars < 9e6)) return {};
  return usd(std::llround(dollars * one_dollar));
}

std::string usd::to_string() const {
  auto text = std::format("{}{}.{:012}", pico_ < 0 ? "-" : "", std::abs(pico_ / one_dollar),
                          std::abs(pico_ % one_dollar));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::optional<token_buckets> buckets_of(const usage& u) noexcept {
  if (!u.input || !u.output) return {};
  token_buckets b{.cache_read = u.cache_read.value_or(0),
                  .cache_write = u.cache_write.value_or(0),
                  .reasoning = u.reasoning.value_or(0)};
  b.input = *u.input - b.cache_read - b.cache_write;
  b.output = *u.output - b.reasoning;
  if (std::ranges::min({b.input, b.cache_read, b.cache_write, b.output, b.reasoning}) < 0)
    return {};
  return b;
}

std::optional<usd> cost_of(const usage& u, const price& p) noexcept {
  const auto b = buckets_of(u);
  if (!b) return {};
  if ((b->cache_read > 0 && !p.cache_read) || (b->cache_write > 0 && !p.cache_write)) return {};
  usd sum;
  auto add = [&](std::int64_t tokens, usd per_million) {
    const auto cost = product(tokens, per_million.picodollars());
    if (cost) sum += usd(*cost);
    return cost.has_value();
  };
  const bool known = add(b->input, p.input) && add(b->cache_read, p.cache_read.value_or(usd())) &&
                     add(b->cache_write, p.cache_write.value_or(usd())) &&
                     add(b->output + b->reasoning, p.output);
  return known ? std::optional(sum) : std::nullopt;
}

price_table price_table::parse(std::string_view text) {
  boost::system::error_code error;
  const auto document = json::parse(text, error);
  const auto* o = error ? nullptr : document.if_object();
  const auto* all = o != nullptr && o->contains("prices") ? o->at("prices").if_array() : nullptr;
  if (all == nullptr) throw usage_error("prices: not a JSON object with a list `prices`");
  std::vector<price> prices;
  prices.reserve(all->size());
  for (std::size_t i = 0; i < all->size(); ++i) prices.push_back(price_from((*all)[i], i));
  return price_table(std::move(prices));
}

price_table price_table::load() {
  const char* file = std::getenv("SKEIN_PRICES");
  if (file == nullptr || *file == '\0') return parse(detail::built_in_prices);
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw usage_error(std::format("prices: cannot read {}, which SKEIN_PRICES names", file));
  }
  return parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

price_table price_table::standard() {
  static const price_table once = load();
  return once;
}

const price* price_table::find(std::string_view provider, std::string_view model,
                               std::chrono::sys_days day) const noexcept {
  const price* best = nullptr;
  for (const auto& p : prices()) {
    if (p.provider != provider || p.from > day || !is_of(model, p.model)) continue;
    // A model's own name before its family's, then the later price.
    if (best == nullptr || p.model.size() > best->model.size() ||
        (p.model.size() == best->model.size() && p.from > best->from)) {
      best = &p;
    }
  }
  return best;
}

}  // namespace skein
