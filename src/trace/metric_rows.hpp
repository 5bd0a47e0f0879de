// Metrics on their way into a store and out of it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <skein/trace/metrics.hpp>

#include "sqlite/database.hpp"

namespace skein::trace {

// Both throw store_error. In one transaction: all of them or none.
std::size_t insert_metrics(sqlite::database& into, std::span<const metric_point> points);
[[nodiscard]] std::vector<metric_point> load_metrics(const sqlite::database& from);

}  // namespace skein::trace
