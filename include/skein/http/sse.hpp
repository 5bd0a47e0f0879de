// Server-sent events: bytes in, events out, no I/O.
//
// The grammar is WHATWG HTML, "Parsing an event stream" and "Interpreting an event stream": a
// leading UTF-8 byte order mark is skipped; lines end in LF, CR or CRLF; `:` starts a comment; one
// space after the colon is dropped; several `data` lines are joined by LF; `id` with a NUL and
// `retry` that is not all digits are ignored; an event is dispatched by a blank line only, and only
// if it has data. Bytes are not checked to be UTF-8: that is for the reader of the data.
//
// Where servers bend the rules, this is what happens, so that the codec above can decide:
//   `data: : keepalive`          an event whose data is `: keepalive`
//   `data:` and a blank line     an event with empty data
//   a body that ends without     not dispatched by next(); pending() is true, and finish() yields
//   the the last blank line          event if the caller wants it unknown and misspelt fields
//   ignored, as the standard says
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skein::http {

// Valid until the next call of feed, next or finish.
struct sse_event_view {
  std::string_view type;  // empty: the default, "message"
  std::string_view data;
  std::string_view id;  // the last event id of the stream so far, this event included
};

struct sse_limits {
  std::size_t line = std::size_t{16} << 20;   // bytes of one line, without its end
  std::size_t event = std::size_t{16} << 20;  // bytes of the data of one event
};

enum class sse_error : std::uint8_t { none, line_too_long, event_too_long };
[[nodiscard]] std::string_view name_of(sse_error e) noexcept;

// Pull style: feed() a chunk, then call next() until it returns nothing, then feed the next chunk.
// How the bytes are cut into chunks never changes the events. An event that lies whole within one
// chunk is a view into it: nothing is copied or allocated. Others go through a buffer that is
// reused. Cost is linear in the bytes, whatever the line ends and chunks.
class sse_decoder {
 public:
  explicit sse_decoder(sse_limits limits = {}) noexcept : limits_(limits) {}

  // The bytes are borrowed until next() has returned nothing. Feeding earlier is allowed while the
  // previous chunk is still alive.
  void feed(std::string_view chunk);

  // Nothing: more bytes are needed, or error() says why there will never be another event.
  [[nodiscard]] std::optional<sse_event_view> next();

  // The body ended, and the caller accepts an event that no blank line closed: treats what is left
  // as ended and yields its event, if it has data. Call it once, after next() has returned nothing.
  // Who follows the standard does not call it: such an event is discarded.
  [[nodiscard]] std::optional<sse_event_view> finish();

  // After next() has returned nothing: there are bytes of an unfinished line, or data without the
  // blank line. At the end of a body it says that the last event was cut.
  [[nodiscard]] bool pending() const noexcept;

  // A limit was passed. Final: the rest of the stream is not read.
  [[nodiscard]] sse_error error() const noexcept { return error_; }

  // For Last-Event-ID on a reconnection, and the server's wish for the delay before it.
  [[nodiscard]] std::string_view last_event_id() const noexcept { return last_id_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

 private:
  // Where the bytes of a value live: in the chunk as long as it is there, else in `kept`.
  struct value {
    std::string_view view;
    std::string kept;
    bool in_chunk = false;

    void set(std::string_view bytes, bool borrowed);
    void keep();
    [[nodiscard]] std::string_view get() const noexcept { return in_chunk ? view : kept; }
    void clear() noexcept;
  };

  [[nodiscard]] bool skip_prefix();
  [[nodiscard]] std::size_t line_end();
  void field(std::string_view line, bool borrowed);
  void add_data(std::string_view bytes, bool borrowed);
  void set_retry(std::string_view digits);
  [[nodiscard]] std::optional<sse_event_view> dispatch();
  void keep_rest();
  void fail(sse_error why) noexcept;
  void clear_event() noexcept;

  sse_limits limits_;
  std::string_view chunk_;
  std::size_t pos_ = 0;       // the next byte of chunk_
  std::size_t next_lf_ = 0;   // of chunk_, its size if there is none; stale if before pos_
  std::string partial_line_;  // from earlier chunks
  std::string unread_;        // of a chunk that was fed too early
  value data_;
  value type_;
  std::size_t data_lines_ = 0;
  std::string id_;
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
  std::uint8_t bom_bytes_ = 0;  // matched so far; bom_done: past it
  bool skip_lf_ = false;        // the last line ended in CR
  bool lf_known_ = false;
  bool id_changed_ = false;
  bool dispatched_ = false;
  sse_error error_ = sse_error::none;
};

}  // namespace skein::http
