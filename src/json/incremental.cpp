#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

#include <skein/json/incremental.hpp>

namespace skein::json {
namespace {

// What Boost's parser reports becomes a tree that is whole at every moment. The containers on the
// way to the place of reading, and a string that grows there, are open; everything else is
// complete. Only the innermost of them grows, so the addresses of the others hold.
class growing {
 public:
  static constexpr std::size_t max_object_size = object::max_size();
  static constexpr std::size_t max_array_size = array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using error_code = boost::system::error_code;
  using text = boost::json::string_view;

  std::optional<value> root;
  std::vector<value*> open;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return begin(object()); }
  bool on_object_end(std::size_t, error_code&) { return end(); }
  bool on_array_begin(error_code&) { return begin(array()); }
  bool on_array_end(std::size_t, error_code&) { return end(); }
  bool on_key_part(text part, std::size_t, error_code&) {
    key_ += part;
    return true;
  }
  bool on_key(text part, std::size_t, error_code&) {
    key_ += part;
    return true;
  }
  bool on_string_part(text part, std::size_t, error_code&) {
    if (!in_string_) in_string_ = begin(json::string());
    open.back()->get_string().append(part);
    return true;
  }
  bool on_string(text part, std::size_t, error_code&) {
    if (!in_string_) return add(json::string(part));
    open.back()->get_string().append(part);
    in_string_ = false;
    return end();
  }
  bool on_number_part(text, error_code&) { return true; }
  bool on_int64(std::int64_t number, text, error_code&) { return add(number); }
  bool on_uint64(std::uint64_t number, text, error_code&) { return add(number); }
  bool on_double(double number, text, error_code&) { return add(number); }
  bool on_bool(bool truth, error_code&) { return add(truth); }
  bool on_null(error_code&) { return add(nullptr); }
  bool on_comment_part(text, error_code&) { return true; }
  bool on_comment(text, error_code&) { return true; }

 private:
  value& place(value&& v) {
    if (open.empty()) return root.emplace(std::move(v));
    if (auto* elements = open.back()->if_array()) return elements->emplace_back(std::move(v));
    value& member = open.back()->get_object().insert_or_assign(key_, std::move(v)).first->value();
    key_.clear();
    return member;
  }
  bool add(value&& v) {
    place(std::move(v));
    return true;
  }
  bool begin(value&& v) {
    open.push_back(&place(std::move(v)));
    return true;
  }
  bool end() {
    open.pop_back();
    return true;
  }

  std::string key_;
  bool in_string_ = false;
};

boost::json::parse_options within(const parse_limits& limits) {
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  options.numbers = boost::json::number_precision::precise;
  return options;
}

}  // namespace

struct incremental::state {
  state(const parse_limits& within_limits, surroundings what)
      : parser(within(within_limits)),
        max_bytes(within_limits.max_bytes),
        around(what),
        searching(what == surroundings::prose) {}

  boost::json::basic_parser<growing> parser;
  std::size_t max_bytes;
  surroundings around;
  bool searching;  // for the `{`
  bool done = false;
  bool ended = false;
  std::size_t taken = 0;
  std::optional<parse_failure> failure;

  void fail(std::string message) { failure = parse_failure{taken, std::move(message)}; }

  // What is left of the piece after what stands before the value.
  std::string_view found(std::string_view piece) {
    const std::size_t at = std::min(piece.find('{'), piece.size());
    taken += at;
    searching = at == piece.size();
    return piece.substr(at);
  }

  void read(std::string_view piece) {
    boost::system::error_code code;
    const std::size_t read = parser.write_some(true, piece.data(), piece.size(), code);
    taken += read;
    if (code) return fail(code.message());
    done = parser.done();
    if (read == piece.size() || around == surroundings::prose) return;
    fail(boost::json::make_error_code(boost::json::error::extra_data).message());
  }
};

incremental::incremental(const parse_limits& limits, surroundings around)
    : state_(std::make_unique<state>(limits, around)) {}
incremental::incremental(incremental&&) noexcept = default;
incremental& incremental::operator=(incremental&&) noexcept = default;
incremental::~incremental() = default;

void incremental::feed(std::string_view piece) {
  state& s = *state_;
  if (s.failure) return;
  if (s.done && s.around == surroundings::prose) return;
  const bool too_long = piece.size() > s.max_bytes - s.taken;
  if (too_long) piece = piece.substr(0, s.max_bytes - s.taken);
  if (s.searching) piece = s.found(piece);
  if (!piece.empty()) s.read(piece);
  if (too_long && !s.failure && !(s.done && s.around == surroundings::prose)) {
    s.fail("longer than the limit of " + std::to_string(s.max_bytes) + " bytes");
  }
}

void incremental::finish() {
  state& s = *state_;
  if (s.failure || std::exchange(s.ended, true)) return;
  if (s.searching) return s.fail("there is no JSON object in the text");
  if (s.done && s.around == surroundings::prose) return;
  boost::system::error_code code;
  s.parser.write_some(false, nullptr, 0, code);
  if (code) return s.fail(code.message());
  s.done = true;
}

const value* incremental::root() const noexcept {
  const auto& root = state_->parser.handler().root;
  return root ? &*root : nullptr;
}

bool incremental::complete(const value& part) const noexcept {
  for (const value* open : state_->parser.handler().open) {
    if (open == &part) return false;
  }
  return true;
}

const std::optional<parse_failure>& incremental::failure() const noexcept {
  return state_->failure;
}

}  // namespace skein::json
