#include "providers/replay/cassette.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <fstream>
#include <iterator>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/json/base64.hpp>
#include <skein/json/reflect.hpp>
#include <skein/json/text.hpp>

#include "providers/replay/cassette_line.hpp"

namespace skein::replay::detail {

namespace {

double milliseconds_of(since_sent at) { return static_cast<double>(at.count()) / 1000; }
since_sent since_sent_of(double ms) {
  constexpr double most = 1e12;  // which microseconds in a double still tell apart
  if (ms < 0 || ms > most) throw schema_error("ms", "this is no time since the request was sent");
  return since_sent(std::llround(ms * 1000));
}

std::string text_of(const cassette_line& line) {
  return json::write_text(json::to_json(line)) + '\n';
}

void put_bytes(cassette_line& to, std::string_view bytes) {
  if (json::valid_utf8(bytes) == bytes) {
    to.text = bytes;
  } else {
    json::append_base64(to.base64.emplace(), bytes);
  }
}

std::vector<std::string> header_lines(const http::header_list& headers) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : headers) lines.push_back(name + ": " + value);
  return lines;
}

http::header_list headers_of(const cassette_line& from) {
  http::header_list headers;
  if (!from.headers) return headers;
  for (const auto& line : *from.headers) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) throw schema_error("headers", "'" + line + "' is no header");
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return headers;
}

int status_of(int status) {
  if (status < 100 || status > 999) {
    throw schema_error("status", std::format("{} is no HTTP status", status));
  }
  return status;
}

std::string bytes_of(const cassette_line& line) {
  if (line.json) return json::write_text(*line.json);
  if (line.text) return *line.text;
  if (!line.base64) return {};
  auto bytes = json::from_base64(*line.base64);
  if (!bytes) throw schema_error("base64", "this is not base64");
  return *std::move(bytes);
}

constexpr std::string_view name_of(ending e) {
  return e == ending::complete ? "complete" : e == ending::failed ? "failed" : "left";
}

ending ending_named(std::string_view name) {
  for (const auto e : {ending::complete, ending::failed, ending::left}) {
    if (name_of(e) == name) return e;
  }
  throw schema_error("end", std::format("'{}' is not complete, failed or left", name));
}

// Puts exchanges together, line by line.
class cassette_reader {
 public:
  explicit cassette_reader(std::string file) : file_(std::move(file)) {}

  void read(std::string_view text) {
    ++number_;
    try {
      auto value = json::parse_text(text, {.max_depth = 80});
      if (!value) throw schema_error("the line", value.error().message);
      auto line = json::decode<cassette_line>(*value);
      if (number_ == 1) return read_first(line);
      add(std::move(line));
    } catch (const schema_error& e) {
      throw schema_error(std::format("{}:{}", file_, number_), e.what());
    }
  }

  std::vector<recorded_exchange> take() && {
    if (number_ == 0) throw schema_error(file_, "it is empty, and so no cassette");
    std::ranges::stable_sort(all_, {}, &recorded_exchange::number);
    return std::move(all_);
  }

 private:
  static void read_first(const cassette_line& line) {
    if (!line.cassette) {
      throw schema_error("the file", "it is no cassette: its first line is not {\"cassette\":1}");
    }
    if (*line.cassette != 1) {
      throw schema_error("cassette",
                         std::format("version {} is not known; record it again", *line.cassette));
    }
  }

  void add(cassette_line line) {
    if (line.exchange) {
      open_ = true;
      all_.push_back({.number = *line.exchange,
                      .request = {.method = line.method.value_or("POST"),
                                  .url = line.url.value_or(""),
                                  .headers = headers_of(line),
                                  .body = bytes_of(line)},
                      .line = number_});
      return;
    }
    if (!open_) throw schema_error("the line", "it belongs to no exchange");
    if (!line.ms) throw schema_error("ms", "it is missing");
    auto& e = all_.back();
    e.end_at = since_sent_of(*line.ms);
    if (line.end) {
      open_ = false;
      e.end = ending_named(*line.end);
      if (line.error) e.error = {line.error->kind, line.error->code, line.error->message};
    } else if (line.status) {
      e.head_at = e.end_at;
      e.head = {.status = status_of(*line.status),
                .headers = headers_of(line),
                .http_version = line.http.value_or("")};
    } else if (e.head) {
      e.pieces.push_back({e.end_at, bytes_of(line)});
    } else {
      throw schema_error("status", "the head of the answer is missing before its body");
    }
  }

  std::string file_;
  std::size_t number_ = 0;
  bool open_ = false;
  std::vector<recorded_exchange> all_;
};

}  // namespace

std::optional<json::value> json_body(std::string_view body) {
  auto value = json::parse_text(body);
  if (!value || (!value->is_object() && !value->is_array())) return std::nullopt;
  return *std::move(value);
}

std::string lines_of(const recorded_exchange& e) {
  cassette_line request{.exchange = e.number,
                        .method = e.request.method,
                        .url = e.request.url,
                        .headers = header_lines(e.request.headers)};
  request.json = json_body(e.request.body);
  if (!request.json && !e.request.body.empty()) put_bytes(request, e.request.body);
  auto out = text_of(request);
  if (e.head) {
    out += text_of({.ms = milliseconds_of(e.head_at),
                    .status = e.head->status,
                    .http = e.head->http_version,
                    .headers = header_lines(e.head->headers)});
  }
  for (const auto& piece : e.pieces) {
    cassette_line line{.ms = milliseconds_of(piece.at)};
    put_bytes(line, piece.bytes);
    out += text_of(line);
  }
  cassette_line end{.ms = milliseconds_of(e.end_at), .end = std::string(name_of(e.end))};
  if (e.end == ending::failed) end.error = {e.error.kind, e.error.code, e.error.message};
  return out + text_of(end);
}

std::vector<recorded_exchange> cassette_of(std::string_view text, std::string file) {
  cassette_reader reader(std::move(file));
  // What is behind the last line end, a crash has cut.
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    reader.read(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return std::move(reader).take();
}

std::vector<recorded_exchange> read_cassette(const std::filesystem::path& file) {
  std::ifstream in;
  if (!std::filesystem::is_directory(file)) in.open(file, std::ios::binary);
  if (!in.is_open()) {
    throw usage_error(std::format(
        "replay: {} cannot be read; record it first, e.g. with skein run --record", file.string()));
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return cassette_of(text, file.string());
}

}  // namespace skein::replay::detail
