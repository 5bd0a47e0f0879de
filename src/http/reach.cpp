#include "http/reach.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace skein::http::detail {

namespace {

namespace ip = boost::asio::ip;

struct ipv4_block {
  std::uint32_t first;
  unsigned bits;
};

constexpr std::uint32_t quad(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24U | b << 16U | c << 8U | d;
}

// IANA IPv4 Special-Purpose Address Registry, multicast (RFC 5771), and Azure's metadata.
constexpr std::array not_public{
    ipv4_block{quad(0, 0, 0, 0), 8},        ipv4_block{quad(10, 0, 0, 0), 8},
    ipv4_block{quad(100, 64, 0, 0), 10},    ipv4_block{quad(127, 0, 0, 0), 8},
    ipv4_block{quad(168, 63, 129, 16), 32}, ipv4_block{quad(169, 254, 0, 0), 16},
    ipv4_block{quad(172, 16, 0, 0), 12},    ipv4_block{quad(192, 0, 0, 0), 24},
    ipv4_block{quad(192, 0, 2, 0), 24},     ipv4_block{quad(192, 88, 99, 0), 24},
    ipv4_block{quad(192, 168, 0, 0), 16},   ipv4_block{quad(198, 18, 0, 0), 15},
    ipv4_block{quad(198, 51, 100, 0), 24},  ipv4_block{quad(203, 0, 113, 0), 24},
    ipv4_block{quad(224, 0, 0, 0), 4},      ipv4_block{quad(240, 0, 0, 0), 4},
};

bool is_public_v4(std::uint32_t address) {
  return std::ranges::none_of(not_public, [&](const ipv4_block& block) {
    return (address ^ block.first) >> (32 - block.bits) == 0;
  });
}

bool is_public_v6(const ip::address_v6::bytes_type& b) {
  auto starts = [&](std::initializer_list<unsigned char> with) {
    return std::ranges::equal(with, std::span(b).first(with.size()));
  };
  // What stands for an IPv4 address is as public as that: mapped, and NAT64 (RFC 6052).
  if (starts({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) ||
      starts({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return is_public_v4(quad(b[12], b[13], b[14], b[15]));
  }
  // IANA IPv6 Special-Purpose Address Registry: of what is global unicast at all, not the protocol
  // assignments with Teredo, documentation, and 6to4.
  const bool global_unicast = (b[0] & 0xe0U) == 0x20;
  const bool assignments = starts({0x20, 0x01}) && b[2] < 2;
  const bool documentation =
      starts({0x20, 0x01, 0x0d, 0xb8}) || (starts({0x3f, 0xff}) && b[2] < 0x10);
  return global_unicast && !assignments && !documentation && !starts({0x20, 0x02});
}

}  // namespace

std::string address_in(std::span<const unsigned char> socket_address) {
  ip::tcp::endpoint endpoint;
  if (socket_address.empty() || socket_address.size() > endpoint.capacity()) return {};
  std::memcpy(endpoint.data(), socket_address.data(), socket_address.size());
  endpoint.resize(socket_address.size());
  const auto family = endpoint.protocol().family();
  if (family != ip::tcp::v4().family() && family != ip::tcp::v6().family()) return {};
  return endpoint.address().to_string();
}

bool is_public(std::string_view address) {
  boost::system::error_code failed;
  const auto parsed = ip::make_address(address, failed);
  if (failed) return false;
  return parsed.is_v4() ? is_public_v4(parsed.to_v4().to_uint())
                        : is_public_v6(parsed.to_v6().to_bytes());
}

bool may_reach(std::string_view address, const std::vector<std::string>& besides) {
  if (is_public(address)) return true;
  boost::system::error_code failed;
  const auto parsed = ip::make_address(address, failed);
  return !failed && std::ranges::any_of(besides, [&](const std::string& each) {
    boost::system::error_code no_address;
    return ip::make_address(each, no_address) == parsed && !no_address;
  });
}

}  // namespace skein::http::detail
