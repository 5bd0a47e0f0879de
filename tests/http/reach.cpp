// Which addresses are public, and what is fetched for strangers: every refusal against a server on
// this machine, which a test alone may reach.
#include "http/reach.hpp"

#include <format>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <skein/http/fetch.hpp>

#include "http/client_fixture.hpp"

namespace skein::http::test {
namespace {

using ::testing::HasSubstr;

TEST(Reach, PublicAddresses) {
  for (const char* address : {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",
                              "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
                              "126.255.255.255", "128.0.0.1",       "168.63.129.15",
                              "169.253.0.1",     "172.15.0.1",      "172.32.0.1",
                              "192.0.1.1",       "192.167.0.1",     "198.17.0.1",
                              "198.20.0.1",      "223.255.255.255", "2606:4700:4700::1111",
                              "2001:200::1",     "2a00::1",         "3ffe::1",
                              "::ffff:1.1.1.1",  "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(detail::is_public(address)) << address;
  }
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "100.64.0.1",
                              "100.100.100.200",
                              "127.0.0.1",
                              "127.255.255.254",
                              "168.63.129.16",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.192",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "2001::1",
                              "2001:db8::1",
                              "2002::1",
                              "3fff::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b:1::1",
                              "::127.0.0.1",
                              "100::1",
                              "",
                              "localhost",
                              "127.1"}) {
    EXPECT_FALSE(detail::is_public(address)) << address;
  }
}

TEST(Reach, WhatIsAllowedBesidesIsComparedAsAnAddress) {
  EXPECT_TRUE(detail::may_reach("127.0.0.1", {"10.0.0.7", "127.0.0.1"}));
  EXPECT_TRUE(detail::may_reach("::1", {"0:0:0:0:0:0:0:1"}));
  EXPECT_TRUE(detail::may_reach("1.1.1.1", {}));
  EXPECT_FALSE(detail::may_reach("127.0.0.1", {"127.0.0.2", "", "all"}));
  EXPECT_FALSE(detail::may_reach("", {""}));
}

// The types of what a fetch throws, or its bytes.
task<std::string> outcome(fetcher& f, std::string url) {
  const auto got = co_await as_result(f.get(std::move(url)));
  co_return got ? got->media_type + " " + got->bytes : to_thrown(got).type;
}

std::string fetch_from(const raw_server& server, fetch_options options = {},
                       std::string_view path = "/") {
  options.also_reachable.emplace_back("127.0.0.1");
  fetcher f(options);
  return sync_wait(outcome(f, server.url(path)));
}

raw_server::script answers(std::vector<std::string> list) {
  return [list = std::move(list)](peer& p) {
    for (const auto& each : list) {
      if (p.request().empty() || !p.write(each)) return;
    }
    p.until_closed();
  };
}

std::string redirect_to(std::string_view url, int status = 302) {
  return std::format("HTTP/1.1 {} Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", status, url);
}

constexpr std::string_view png = "Content-Type: image/PNG; charset=x\r\n";

TEST(Fetch, WhatIsAllowedIsFetched) {
  raw_server server(answers({answer("bytes", png)}));
  EXPECT_EQ(fetch_from(server), "image/png bytes");
}

TEST(Fetch, AnAddressThatIsNotPublicIsNotConnectedTo) {
  raw_server server(answers({answer("secret", png)}));
  const auto port = std::to_string(server.port());
  fetcher f;
  for (const auto& host : {"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0",
                           "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"}) {
    EXPECT_EQ(sync_wait(outcome(f, std::format("http://{}:{}/", host, port))), "address_refused")
        << host;
  }
  EXPECT_EQ(sync_wait(outcome(f, "http://169.254.169.254/latest/meta-data/")), "address_refused");
  EXPECT_EQ(server.counts().accepted, 0U);
}

TEST(Fetch, TheProxyOfTheMachineIsNotAsked) {
  raw_server server(answers({answer("secret", png)}));
  client_options options = options_for_test();
  options.proxy = server.url();
  options.reach = reach::public_addresses;
  client c(options);
  EXPECT_EQ(sync_wait(failing_fetch(c, {.url = "http://127.0.0.1:9/"})).type, "address_refused");
  EXPECT_EQ(server.counts().accepted, 0U);
}

TEST(Fetch, RedirectsAreLookedAtOneByOne) {
  struct {
    std::string location;
    std::string expected;
  } const table[] = {
      {"/elsewhere", "image/png there"},
      {"http://localhost:{port}/", "image/png there"},
      {"http://127.0.0.2:{port}/", "address_refused"},
      {"http://169.254.169.254/latest", "address_refused"},
      {"file:///etc/passwd", "redirect_refused"},
      {"gopher://127.0.0.1/", "redirect_refused"},
      {"", "redirect_refused"},
  };
  for (const auto& [location, expected] : table) {
    for (const int status : {301, 302, 303, 307, 308}) {
      raw_server server([status](peer& p) {
        for (auto r = p.request(); !r.empty(); r = p.request()) {
          const auto to = r.find("?to=");
          p.write(to == std::string::npos
                      ? answer("there", png)
                      : redirect_to(r.substr(to + 4, r.find(' ', to) - to - 4), status));
        }
      });
      auto to = location;
      if (const auto at = to.find("{port}"); at != std::string::npos) {
        to.replace(at, 6, std::to_string(server.port()));
      }
      EXPECT_EQ(fetch_from(server, {}, "/start?to=" + to), expected) << location << ' ' << status;
    }
  }
}

TEST(Fetch, RedirectsEnd) {
  raw_server server([&](peer& p) {
    while (!p.request().empty()) p.write(redirect_to("/again"));
  });
  EXPECT_EQ(fetch_from(server, {.redirects = 2}), "redirect_refused");
  EXPECT_LE(server.counts().accepted, 3U);
}

TEST(Fetch, OtherKindsOfContentAreRefused) {
  for (const auto& [head, expected] :
       {std::pair("Content-Type: text/html\r\n", "media_type_refused"),
        std::pair("Content-Type: image\r\n", "media_type_refused"),
        std::pair("Content-Type: application/pdfx\r\n", "media_type_refused"),
        std::pair("", "media_type_refused"),
        std::pair("Content-Type: application/pdf\r\n", "application/pdf x")}) {
    raw_server server(answers({answer("x", head)}));
    EXPECT_EQ(fetch_from(server), expected) << head;
  }
}

TEST(Fetch, TooMuchIsRefusedWhetherAnnouncedOrNot) {
  const std::string big(1001, 'x');
  raw_server announced(answers({answer(big, png)}));
  EXPECT_EQ(fetch_from(announced, {.max_bytes = 1000}), "too_large");
  raw_server silent([&](peer& p) {
    p.request();
    p.write(std::format("HTTP/1.1 200 OK\r\n{}Connection: close\r\n\r\n{}", png, big));
  });
  EXPECT_EQ(fetch_from(silent, {.max_bytes = 1000}), "too_large");
  raw_server fits(answers({answer(big, png)}));
  EXPECT_EQ(fetch_from(fits, {.max_bytes = 1001}), "image/png " + big);
}

TEST(Fetch, AServerThatTakesTooLongIsLeft) {
  raw_server server([](peer& p) {
    p.request();
    p.until_closed();
  });
  EXPECT_EQ(fetch_from(server, {.time = 50ms}), "timeout");
  EXPECT_TRUE(server.wait_for([](const raw_counts& c) { return c.open == 0; }));
}

TEST(Fetch, WhoeverStopsTheRunStopsTheFetch) {
  raw_server server([](peer& p) {
    p.request();
    p.until_closed();
  });
  fetcher f({.also_reachable = {"127.0.0.1"}});
  auto work = [](fetcher& from, std::string url) -> task<std::string> {
    auto got = co_await as_result(with_deadline(20ms, from.get(std::move(url))));
    co_return to_thrown(got).type;
  };
  EXPECT_EQ(sync_wait(work(f, server.url())), "cancelled");
}

TEST(Fetch, OnlyHttpAndOnlyWhatIsThere) {
  fetcher f;
  for (const char* url : {"ftp://1.1.1.1/x", "file:///etc/passwd", "data:image/png;base64,AA==", "",
                          "//1.1.1.1/x", "gs://bucket/x", "http://"}) {
    EXPECT_EQ(sync_wait(outcome(f, url)), "url_refused") << url;
  }
  raw_server server(answers({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}));
  EXPECT_EQ(fetch_from(server), "status_refused");
}

TEST(Fetch, NoCredentialsOfTheUrlAreSent) {
  raw_server server(answers({answer("x", png)}));
  auto url = server.url("/a#part");
  url.insert(url.find("//") + 2, "user:password@");
  fetcher f({.also_reachable = {"127.0.0.1"}});
  EXPECT_EQ(sync_wait(outcome(f, url)), "image/png x");
}

TEST(Fetch, ARedirectAwayFromTlsIsRefused) {
  const auto identity = testing::self_signed();
  raw_server plain(answers({answer("x", png)}));
  raw_server secure(answers({redirect_to(plain.url())}), identity);
  const temporary_file authority(identity.certificate);
  EXPECT_EQ(fetch_from(secure, {.ca_file = authority.path()}), "redirect_refused");
  EXPECT_EQ(plain.counts().accepted, 0U);
}

}  // namespace
}  // namespace skein::http::test
