// What check() found, in the forms that people and machines read.
#include <algorithm>
#include <format>
#include <map>
#include <string>
#include <string_view>

#include <skein/core/version.hpp>
#include <skein/json/text.hpp>
#include <skein/trace/check.hpp>

namespace skein::trace {

namespace {

std::string plural(std::size_t n, std::string_view what) {
  return std::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string printable(std::string_view text) {
  std::string out = json::valid_utf8(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

std::string in_xml(std::string_view text) {
  std::string out;
  for (char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string line_of(const finding& f) {
  if (f.span_id.empty()) return std::format("`{}` {}", printable(f.span), printable(f.message));
  return std::format("`{}` ({} in {}) {}", printable(f.span), f.span_id, f.trace_id,
                     printable(f.message));
}

std::string verdict(const check_report& r) {
  auto text =
      std::format("{} in {}{} checked: ", plural(r.spans, "span"), plural(r.traces, "trace"),
                  r.points == 0 ? "" : " and " + plural(r.points, "point") + " of metrics");
  if (r.findings.empty()) return text + "nothing found";
  return text + std::format("{}, {}, {}", plural(r.count(severity::error), "error"),
                            plural(r.count(severity::warning), "warning"),
                            plural(r.count(severity::note), "note"));
}

}  // namespace

std::string to_text(const check_report& report) {
  // More of the same tell nobody anything; the other forms have them all.
  constexpr std::size_t most_of_a_rule = 20;
  std::string out;
  const auto& all = report.findings;
  for (auto at = all.begin(); at != all.end();) {
    auto end = std::find_if(at, all.end(), [&](const finding& f) { return f.rule != at->rule; });
    out += std::format("{}: {}\n  {}\n", name_of(at->rule->level), at->rule->name,
                       at->rule->explanation);
    auto n = static_cast<std::size_t>(end - at);
    for (std::size_t i = 0; i < std::min(n, most_of_a_rule); ++i) {
      out += "  - " + line_of(at[static_cast<std::ptrdiff_t>(i)]) + '\n';
    }
    if (n > most_of_a_rule) out += std::format("  and {} more\n", n - most_of_a_rule);
    out += '\n';
    at = end;
  }
  return out + verdict(report) + '\n';
}

json::value to_json(const check_report& report) {
  json::array findings;
  for (const auto& f : report.findings) {
    findings.push_back(json::object{{"rule", f.rule->name},
                                    {"severity", name_of(f.rule->level)},
                                    {"trace_id", f.trace_id},
                                    {"span_id", f.span_id},
                                    {"span", f.span},
                                    {"message", f.message}});
  }
  return json::object{{"source", report.source},
                      {"traces", report.traces},
                      {"spans", report.spans},
                      {"points", report.points},
                      {"errors", report.count(severity::error)},
                      {"warnings", report.count(severity::warning)},
                      {"notes", report.count(severity::note)},
                      {"findings", std::move(findings)}};
}

json::value to_sarif(const check_report& report) {
  json::array described;
  std::map<std::string_view, std::size_t> index;
  for (const auto& r : rules()) {
    index[r.name] = described.size();
    described.push_back(
        json::object{{"id", r.name},
                     {"shortDescription", json::object{{"text", r.explanation}}},
                     {"defaultConfiguration", json::object{{"level", name_of(r.level)}}}});
  }
  json::array results;
  for (const auto& f : report.findings) {
    json::object where{
        {"name", f.span},
        {"fullyQualifiedName", f.span_id.empty() ? f.span : f.trace_id + "/" + f.span_id},
        {"kind", "object"}};
    json::object location{{"logicalLocations", json::array{std::move(where)}}};
    if (!report.source.empty()) {
      location["physicalLocation"] =
          json::object{{"artifactLocation", json::object{{"uri", report.source}}}};
    }
    results.push_back(
        json::object{{"ruleId", f.rule->name},
                     {"ruleIndex", index[f.rule->name]},
                     {"level", name_of(f.rule->level)},
                     {"message", json::object{{"text", "`" + f.span + "` " + f.message}}},
                     {"locations", json::array{std::move(location)}}});
  }
  json::object driver{
      {"name", "skein trace check"}, {"version", version}, {"rules", std::move(described)}};
  return json::object{
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", json::array{json::object{{"tool", json::object{{"driver", std::move(driver)}}},
                                        {"columnKind", "utf16CodeUnits"},
                                        {"results", std::move(results)}}}}};
}

std::string to_junit(const check_report& report, std::span<const rule> checked) {
  std::string cases;
  std::size_t failures = 0;
  for (const auto& r : checked) {
    std::string lines;
    std::size_t n = 0;
    for (const auto& f : report.findings) {
      if (f.rule->name != r.name) continue;
      lines += in_xml(line_of(f)) + '\n';
      ++n;
    }
    cases += std::format("    <testcase classname=\"trace\" name=\"{}\"", r.name);
    if (n == 0) {
      cases += "/>\n";
    } else if (r.level == severity::error) {
      ++failures;
      cases += std::format(
          ">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>\n",
          in_xml(r.explanation), r.name, lines);
    } else {
      cases += std::format(">\n      <system-out>{}: {}</system-out>\n    </testcase>\n",
                           name_of(r.level), lines);
    }
  }
  return std::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"skein trace "
      "check {}\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n{}  </testsuite>\n</testsuites>\n",
      in_xml(report.source), checked.size(), failures, cases);
}

}  // namespace skein::trace
