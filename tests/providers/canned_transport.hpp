// HTTP without a network: the same answer to every request, each called req_7, and what was sent.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <skein/http/transport.hpp>

namespace skein::providers::test {

class canned_transport final : public http::transport {
 public:
  explicit canned_transport(std::string answer, int status = 200,
                            std::string type = "application/json")
      : answer_(std::move(answer)), status_(status), type_(std::move(type)) {}

  [[nodiscard]] skein::stream<std::string_view> send(http::request r,
                                                     http::response_head& head) override {
    sent_.push_back(std::move(r));
    return play(head);
  }
  [[nodiscard]] const std::vector<http::request>& sent() const noexcept { return sent_; }

 private:
  skein::stream<std::string_view> play(http::response_head& head) {
    head.status = status_;
    head.headers = {{"Content-Type", type_}, {"X-Request-Id", "req_7"}};
    co_yield std::string_view(answer_);
  }

  std::string answer_;
  int status_;
  std::string type_;
  std::vector<http::request> sent_;
};

}  // namespace skein::providers::test
