#include "http/raw_server.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <skein/http/message.hpp>

namespace skein::http::test {

namespace asio = boost::asio;

namespace {

std::size_t content_length(std::string_view head) {
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  constexpr std::string_view name = "\r\ncontent-length: ";
  const auto at = lower.find(name);
  if (at == std::string::npos) return 0;
  std::size_t n = 0;
  std::from_chars(lower.data() + at + name.size(), lower.data() + lower.size(), n);
  return n;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* wanted) {
  const auto& name = *static_cast<const std::string*>(wanted);
  for (unsigned i = 0; i < in_size; i += in[i] + 1U) {
    if (std::string_view(reinterpret_cast<const char*>(in + i + 1), in[i]) != name) continue;
    *out = in + i + 1;
    *out_size = in[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::size_t peer::some(char* to, std::size_t n) {
  boost::system::error_code ec;
  return tls_ ? tls_->read_some(asio::buffer(to, n), ec)
              : socket_.read_some(asio::buffer(to, n), ec);
}

std::string peer::bytes(std::size_t n) {
  while (unread_.size() < n) {
    char more[4096];
    const auto got = some(more, sizeof more);
    if (got == 0) break;
    unread_.append(more, got);
  }
  n = std::min(n, unread_.size());
  std::string taken = unread_.substr(0, n);
  unread_.erase(0, n);
  return taken;
}

std::string peer::request() {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    char more[4096];
    const auto got = some(more, sizeof more);
    if (got == 0) return {};
    unread_.append(more, got);
  }
  return bytes(end + 4 + content_length(std::string_view(unread_).substr(0, end)));
}

bool peer::write(std::string_view data) {
  boost::system::error_code ec;
  if (tls_) {
    asio::write(*tls_, asio::buffer(data), ec);
  } else {
    asio::write(socket_, asio::buffer(data), ec);
  }
  return !ec;
}

void peer::until_closed() {
  while (!bytes(1).empty()) {}
}

void peer::reset() noexcept {
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
}

void peer::handshake(asio::ssl::context& tls) {
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, tls);
  boost::system::error_code ignored;  // the client's error is what tests look at
  tls_->handshake(asio::ssl::stream_base::server, ignored);
}

void peer::shut() noexcept {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
}

void peer::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

raw_server::raw_server(script s, std::optional<testing::tls_identity> tls, std::string alpn)
    : script_(std::move(s)),
      alpn_(std::move(alpn)),
      acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {
  if (tls) {
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->use_certificate_chain(asio::buffer(tls->certificate));
    tls_->use_private_key(asio::buffer(tls->key), asio::ssl::context::pem);
    if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(tls_->native_handle(), choose_alpn, &alpn_);
  }
  acceptor_thread_ = std::jthread([this] { accept(); });
}

raw_server::~raw_server() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& p : peers_) p.shut();
  }
  tcp::socket last(io_);
  boost::system::error_code ignored;
  last.connect(acceptor_.local_endpoint(), ignored);  // wakes the blocking accept
  acceptor_thread_.join();
  threads_.clear();
}

void raw_server::accept() {
  while (true) {
    boost::system::error_code ec;
    tcp::socket s(io_);
    acceptor_.accept(s, ec);
    std::lock_guard lock(mutex_);
    if (stopping_ || ec) return;
    ++counts_.accepted;
    ++counts_.open;
    changed_.notify_all();
    auto& p = peers_.emplace_back(std::move(s));
    threads_.emplace_back([this, &p] { serve(p); });
  }
}

void raw_server::serve(peer& p) {
  if (tls_) p.handshake(*tls_);
  script_(p);
  std::lock_guard lock(mutex_);
  p.close();
  --counts_.open;
  changed_.notify_all();
}

std::string raw_server::take_request(peer& p) {
  auto r = p.request();
  if (r.empty()) return r;
  std::lock_guard lock(mutex_);
  requests_.push_back(r);
  ++counts_.requests;
  changed_.notify_all();
  return r;
}

std::string raw_server::url(std::string_view path) const {
  return std::format("{}://127.0.0.1:{}{}", tls_ ? "https" : "http", port(), path);
}

std::vector<std::string> raw_server::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

raw_counts raw_server::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

bool raw_server::wait_for(const std::function<bool(const raw_counts&)>& what,
                          std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return what(counts_); });
}

std::string answer(std::string_view body, std::string_view more_headers) {
  return std::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), more_headers,
                     body);
}

}  // namespace skein::http::test
