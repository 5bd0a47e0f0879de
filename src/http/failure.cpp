#include "http/failure.hpp"

#include <format>
#include <string>

#include <skein/core/error.hpp>

namespace skein::http::detail {

namespace {

std::exception_ptr transport(const std::string& message, const char* code) {
  return std::make_exception_ptr(transport_error(message, code));
}

}  // namespace

std::exception_ptr failure_of(CURLcode code, std::string_view where, std::string_view more) {
  const std::string said = more.empty() ? std::string(curl_easy_strerror(code)) : std::string(more);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return transport(std::format("{}: the host name was not found: {}. Check the URL, the proxy "
                                   "settings and this machine's name resolution.",
                                   where, said),
                       "dns_failed");
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
      return transport(std::format("{}: no connection: {}. Check that the server runs and that the "
                                   "port and the proxy settings are right.",
                                   where, said),
                       "connect_failed");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
      return transport(std::format("{}: TLS failed: {}. Check the server's certificate and name; a "
                                   "private authority goes into client_options::ca_file.",
                                   where, said),
                       "tls_failed");
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3:
    case CURLE_QUIC_CONNECT_ERROR:
      return transport(
          std::format("{}: the connection was closed before the end of the response: {}. "
                      "Try again; if it stays, look at the server's log.",
                      where, said),
          "connection_closed");
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
      return std::make_exception_ptr(protocol_error(
          std::format("{}: the answer is not HTTP: {}. Check that the URL names an HTTP server and "
                      "the right scheme.",
                      where, said),
          "malformed"));
    case CURLE_TOO_LARGE:
      return std::make_exception_ptr(protocol_error(
          std::format("{}: the head of the response is larger than libcurl takes: {}.", where,
                      said),
          "limit_exceeded"));
    case CURLE_OUT_OF_MEMORY:
      return std::make_exception_ptr(std::bad_alloc());
    default:
      return transport(std::format("{}: the request failed: {} (libcurl error {}).", where, said,
                                   static_cast<int>(code)),
                       "transport_error");
  }
}

std::exception_ptr failure_to_connect(CURLcode code, std::string_view where,
                                      std::string_view more) {
  const bool cut =
      code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
  return failure_of(cut ? CURLE_COULDNT_CONNECT : code, where, more);
}

std::exception_ptr timed_out(std::string_view option, std::chrono::milliseconds value,
                             std::string_view where, std::string_view missing) {
  return transport(
      std::format("{}: {} within {} ms. Try again, or raise client_options::timeouts.{}.", where,
                  missing, value.count(), option),
      option == "connect" ? "timeout_connect" : "timeout");
}

std::exception_ptr beyond_limit(std::string_view option, std::size_t value, std::string_view where,
                                std::string_view what) {
  return std::make_exception_ptr(protocol_error(
      std::format(
          "{}: {} beyond the limit of {}. Raise client_options::limits.{} if that is right.", where,
          what, value, option),
      "limit_exceeded"));
}

std::exception_ptr unreachable(std::string_view address, std::string_view where) {
  return transport(std::format("{}: {} is not a public address, and only those may be reached. If "
                               "this one may, put it into also_reachable.",
                               where, address),
                   "address_refused");
}

}  // namespace skein::http::detail
