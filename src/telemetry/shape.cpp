#include "telemetry/shape.hpp"

#include <algorithm>
#include <format>
#include <vector>

#include <boost/hash2/sha2.hpp>

#include <skein/json/text.hpp>

namespace skein::telemetry {

std::string sha256(std::string_view text) {
  boost::hash2::sha2_256 hash;
  hash.update(text.data(), text.size());
  std::string out;
  for (unsigned char byte : hash.result()) std::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

std::string attribute_text(const json::value& v) {
  return v.is_string() ? json::valid_utf8(v.get_string()) : json::write_text(v);
}

namespace {

// A text in a value, and whether a part of it is of use.
struct leaf {
  json::string* text;
  enum class use : std::uint8_t { beginning, whole } of = use::beginning;
};

void collect(json::value& v, std::vector<leaf>& to, leaf::use of = leaf::use::beginning) {
  if (auto* s = v.if_string()) {
    to.push_back({s, of});
  } else if (auto* a = v.if_array()) {
    for (auto& each : *a) collect(each, to);
  } else if (auto* o = v.if_object()) {
    const auto* type = o->if_contains("type");
    const bool blob = type != nullptr && type->is_string() && type->get_string() == "blob";
    for (auto& [key, value] : *o) {
      collect(value, to, blob && key == "content" ? leaf::use::whole : leaf::use::beginning);
    }
  }
}

constexpr std::size_t mark_size = 130;  // at most
std::string mark(std::size_t kept, std::string_view of) {
  return std::format("…[cut: {} of {} bytes kept, sha256 {}]", kept, of.size(), sha256(of));
}

void cut_to(json::string& text, std::size_t keep) {
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0U) == 0x80U) --keep;
  const auto said = mark(keep, text);
  text.resize(keep);
  text.append(said);
}

// Cuts the longest texts, so that the others stay whole. False if that does not help any more.
bool cut_texts(json::value& v, std::size_t excess) {
  std::vector<leaf> leaves;
  collect(v, leaves);
  std::erase_if(leaves, [](const leaf& l) { return l.text->size() <= mark_size; });
  if (leaves.empty()) return false;
  std::ranges::sort(leaves, std::greater(), [](const leaf& l) { return l.text->size(); });
  // The longest n are cut to a common length that lies above the next one's.
  std::size_t sum = 0;
  std::size_t n = 0;
  std::size_t keep = 0;
  for (; n < leaves.size(); ++n) {
    sum += leaves[n].text->size();
    const auto next = n + 1 < leaves.size() ? leaves[n + 1].text->size() : 0;
    const auto spare = (n + 1) * mark_size + excess;
    keep = sum > spare ? (sum - spare) / (n + 1) : 0;
    if (keep + mark_size >= next) break;
  }
  leaves.resize(std::min(n + 1, leaves.size()));
  for (auto& l : leaves) {
    const auto some = l.of == leaf::use::whole ? 0 : keep;
    if (some + mark_size < l.text->size()) cut_to(*l.text, some);
  }
  return true;
}

// Drops the oldest of a list, and says so in their place.
void drop_oldest(json::array& all, std::size_t limit) {
  std::size_t size = 2;
  std::size_t keep = 0;
  while (keep < all.size()) {
    size += json::write_text(all[all.size() - 1 - keep]).size() + 1;
    if (size + 2 * mark_size > limit) break;
    ++keep;
  }
  const auto dropped = static_cast<std::ptrdiff_t>(all.size() - keep);
  const auto text = json::write_text(json::array(all.begin(), all.begin() + dropped));
  json::object part{{"type", "generic"},
                    {"generic_type", "skein.cut"},
                    {"messages", dropped},
                    {"bytes", text.size()},
                    {"sha256", sha256(text)}};
  const bool messages = all[0].is_object() && all[0].get_object().contains("parts");
  json::value instead = part;
  if (messages) instead = json::object{{"role", "system"}, {"parts", json::array{part}}};
  all.erase(all.begin(), all.begin() + dropped);
  all.insert(all.begin(), std::move(instead));
}

}  // namespace

std::string attribute_text_within(std::size_t limit, json::value v, std::size_t& cut) {
  auto text = attribute_text(v);
  if (text.size() <= limit) return text;
  const auto whole = text.size();
  if (limit < 4 * mark_size) {
    text.clear();
    if (limit >= mark_size) {
      auto said = json::value(mark(0, attribute_text(v)));
      text = v.is_string() ? attribute_text(said) : json::write_text(said);
    }
    cut += whole - text.size();
    return text;
  }
  // What is escaped takes more room than it says, so once may not do.
  for (int i = 0; i < 4 && text.size() > limit && cut_texts(v, text.size() - limit); ++i) {
    text = attribute_text(v);
  }
  if (text.size() > limit && v.is_array() && !v.get_array().empty()) {
    drop_oldest(v.get_array(), limit);
    text = attribute_text(v);
  }
  if (text.size() > limit) text = json::write_text(json::value(mark(0, text)));
  cut += whole > text.size() ? whole - text.size() : 0;
  return text;
}

}  // namespace skein::telemetry
