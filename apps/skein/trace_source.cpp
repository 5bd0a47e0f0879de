#include "trace_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include <skein/core/error.hpp>
#include <skein/trace/otlp.hpp>

namespace skein::cli {

using telemetry::span_record;

namespace {

constexpr std::string_view sqlite_header = "SQLite format 3";

bool is_database(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(sqlite_header.size(), '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return file && head == sqlite_header;
}

trace::store open_for_reading(const std::string& path) {
  return trace::store(path, {.mode = trace::access::read});
}

}  // namespace

std::string store_path(const trace_arguments& arguments) {
  return arguments.store.empty() ? trace::default_store_path() : arguments.store;
}

std::string read_all(const std::string& path) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (std::cin.bad()) throw usage_error("standard input cannot be read");
    return text;
  }
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad()) {
    throw usage_error(std::format("{} cannot be read: {}", path, std::strerror(errno)));
  }
  return text;
}

bool names_trace(std::string_view target) {
  if (target == "last") return true;
  constexpr std::size_t whole = 32;
  return !target.empty() && target.size() <= whole &&
         target.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

trace_source trace_source::of(const trace_arguments& arguments) {
  if (!arguments.file.empty()) return file(arguments.file);
  auto path = store_path(arguments);
  return {open_for_reading(path), path};
}

trace_source trace_source::file(const std::string& path) {
  if (path != "-" && is_database(path)) return {open_for_reading(path), path};
  auto text = read_all(path);
  auto fail = [&](const std::string& why) {
    throw usage_error(std::format("{}: {}", path == "-" ? "standard input" : path, why));
  };
  auto spans = trace::read_document(text);
  if (!spans) fail(spans.error().message);
  document read{*std::move(spans), {}};
  if (text.contains("\"resourceMetrics\"") && text.front() != '\n') {
    auto metrics = trace::read_metrics_json(text);
    if (!metrics) fail(metrics.error().message);
    if (metrics->rejected != 0) fail(metrics->first_rejection);
    read.metrics = std::move(metrics->points);
  }
  return {std::move(read), path == "-" ? "" : path};
}

std::vector<trace::summary> trace_source::list(const trace::list_query& query) const {
  if (const auto* store = std::get_if<trace::store>(&from_)) return store->list(query);
  auto all = trace::summarize(std::get<document>(from_).spans);
  std::erase_if(all, [&](const trace::summary& s) {
    return (!query.conversation.empty() && s.conversation != query.conversation) ||
           (query.select == trace::list_query::which::failed && s.errors == 0);
  });
  if (query.limit != 0 && all.size() > query.limit) all.resize(query.limit);
  return all;
}

std::string trace_source::find(std::string_view prefix) const {
  std::string wanted(prefix);
  std::ranges::transform(wanted, wanted.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  });
  if (const auto* store = std::get_if<trace::store>(&from_)) {
    auto found = store->find(wanted);
    if (!found) throw usage_error(found.error());
    return *found;
  }
  auto all = list({.limit = 0});
  if (wanted == "last" && !all.empty()) return all.front().trace_id;
  std::erase_if(all, [&](const auto& s) { return !s.trace_id.starts_with(wanted); });
  if (all.size() == 1) return all.front().trace_id;
  throw usage_error(all.empty() ? std::format("no trace {} in {}", prefix,
                                              name_.empty() ? "standard input" : name_)
                                : std::format("{} begins several traces; give more of it", prefix));
}

std::vector<span_record> trace_source::load(std::string_view trace_id) const {
  if (const auto* store = std::get_if<trace::store>(&from_)) return store->load(trace_id);
  std::vector<span_record> out;
  std::ranges::copy_if(std::get<document>(from_).spans, std::back_inserter(out),
                       [&](const span_record& s) { return s.trace_id == trace_id; });
  return out;
}

std::vector<span_record> trace_source::all() const {
  if (const auto* read = std::get_if<document>(&from_)) return read->spans;
  std::vector<span_record> out;
  for (const auto& s : list({.limit = 0})) {
    std::ranges::move(load(s.trace_id), std::back_inserter(out));
  }
  return out;
}

std::vector<trace::metric_point> trace_source::metrics() const {
  if (const auto* store = std::get_if<trace::store>(&from_)) return store->metrics();
  return std::get<document>(from_).metrics;
}

std::optional<span_record> trace_source::load(const trace::span_reference& which) const {
  if (const auto* store = std::get_if<trace::store>(&from_)) {
    return store->load(which.trace_id, which.span_id);
  }
  const auto& spans = std::get<document>(from_).spans;
  auto found = std::ranges::find_if(spans, [&](const span_record& s) {
    return s.span_id == which.span_id && s.trace_id == which.trace_id;
  });
  return found == spans.end() ? std::nullopt : std::optional(*found);
}

std::optional<span_record> selection::load(const trace::span_reference& which) const {
  for (const auto& f : from) {
    if (auto found = f.load(which)) return found;
  }
  return std::nullopt;
}

selection one_trace(const trace_arguments& arguments, const std::string& target) {
  const bool in_source = names_trace(target) || !arguments.file.empty();
  auto from = in_source ? trace_source::of(arguments) : trace_source::file(target);
  selection out{.spans = from.load(from.find(in_source ? target : "last")), .source = from.name()};
  out.from.push_back(std::move(from));
  return out;
}

selection all_traces(const trace_arguments& arguments) {
  selection out;
  auto add = [&](trace_source from, const std::string* trace) {
    std::ranges::move(trace != nullptr ? from.load(from.find(*trace)) : from.all(),
                      std::back_inserter(out.spans));
    if (trace == nullptr) std::ranges::move(from.metrics(), std::back_inserter(out.metrics));
    if (out.source.empty()) out.source = from.name();
    out.from.push_back(std::move(from));
  };
  if (arguments.targets.empty()) add(trace_source::of(arguments), nullptr);
  for (const auto& t : arguments.targets) {
    const bool in_source = names_trace(t) || !arguments.file.empty();
    add(in_source ? trace_source::of(arguments) : trace_source::file(t), in_source ? &t : nullptr);
  }
  return out;
}

}  // namespace skein::cli
