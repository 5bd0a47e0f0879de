#include "otlp/http_sender.hpp"

#include <algorithm>
#include <format>
#include <random>
#include <stdexcept>
#include <utility>
#include <zlib.h>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/core/version.hpp>

namespace skein::otlp {

using std::chrono::milliseconds;
using telemetry::otlp_config;

namespace {

constexpr std::size_t most_of_an_answer = std::size_t{64} << 10;
constexpr milliseconds first_pause(500);
constexpr milliseconds longest_pause(5000);

struct curl_library {
  curl_library() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

std::string gzip(const std::string& plain) {
  z_stream z{};
  constexpr int with_gzip_header = 15 + 16;
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, with_gzip_header, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib could not start");
  }
  std::string out(deflateBound(&z, plain.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (end != Z_STREAM_END) throw std::runtime_error("zlib could not finish");
  return out;
}

extern "C" std::size_t keep_body(char* data, std::size_t, std::size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(data, std::min(size, most_of_an_answer - std::min(body.size(), most_of_an_answer)));
  return size;
}

bool worth_another_try(long status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

http_sender::http_sender(otlp_config config)
    : config_(std::move(config)),
      format_(config_.protocol == telemetry::otlp_protocol::http_json ? wire_format::json
                                                                      : wire_format::protobuf) {
  static const curl_library loaded;
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (multi_ == nullptr || easy_ == nullptr) throw std::bad_alloc();
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  auto header = [&](const std::string& line) {
    auto* longer = curl_slist_append(headers_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    headers_ = longer;
  };
  header(format_ == wire_format::json ? "Content-Type: application/json"
                                      : "Content-Type: application/x-protobuf");
  header("Expect:");
  if (config_.compressed == otlp_config::compression::gzip) header("Content-Encoding: gzip");
  for (const auto& [key, value] : config_.headers) {
    header(value.empty() ? key + ";" : key + ": " + value);
  }
  set(CURLOPT_URL, config_.url.c_str());
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_USERAGENT, std::format("skein-otlp/{}", version).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_WRITEFUNCTION, keep_body);
  set(CURLOPT_NOSIGNAL, 1L);
  if (!config_.certificate_file.empty()) set(CURLOPT_CAINFO, config_.certificate_file.c_str());
  if (!config_.client_key_file.empty()) set(CURLOPT_SSLKEY, config_.client_key_file.c_str());
  if (!config_.client_certificate_file.empty()) {
    set(CURLOPT_SSLCERT, config_.client_certificate_file.c_str());
  }
}

http_sender::~http_sender() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

void http_sender::end_by(clock::time_point deadline) noexcept {
  end_by_.store(deadline);
  curl_multi_wakeup(multi_);
}

http_sender::clock::time_point http_sender::limit(clock::time_point deadline) const noexcept {
  return std::min(deadline, end_by_.load());
}

bool http_sender::pause(clock::time_point until, clock::time_point deadline) {
  while (true) {
    const auto now = clock::now();
    if (now >= until) return true;
    if (until >= limit(deadline)) return false;  // the wait would be for nothing
    const auto left = std::chrono::ceil<milliseconds>(until - now);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(left.count()), nullptr);
  }
}

http_sender::answer http_sender::post(const std::string& body, clock::time_point deadline) {
  answer a;
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &a.body);
  curl_multi_add_handle(multi_, easy_);
  int running = 1;
  while (running > 0) {
    const auto now = clock::now();
    if (now >= limit(deadline)) break;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) break;
    if (running == 0) break;
    const auto left = std::min<clock::duration>(limit(deadline) - now, std::chrono::seconds(60));
    curl_multi_poll(multi_, nullptr, 0,
                    static_cast<int>(std::chrono::ceil<milliseconds>(left).count()), nullptr);
  }
  a.timed_out = running > 0;
  if (a.timed_out) a.why = "no answer in time";
  int queued = 0;
  while (auto* m = curl_multi_info_read(multi_, &queued)) {
    if (m->msg != CURLMSG_DONE) continue;
    if (m->data.result == CURLE_OK) {
      curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &a.status);
    } else {
      a.why = curl_easy_strerror(m->data.result);
    }
  }
  curl_off_t seconds = 0;
  if (a.status != 0 && curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK &&
      seconds > 0) {
    a.retry_after = std::chrono::seconds(std::min<curl_off_t>(seconds, 3600));
  }
  curl_multi_remove_handle(multi_, easy_);
  return a;
}

http_sender::answer http_sender::try_once(const std::string& body, clock::time_point deadline) {
  using kind = answer::kind;
  const bool packed = config_.compressed == otlp_config::compression::gzip;
  auto a = post(packed ? gzip(body) : body, deadline);
  if (a.status == 0) return a;
  if (a.status >= 200 && a.status < 300) {
    a.outcome = kind::accepted;
    return a;
  }
  a.outcome = worth_another_try(a.status) ? kind::busy : kind::refused;
  a.why = std::format("the collector answered {}", a.status);
  if (auto said = status_message(a.body, format_); !said.empty()) a.why += ": " + said;
  return a;
}

http_sender::answer http_sender::send(const std::string& body, clock::time_point deadline) {
  using kind = answer::kind;
  std::optional<std::minstd_rand> random;  // costs a system call: not for what succeeds
  auto longest = first_pause;
  while (true) {
    auto a = try_once(body, deadline);
    if (a.outcome == kind::accepted || a.outcome == kind::refused || a.timed_out) return a;
    if (!random) random.emplace(std::random_device{}());
    std::uniform_int_distribution<milliseconds::rep> some(longest.count() / 2, longest.count());
    const auto wait = a.retry_after.value_or(milliseconds(some(*random)));
    longest = std::min(longest * 2, longest_pause);
    if (!pause(clock::now() + wait, deadline)) return a;
  }
}

}  // namespace skein::otlp
