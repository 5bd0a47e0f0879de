// The table in docs/providers.md, from the rows of the conformance suite.
//   skein_docs_providers --write docs/providers.md
//   skein_docs_providers --check docs/providers.md
#include <filesystem>
#include <format>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "providers/conformance.hpp"

using namespace skein::providers::conformance;

namespace {

constexpr std::string_view begin_mark = "<!-- table of the conformance suite -->\n";
constexpr std::string_view end_mark = "<!-- end of the table -->\n";

std::string cell(const protocol& p, const test_case& c) {
  if (lack_of(p, c) != nullptr) return "no";
  if (!std::filesystem::exists(stream_of(p, c))) return "not tested";
  return variant_of(p, c) != nullptr ? "differs" : "yes";
}

std::string table() {
  std::string head = "| |";
  std::string line = "|---|";
  for (const auto& p : protocols()) {
    head += std::format(" {} |", p.title);
    line += "---|";
  }
  std::string out = head + '\n' + line + '\n';
  for (const auto& c : cases()) {
    out += std::format("| {} |", c.about);
    for (const auto& p : protocols()) out += std::format(" {} |", cell(p, c));
    out += '\n';
  }
  std::string notes;
  for (const auto& p : protocols()) {
    for (const auto& c : cases()) {
      if (const auto* l = lack_of(p, c)) {
        notes += std::format("- {}: no {}: {}.\n", p.title, c.about, l->reason);
      } else if (const auto* v = variant_of(p, c)) {
        notes += std::format("- {}: {}: {}.\n", p.title, c.about, v->how);
      }
    }
  }
  return notes.empty() ? out : out + '\n' + notes;
}

// The page with this table in it; empty if it has no place for one.
std::string with_table(const std::string& page) {
  const auto begin = page.find(begin_mark);
  const auto end = page.find(end_mark);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return page.substr(0, begin) + std::string(begin_mark) + '\n' + table() + '\n' + page.substr(end);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 3 ? argv[1] : "";
  if (what != "--check" && what != "--write") {
    std::cerr << "usage: skein_docs_providers --check|--write FILE\n";
    return 2;
  }
  const auto found = skein::providers::test::read_file(argv[2]);
  const auto page = with_table(found);
  if (page.empty()) {
    std::cerr << argv[2] << " has no lines " << begin_mark << " and " << end_mark;
    return 1;
  }
  if (found == page) return 0;
  if (what == "--write") {
    std::ofstream(argv[2], std::ios::binary) << page;
    return 0;
  }
  std::cerr << argv[2] << " is not what the rows say; write it again: skein_docs_providers --write "
            << argv[2] << '\n';
  return 1;
}
