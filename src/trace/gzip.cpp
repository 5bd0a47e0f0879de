#include "trace/gzip.hpp"

#include <algorithm>
#include <zlib.h>

namespace skein::trace {

namespace {

constexpr int gzip_only = 16;
constexpr std::size_t first_guess = 4;  // times as much comes out

struct inflater {
  z_stream stream{};
  bool ready;
  inflater() : ready(inflateInit2(&stream, gzip_only + MAX_WBITS) == Z_OK) {}
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() { inflateEnd(&stream); }
};

}  // namespace

std::expected<std::string, gunzip_failure> gunzip(std::string_view bytes, std::size_t limit) {
  inflater z;
  if (!z.ready) return std::unexpected(gunzip_failure::damaged);
  z.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::size_t used = 0;
  out.resize(std::min(limit + 1, bytes.size() * first_guess + 1));
  while (true) {
    z.stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    z.stream.avail_out = static_cast<uInt>(out.size() - used);
    int result = inflate(&z.stream, Z_NO_FLUSH);
    used = out.size() - z.stream.avail_out;
    if (used > limit) return std::unexpected(gunzip_failure::too_large);
    if (result == Z_STREAM_END) {
      if (z.stream.avail_in == 0) break;
      // Members one after the other are one file.
      if (inflateReset(&z.stream) != Z_OK) return std::unexpected(gunzip_failure::damaged);
    } else if (result == Z_BUF_ERROR || (result == Z_OK && z.stream.avail_out == 0)) {
      if (z.stream.avail_out != 0) return std::unexpected(gunzip_failure::damaged);
      out.resize(std::min(limit + 1, out.size() * 2));
    } else if (result != Z_OK) {
      return std::unexpected(gunzip_failure::damaged);
    } else if (z.stream.avail_in == 0) {
      return std::unexpected(gunzip_failure::damaged);
    }
  }
  out.resize(used);
  return out;
}

}  // namespace skein::trace
