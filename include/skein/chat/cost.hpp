// What tokens cost: exact decimals, from a dated table. A price that nobody knows is unknown, not
// 0.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <skein/chat/usage.hpp>

namespace skein {

// An amount of US dollars in whole millionths of a millionth: prices are per million tokens and
// have at most six decimals, so every product is exact. Holds up to nine million dollars.
class usd {
 public:
  constexpr usd() noexcept = default;
  constexpr explicit usd(std::int64_t picodollars) noexcept : pico_(picodollars) {}
  // Decimal notation with at most twelve decimals, without sign: "0.25", "3".
  [[nodiscard]] static std::optional<usd> parse(std::string_view decimal) noexcept;

  [[nodiscard]] constexpr std::int64_t picodollars() const noexcept { return pico_; }
  // "0.00125", without superfluous zeros.
  [[nodiscard]] std::string to_string() const;
  // The nearest number, and back: for what has no decimals, such as an attribute of a span. Exact
  // there and back up to four thousand dollars. Nothing where it does not fit.
  [[nodiscard]] double dollars() const noexcept { return static_cast<double>(pico_) / 1e12; }
  [[nodiscard]] static std::optional<usd> from_dollars(double dollars) noexcept;

  constexpr usd& operator+=(usd other) noexcept {
    pico_ += other.pico_;
    return *this;
  }
  friend constexpr usd operator+(usd a, usd b) noexcept { return a += b; }
  friend constexpr auto operator<=>(usd, usd) noexcept = default;

 private:
  std::int64_t pico_ = 0;
};

// The tokens of an answer, each in one bucket: what is priced, and what may be summed.
struct token_buckets {
  std::int64_t input = 0;  // neither read from nor written to a cache
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
  std::int64_t output = 0;  // without reasoning
  std::int64_t reasoning = 0;

  [[nodiscard]] std::int64_t total() const noexcept {
    return input + cache_read + cache_write + output + reasoning;
  }
  friend bool operator==(const token_buckets&, const token_buckets&) = default;
};
// Nothing where input or output is not known, or a part is larger than its whole.
[[nodiscard]] std::optional<token_buckets> buckets_of(const usage& u) noexcept;

// Of a million tokens. Reasoning costs what output costs; a cache's price that is missing is
// unknown, unless none of its tokens were used.
struct price {
  std::string provider = {};  // as gen_ai.provider.name
  std::string model = {};     // also for `model` with a date behind it: `-2025-08-07`, `-20250807`
  std::chrono::sys_days from = {};
  usd input = {};
  usd output = {};
  std::optional<usd> cache_read = {};
  std::optional<usd> cache_write = {};
};

// Nothing if a price that it needs, or the usage, is not known.
[[nodiscard]] std::optional<usd> cost_of(const usage& u, const price& p) noexcept;

// Never changes, so copies share it.
class price_table {
 public:
  price_table() = default;  // in which nothing has a price
  explicit price_table(std::vector<price> prices)
      : prices_(std::make_shared<const std::vector<price>>(std::move(prices))) {}
  // The form of data/prices.json. Throws usage_error, which names the entry and the member.
  [[nodiscard]] static price_table parse(std::string_view json);
  // From the file that SKEIN_PRICES names, else the table of this release, data/prices.json. Throws
  // usage_error for a file that cannot be read.
  [[nodiscard]] static price_table load();
  // What load() gave at the first call in this program.
  [[nodiscard]] static price_table standard();

  // The one in force on that day.
  [[nodiscard]] const price* find(std::string_view provider, std::string_view model,
                                  std::chrono::sys_days day) const noexcept;
  [[nodiscard]] std::span<const price> prices() const noexcept {
    return prices_ ? std::span<const price>(*prices_) : std::span<const price>();
  }

 private:
  std::shared_ptr<const std::vector<price>> prices_;
};

}  // namespace skein
