#include <algorithm>
#include <cstdio>
#include <format>
#include <string>
#include <utility>
#include <vector>

#include <skein/async/run.hpp>
#include <skein/async/when.hpp>
#include <skein/core/error.hpp>
#include <skein/json/value.hpp>
#include <skein/providers/models.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "screen.hpp"

namespace skein::cli {

namespace {

struct listing {
  std::string provider;
  std::vector<std::string> models = {};
  std::string problem = {};       // empty: none
  std::string problem_type = {};  // as error::type()
};

task<listing> listing_of(std::string provider) {
  listing found{.provider = provider};
  try {
    found.models = co_await skein::list_models(provider);
  } catch (const error& e) {
    found.problem = e.what();
    found.problem_type = e.type();
  }
  co_return found;
}

struct plan {
  std::vector<std::string> asked = {};
  std::vector<std::string> maybe = {};  // of `asked`: need not be there
  std::string without_key = {};
};

plan plan_of(const models_arguments& arguments) {
  if (!arguments.providers.empty()) return {.asked = arguments.providers};
  plan all;
  for (const auto& p : access_to_providers()) {
    if (p.key == key_state::missing) {
      all.without_key +=
          std::format("{}{} ({})", all.without_key.empty() ? "" : ", ", p.provider, p.key_variable);
      continue;
    }
    all.asked.emplace_back(p.provider);
    if (p.key == key_state::not_wanted) all.maybe.emplace_back(p.provider);
  }
  return all;
}

void print_json(const std::vector<listing>& all) {
  json::array models;
  json::array problems;
  for (const auto& l : all) {
    for (const auto& model : l.models) models.emplace_back(model);
    if (!l.problem.empty()) {
      problems.emplace_back(
          json::object{{"provider", l.provider}, {"type", l.problem_type}, {"message", l.problem}});
    }
  }
  const auto text = json::serialize(
      json::object{{"models", std::move(models)}, {"problems", std::move(problems)}});
  std::printf("%s\n", text.c_str());
}

}  // namespace

int list_models(const models_arguments& arguments) {
  screen out;
  const auto plan = plan_of(arguments);
  std::vector<task<listing>> work;
  work.reserve(plan.asked.size());
  for (const auto& provider : plan.asked) work.push_back(listing_of(provider));
  auto all = sync_wait(when_all(std::move(work)));
  std::erase_if(all, [&](const listing& l) {
    return l.problem_type == "connect_failed" && std::ranges::contains(plan.maybe, l.provider);
  });

  if (arguments.json) {
    print_json(all);
  } else {
    for (const auto& l : all) {
      for (const auto& model : l.models) out.text(model + '\n');
    }
  }
  int code = exit_ok;
  for (const auto& l : all) {
    if (l.problem.empty()) continue;
    if (!arguments.json)
      print_error(l.problem.starts_with(l.provider) ? l.problem : l.provider + ": " + l.problem);
    code = l.problem_type == "usage_error" || code == exit_usage ? exit_usage : exit_failed;
  }
  if (!plan.without_key.empty()) out.note("without a key: " + plan.without_key);
  if (all.empty() && !arguments.json) {
    throw usage_error(
        "no provider answers: there is no key and no server on this machine. Export "
        "one of the keys, of " +
        plan.without_key + ", or name a server: skein models compat@URL");
  }
  return code;
}

}  // namespace skein::cli
