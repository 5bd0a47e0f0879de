#include <charconv>
#include <cstring>
#include <limits>
#include <system_error>

#include <skein/http/sse.hpp>

namespace skein::http {

namespace {
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::uint8_t bom_done = 0xFF;
}  // namespace

std::string_view name_of(sse_error e) noexcept {
  switch (e) {
    case sse_error::none:
      return "none";
    case sse_error::line_too_long:
      return "line_too_long";
    case sse_error::event_too_long:
      return "event_too_long";
  }
  return "none";
}

void sse_decoder::value::set(std::string_view bytes, bool borrowed) {
  in_chunk = borrowed;
  if (borrowed) {
    view = bytes;
  } else {
    kept.assign(bytes);
  }
}

void sse_decoder::value::keep() {
  if (!in_chunk) return;
  kept.assign(view);
  in_chunk = false;
}

void sse_decoder::value::clear() noexcept {
  in_chunk = false;
  kept.clear();
}

void sse_decoder::feed(std::string_view chunk) {
  if (error_ != sse_error::none) return;
  if (dispatched_) clear_event();
  if (pos_ < chunk_.size()) {
    // Rare: unread bytes of the previous chunk. Both become one chunk of our own.
    std::string joined(chunk_.substr(pos_));
    joined.append(chunk);
    type_.keep();
    data_.keep();
    unread_.swap(joined);
    chunk = unread_;
  }
  chunk_ = chunk;
  pos_ = 0;
  next_lf_ = 0;
  lf_known_ = false;
}

std::optional<sse_event_view> sse_decoder::next() {
  if (dispatched_) clear_event();
  if (error_ != sse_error::none) return std::nullopt;
  while (skip_prefix()) {
    const std::size_t end = line_end();
    if (end == chunk_.size()) break;
    std::string_view line = chunk_.substr(pos_, end - pos_);
    skip_lf_ = chunk_[end] == '\r';
    pos_ = end + 1;
    if (partial_line_.size() + line.size() > limits_.line) {
      fail(sse_error::line_too_long);
      return std::nullopt;
    }
    if (!partial_line_.empty()) {
      partial_line_.append(line);
      field(partial_line_, false);
      partial_line_.clear();
    } else if (!line.empty()) {
      field(line, true);
    } else if (auto event = dispatch()) {
      return event;
    }
    if (error_ != sse_error::none) return std::nullopt;
  }
  keep_rest();
  return std::nullopt;
}

std::optional<sse_event_view> sse_decoder::finish() {
  if (dispatched_) clear_event();
  if (error_ != sse_error::none) return std::nullopt;
  if (!partial_line_.empty()) {
    field(partial_line_, false);
    partial_line_.clear();
    if (error_ != sse_error::none) return std::nullopt;
  }
  return dispatch();
}

bool sse_decoder::pending() const noexcept {
  if (error_ != sse_error::none || dispatched_) return false;
  const bool half_a_mark = bom_bytes_ != 0 && bom_bytes_ != bom_done;
  return data_lines_ != 0 || !partial_line_.empty() || pos_ < chunk_.size() || half_a_mark;
}

// Past the byte order mark and the LF of a CRLF that was cut; false: nothing is left in the chunk.
bool sse_decoder::skip_prefix() {
  if (bom_bytes_ != bom_done) [[unlikely]] {
    while (pos_ < chunk_.size() && bom_bytes_ < byte_order_mark.size() &&
           chunk_[pos_] == byte_order_mark[bom_bytes_]) {
      ++pos_;
      ++bom_bytes_;
    }
    if (bom_bytes_ == byte_order_mark.size()) {
      bom_bytes_ = bom_done;
    } else if (pos_ < chunk_.size()) {
      partial_line_.assign(byte_order_mark.substr(0, bom_bytes_));
      bom_bytes_ = bom_done;
    }
  }
  if (pos_ == chunk_.size()) return false;
  if (skip_lf_) {
    skip_lf_ = false;
    if (chunk_[pos_] == '\n') ++pos_;
  }
  return pos_ < chunk_.size();
}

// The position of the next CR or LF, or the size of the chunk. The next LF is remembered, so that a
// stream of CR line ends does not search the whole chunk for each line.
std::size_t sse_decoder::line_end() {
  const char* bytes = chunk_.data();
  if (!lf_known_ || next_lf_ < pos_) {
    const void* lf = std::memchr(bytes + pos_, '\n', chunk_.size() - pos_);
    next_lf_ = lf ? static_cast<std::size_t>(static_cast<const char*>(lf) - bytes) : chunk_.size();
    lf_known_ = true;
  }
  if (next_lf_ == pos_) return pos_;
  const void* cr = std::memchr(bytes + pos_, '\r', next_lf_ - pos_);
  return cr ? static_cast<std::size_t>(static_cast<const char*>(cr) - bytes) : next_lf_;
}

void sse_decoder::field(std::string_view line, bool borrowed) {
  if (line.starts_with("data:")) [[likely]] {
    line.remove_prefix(line.size() > 5 && line[5] == ' ' ? 6 : 5);
    add_data(line, borrowed);
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);  // empty for a comment
  std::string_view rest;
  if (colon != std::string_view::npos) {
    rest = line.substr(colon + 1);
    if (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  if (name == "data") {
    add_data(rest, borrowed);
  } else if (name == "event") {
    type_.set(rest, borrowed);
  } else if (name == "id") {
    if (rest.find('\0') != std::string_view::npos) return;
    id_.assign(rest);
    id_changed_ = true;
  } else if (name == "retry") {
    set_retry(rest);
  }
}

void sse_decoder::add_data(std::string_view bytes, bool borrowed) {
  const std::size_t so_far = data_lines_ == 0 ? 0 : data_.get().size() + 1;
  if (so_far + bytes.size() > limits_.event) {
    fail(sse_error::event_too_long);
    return;
  }
  if (data_lines_++ == 0) {
    data_.set(bytes, borrowed);
    return;
  }
  data_.keep();
  data_.kept.push_back('\n');
  data_.kept.append(bytes);
}

void sse_decoder::set_retry(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return;
  std::int64_t milliseconds = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds);
  if (parsed.ec == std::errc::result_out_of_range) {
    milliseconds = std::numeric_limits<std::int64_t>::max();
  }
  retry_ = std::chrono::milliseconds(milliseconds);
}

std::optional<sse_event_view> sse_decoder::dispatch() {
  if (id_changed_) {
    last_id_.assign(id_);
    id_changed_ = false;
  }
  if (data_lines_ == 0) {
    type_.clear();
    return std::nullopt;
  }
  dispatched_ = true;
  return sse_event_view{.type = type_.get(), .data = data_.get(), .id = last_id_};
}

// The chunk is used up: what belongs to unfinished lines and events moves to our own buffers.
void sse_decoder::keep_rest() {
  if (pos_ < chunk_.size()) {
    if (partial_line_.size() + chunk_.size() - pos_ > limits_.line) {
      fail(sse_error::line_too_long);
      return;
    }
    partial_line_.append(chunk_.substr(pos_));
  }
  type_.keep();
  data_.keep();
  chunk_ = {};
  pos_ = 0;
  lf_known_ = false;
}

void sse_decoder::fail(sse_error why) noexcept {
  error_ = why;
  chunk_ = {};
  pos_ = 0;
  clear_event();
}

void sse_decoder::clear_event() noexcept {
  dispatched_ = false;
  data_lines_ = 0;
  data_.clear();
  type_.clear();
}

}  // namespace skein::http
