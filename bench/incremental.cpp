// bench_incremental [BYTES] [PIECE]: a JSON document of about BYTES (1,000,000) arrives in pieces
// of PIECE (4) bytes, and the text that is growing is looked at after each. Prints what a byte took
// in one line of JSON. Instructions for each byte, which must not depend on BYTES:
//   valgrind --tool=callgrind --toggle-collect='arrive*' bench_incremental 1000
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include <skein/json/incremental.hpp>

#include "process.hpp"

namespace {

namespace json = skein::json;

// Records of a list, then one text that takes as much again.
std::string document(std::size_t bytes) {
  std::string text = R"({"items":[)";
  for (std::size_t i = 0; text.size() < bytes / 2; ++i) {
    text += (i == 0 ? "" : ",");
    text += R"({"id":)" + std::to_string(i) + R"(,"name":"part \"no.\" )" + std::to_string(i) +
            R"(","price":12.5,"tags":["a","bb",null,true],"at":{"x":-1,"y":2e3}})";
  }
  text += R"(],"essay":")";
  while (text.size() < bytes) text += R"(Æsop wrote\nof a \"fox\" and of grapes. )";
  return text + "\"}";
}

}  // namespace

// Its name is what callgrind is told. Gives how much of the essay was seen.
extern "C" [[gnu::noinline]] std::size_t arrive(json::incremental& reader, std::string_view text,
                                                std::size_t piece) {
  std::size_t seen = 0;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    reader.feed(text.substr(0, piece));
    const auto* root = reader.root();
    const auto* essay = root != nullptr ? root->get_object().if_contains("essay") : nullptr;
    if (essay != nullptr) seen = std::max(seen, essay->get_string().size());
  }
  return seen;
}

int main(int count, char** arguments) {
  const auto argument = [&](int n, std::size_t otherwise) {
    return count > n ? std::strtoul(arguments[n], nullptr, 10) : otherwise;
  };
  const auto text = document(argument(1, 1'000'000));
  const auto piece = argument(2, 4);
  json::incremental reader;
  const double start = bench::monotonic_ms();
  const std::size_t seen = arrive(reader, text, piece);
  const double took = bench::monotonic_ms() - start;
  reader.finish();
  bench::json_line()
      .text("sc", "incremental")
      .count("bytes", text.size())
      .count("piece", piece)
      .flag("ok", !reader.failure() && seen > text.size() / 3)
      .number("nsPerByte", took * 1e6 / static_cast<double>(text.size()))
      .print();
}
