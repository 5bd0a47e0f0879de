#include <utility>

#include <skein/http/client.hpp>
#include <skein/http/transport.hpp>

namespace skein::http {

namespace {
stream<std::string_view> pieces(exchange from, response_head& head) {
  head = co_await from.head();
  co_yield std::string_view();
  while (auto piece = co_await from.next()) co_yield *piece;
}
}  // namespace

stream<std::string_view> client_transport::send(request r, response_head& head) {
  return pieces(client_.send(std::move(r)), head);
}

}  // namespace skein::http
