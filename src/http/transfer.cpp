#include "http/transfer.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <tuple>
#include <utility>

#include "core/ascii.hpp"
#include "http/failure.hpp"
#include "http/reach.hpp"
#include "platform/descriptor.hpp"

namespace skein::http::detail {

using std::chrono::milliseconds;

namespace {

[[noreturn]] void unusable(const std::string& what) { throw usage_error("http request: " + what); }

bool is_token(std::string_view s) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !s.empty() && std::ranges::all_of(s, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.contains(c);
  });
}

std::string_view without_blanks(std::string_view s) { return skein::detail::trimmed(s, " \t\r\n"); }

void check(const request& r) {
  if (!is_token(r.method)) unusable("its method is no HTTP token. Give one such as POST.");
  for (const auto& [name, value] : r.headers) {
    if (!is_token(name)) unusable(std::format("the header name \"{}\" is no HTTP token", name));
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      unusable(std::format("the value of header {} holds a line end or a NUL. Remove it.", name));
    }
  }
}

}  // namespace

target::target(const std::string& url) : url_(curl_url()) {
  if (auto code = curl_url_set(url_.get(), CURLUPART_URL, url.c_str(), 0); code != CURLUE_OK) {
    unusable(std::format("its URL cannot be used: {}. Give one such as https://host/path.",
                         curl_url_strerror(code)));
  }
  auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url_.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
      return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  const auto scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    unusable(std::format("its URL has the scheme {}. Give an http or https URL.", scheme));
  }
  secure_ = scheme == "https";
  where_ = part(CURLUPART_HOST) + ":" + part(CURLUPART_PORT);
}

std::shared_ptr<engine> client_state::engine_for(runtime& rt) {
  std::lock_guard lock(mutex);
  if (closed)
    throw usage_error("http client: an exchange was awaited after its client was destroyed");
  std::erase_if(engines, [](const auto& e) { return e->closed(); });
  for (const auto& e : engines) {
    if (e->serves(rt)) return e;
  }
  return engines.emplace_back(engine::make(rt, options));
}

void client_state::close() noexcept {
  std::vector<std::shared_ptr<engine>> open;
  {
    std::lock_guard lock(mutex);
    closed = true;
    open = std::move(engines);
  }
  for (const auto& e : open) e->close(engine::ending::client_gone);
}

transfer::transfer(std::shared_ptr<client_state> client, request r)
    : client_(std::move(client)), request_(std::move(r)), target_(request_.url) {
  check(request_);
}

transfer* transfer::of(CURL* easy) noexcept {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return reinterpret_cast<transfer*>(self);
}

void transfer::start_on(runtime& rt) {
  if (engine_) {
    if (engine_->serves(rt) || engine_->closed()) return;
    throw usage_error(where() +
                      ": an exchange was awaited on another runtime than the one it started "
                      "on. Read it where it was sent.");
  }
  if (closed_) return;
  auto on = client_->engine_for(rt);
  auto lock = on->lock();
  if (on->closed())
    throw usage_error(where() + ": the client was destroyed when an exchange started");
  engine_ = on;
  try {
    set_up();
    engine_->add(*this);
  } catch (const std::exception&) {
    easy_.reset();
    engine_.reset();
    throw;
  }
  active_ = true;
  arriving_ = engine_->buffer();
  handed_out_ = engine_->buffer();
  started_ = clock::now();
  enter(client_->options.max_connections_per_host != 0 ? phase::queued : phase::connecting,
        started_);
}

void transfer::set_up() {
  const auto& options = client_->options;
  easy_.reset(curl_easy_init());
  if (!easy_) throw std::bad_alloc();
  auto* e = easy_.get();
  auto set = [e](CURLoption option, auto value) {
    if (auto code = curl_easy_setopt(e, option, value); code != CURLE_OK) {
      throw usage_error(std::format("http client: libcurl refuses option {}: {}",
                                    static_cast<int>(option), curl_easy_strerror(code)));
    }
  };
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, said_.data());
  set(CURLOPT_CURLU, target_.url());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  // Each exchange holds this much until its end, though it is for sending only: curl's least.
  set(CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
  // A cancelled exchange leaves the system's resolver to finish by itself.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (options.proxy) set(CURLOPT_PROXY, options.proxy->c_str());
  if (options.reach == reach::public_addresses) {
    set(CURLOPT_PROXY, "");
    set(
        CURLOPT_OPENSOCKETFUNCTION,
        +[](void* self, curlsocktype, struct curl_sockaddr* to) noexcept {
          return static_cast<transfer*>(self)->open_socket(*to);
        });
    set(CURLOPT_OPENSOCKETDATA, this);
  }
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  const bool two = options.http2 == http2::negotiate;
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(two ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // A burst of exchanges first learns whether one connection will do.
  if (two && target_.secure()) set(CURLOPT_PIPEWAIT, 1L);

  // Curl would count the time in its queue.
  const bool queues = options.max_connections_per_host != 0;
  const auto connect = options.timeouts.connect.count();
  constexpr long far = 1'000'000'000;
  set(CURLOPT_CONNECTTIMEOUT_MS, queues || connect == 0 ? far : static_cast<long>(connect));

  set(
      CURLOPT_WRITEFUNCTION, +[](char* p, std::size_t, std::size_t n, void* self) noexcept {
        return static_cast<transfer*>(self)->on_body({p, n});
      });
  set(CURLOPT_WRITEDATA, this);
  set(
      CURLOPT_HEADERFUNCTION, +[](char* p, std::size_t, std::size_t n, void* self) noexcept {
        return static_cast<transfer*>(self)->on_header({p, n}) ? n : CURL_WRITEFUNC_ERROR;
      });
  set(CURLOPT_HEADERDATA, this);
  set(
      CURLOPT_RESOLVER_START_FUNCTION, +[](void*, void*, void* self) noexcept {
        static_cast<transfer*>(self)->connecting();
        return 0;
      });
  set(CURLOPT_RESOLVER_START_DATA, this);
  set(
      CURLOPT_SOCKOPTFUNCTION, +[](void* self, curl_socket_t fd, curlsocktype) noexcept {
        auto& t = *static_cast<transfer*>(self);
        t.connecting();
        t.engine_->socket_opened();
        platform::keep_from_children(fd);
        return CURL_SOCKOPT_OK;
      });
  set(CURLOPT_SOCKOPTDATA, this);
  set(
      CURLOPT_PREREQFUNCTION, +[](void* self, char*, char*, int, int) noexcept {
        auto& t = *static_cast<transfer*>(self);
        t.enter(phase::asked, clock::now());
        return CURL_PREREQFUNC_OK;
      });
  set(CURLOPT_PREREQDATA, this);
  // The connection keeps this one, and outlives the transfer.
  set(
      CURLOPT_CLOSESOCKETFUNCTION, +[](void* self, curl_socket_t fd) noexcept {
        static_cast<engine*>(self)->socket_closed(fd);
        return 0;
      });
  set(CURLOPT_CLOSESOCKETDATA, engine_.get());
  set_method();
  set_headers();
}

void transfer::set_method() {
  auto* e = easy_.get();
  if (request_.method == "HEAD") {
    curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
  } else if (request_.body.empty() && request_.method != "POST" && request_.method != "PUT" &&
             request_.method != "PATCH") {
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else {
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, request_.body.c_str());
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

void transfer::set_headers() {
  auto add = [this](const std::string& line) {
    auto* longer = curl_slist_append(header_lines_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    std::ignore = header_lines_.release();
    header_lines_.reset(longer);
  };
  // To curl, "Name:" takes a header away, and "Name;" sends an empty one.
  for (const auto& [name, value] : request_.headers) {
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!find_header(request_.headers, "accept-encoding")) add("Accept-Encoding: identity");
  if (!find_header(request_.headers, "content-type")) add("Content-Type:");
  add("Expect:");
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, header_lines_.get());
}

curl_socket_t transfer::open_socket(const curl_sockaddr& to) noexcept {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&to.addr);
  try {
    auto address = address_in({bytes, to.addrlen});
    if (!may_reach(address, client_->options.also_reachable)) {
      refused_ = std::move(address);
      return CURL_SOCKET_BAD;
    }
  } catch (const std::exception&) {
    return CURL_SOCKET_BAD;
  }
  return platform::open_socket(to.family, to.socktype, to.protocol);
}

void transfer::connecting() {
  if (phase_ != phase::queued) return;
  const auto now = clock::now();
  enter(phase::connecting, now);
  const auto allowed = client_->options.timeouts.connect;
  if (allowed == milliseconds::zero()) return;
  const auto until = std::chrono::ceil<milliseconds>(now - started_) + allowed;
  curl_easy_setopt(easy_.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(until.count()));
}

void transfer::enter(phase p, clock::time_point now) {
  phase_ = p;
  touch(now);
  if (auto due = deadline(); due != engine::never) engine_->look_at(due);
}

void transfer::touch(clock::time_point now) noexcept {
  since_ = std::max(since_, now);  // a callback outside a handler has an old tick
  looked_ = false;
}

transfer::clock::time_point transfer::deadline() const noexcept {
  const auto& allowed = client_->options.timeouts;
  auto due = engine::never;
  auto by = [&](clock::time_point from, milliseconds d) {
    if (d > milliseconds::zero()) due = std::min(due, from + d);
  };
  by(started_, allowed.total);
  if (phase_ == phase::connecting) by(since_, allowed.connect);
  if (phase_ == phase::asked) by(since_, allowed.first_byte);
  if (phase_ == phase::answering && !paused_) by(since_, allowed.idle);
  return due;
}

void transfer::time_out() { fail(lateness()); }

std::exception_ptr transfer::lateness() const {
  const auto& allowed = client_->options.timeouts;
  if (allowed.total > milliseconds::zero() && started_ + allowed.total <= engine_->tick()) {
    return timed_out("total", allowed.total, where(), "the exchange did not end");
  }
  if (phase_ == phase::asked) {
    return timed_out("first_byte", allowed.first_byte, where(),
                     "the server did not begin to answer");
  }
  if (phase_ == phase::answering) {
    return timed_out("idle", allowed.idle, where(), "nothing more of the answer came");
  }
  return timed_out("connect", allowed.connect, where(), "no connection was made");
}

bool transfer::on_header(std::string_view line) {
  if (head_done_) return true;  // a trailer
  touch(engine_->tick());
  if (phase_ != phase::answering) enter(phase::answering, engine_->tick());
  header_bytes_ += line.size();
  const auto& limits = client_->options.limits;
  if (header_bytes_ > limits.header_bytes) {
    refuse(beyond_limit("header_bytes", limits.header_bytes, where(), "the response's head grew"));
  } else {
    header_line(line);
  }
  return failure_ == nullptr;
}

void transfer::header_line(std::string_view line) {
  if (line.starts_with("HTTP/")) return status_line(without_blanks(line));
  const auto text = without_blanks(line);
  if (text.empty()) {
    // 1xx announces the head, and 101 is one.
    head_done_ = head_.status >= 200 || head_.status == 101;
    if (head_done_) wake();
    return;
  }
  auto& headers = head_.headers;
  if ((line.front() == ' ' || line.front() == '\t') && !headers.empty()) {
    headers.back().second += std::format(" {}", text);
    return;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return;
  headers.emplace_back(without_blanks(text.substr(0, colon)),
                       without_blanks(text.substr(colon + 1)));
  const auto limit = client_->options.limits.header_count;
  if (headers.size() > limit) {
    refuse(beyond_limit("header_count", limit, where(), "the number of response headers grew"));
  }
}

void transfer::status_line(std::string_view line) {
  head_ = {};
  const auto space = std::min(line.find(' '), line.size());
  head_.http_version = line.substr(5, space - 5);
  const auto code = without_blanks(line.substr(space));
  std::from_chars(code.data(), code.data() + code.size(), head_.status);
}

std::size_t transfer::on_body(std::string_view piece) {
  const auto& limits = client_->options.limits;
  const bool keeps = !engine_->settling();
  if (keeps && !arriving_.empty() && arriving_.size() + piece.size() > limits.buffered_bytes) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (piece.size() > limits.body_bytes - body_bytes_) {
    refuse(beyond_limit("body_bytes", limits.body_bytes, where(), "the response's body grew"));
    return CURL_WRITEFUNC_ERROR;
  }
  body_bytes_ += piece.size();
  touch(engine_->tick());
  arriving_ += piece;
  wake();
  return piece.size();
}

// From inside a callback, where curl must be left to end the transfer itself.
void transfer::refuse(std::exception_ptr why) {
  if (!failure_) failure_ = std::move(why);
  // A connection that is left in the midst of a response is not kept, unless others use it.
  if (easy_) curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
}

void transfer::fail(std::exception_ptr why) {
  refuse(std::move(why));
  release_easy();
  wake();
}

void transfer::finished(CURLcode code) {
  if (code == CURLE_OK && !head_done_) code = CURLE_PARTIAL_FILE;  // curl lets half a head pass
  if (code == CURLE_OK) {
    ended_ = true;
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    refuse(lateness());
  } else if (code == CURLE_COULDNT_CONNECT && !refused_.empty()) {
    refuse(unreachable(refused_, where()));
  } else {
    const bool connected = phase_ == phase::asked || phase_ == phase::answering;
    refuse(connected ? failure_of(code, where(), said_.data())
                     : failure_to_connect(code, where(), said_.data()));
  }
  release_easy();
  wake();
}

void transfer::abandon(engine::ending why) noexcept {
  const bool runtime_gone = why == engine::ending::runtime_gone;
  refuse(std::make_exception_ptr(
      transport_error(std::format("{}: the exchange was closed with its {}", where(),
                                  runtime_gone ? "runtime" : "client"),
                      "connection_closed")));
  release_easy();
  // There is nothing to resume a coroutine on any more.
  if (runtime_gone) {
    waiter_ = nullptr;
  } else {
    wake();
  }
}

void transfer::release_easy() noexcept {
  if (!std::exchange(active_, false)) return;
  if (!ended_) {
    curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
    engine_->left(connection());
  }
  engine_->remove(*this);
  easy_.reset();
  header_lines_.reset();
  request_.body = {};
}

curl_off_t transfer::connection() const noexcept {
  curl_off_t id = -1;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONN_ID, &id);
  return id;
}

void transfer::go_on(clock::time_point now) {
  if (std::exchange(paused_, false)) {
    touch(now);
    if (auto due = deadline(); due != engine::never) engine_->look_at(due);
  }
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

void transfer::close() noexcept {
  if (!engine_) {
    closed_ = true;
    return;
  }
  auto lock = engine_->lock();
  if (std::exchange(closed_, true)) return;
  release_easy();
  engine_->give_back(std::move(arriving_));
  engine_->give_back(std::move(handed_out_));
  engine_->settle();
}

bool transfer::ready(exchange_wait::until u) const noexcept {
  if (closed_ || failure_) return true;
  return u == exchange_wait::until::head ? head_done_ : ended_ || !arriving_.empty();
}

void transfer::wake() {
  if (waiter_ == nullptr || !ready(waiter_->what())) return;
  auto* w = std::exchange(waiter_, nullptr);
  if (w->claim()) engine_->wake(*w->owner());
}

void transfer::leave(exchange_wait& w) noexcept {
  auto lock = engine_->lock();
  if (waiter_ == &w) waiter_ = nullptr;
}

void transfer::throw_failure() const {
  if (closed_) throw usage_error(where() + ": an exchange was awaited after it was closed");
  if (failure_) std::rethrow_exception(failure_);
}

const response_head& transfer::head() {
  if (!engine_) throw_failure();
  auto lock = engine_->lock();
  if (!head_done_ || closed_) throw_failure();
  return head_;
}

std::optional<std::string_view> transfer::take() {
  if (!engine_) throw_failure();
  auto lock = engine_->lock();
  if (closed_) throw_failure();
  handed_out_.clear();
  if (arriving_.empty()) {
    throw_failure();
    return std::nullopt;
  }
  std::swap(arriving_, handed_out_);
  if (paused_ && active_) {
    go_on(clock::now());
    if (failure_) release_easy();
    engine_->collect();
    engine_->settle();
  }
  return handed_out_;
}

}  // namespace skein::http::detail
