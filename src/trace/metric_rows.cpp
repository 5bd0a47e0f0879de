#include "trace/metric_rows.hpp"

#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include <skein/json/text.hpp>

#include "trace/writer.hpp"

namespace skein::trace {

std::size_t insert_metrics(database& into, std::span<const metric_point> points) {
  using namespace std::chrono;
  const std::int64_t now =
      duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  transaction all(into);
  origins origin(into);
  statement add(into,
                "INSERT INTO metric_rows(origin, name, kind, temporality, attributes, start, slot, "
                "time, count, sum, stored) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT(origin, name, attributes, start, temporality, slot) DO UPDATE SET "
                "time = excluded.time, count = excluded.count, sum = excluded.sum, "
                "stored = excluded.stored "
                "WHERE excluded.time > time");
  std::size_t changed = 0;
  for (const auto& p : points) {
    if (std::isnan(p.sum)) continue;  // nothing can be said about it, and SQLite has none
    auto attributes = json::write_text(p.attributes);
    const bool cumulative = p.temporality == metric_point::since::start;
    add.bind(1, origin.of(p))
        .bind(2, p.name)
        .bind(3, static_cast<std::int64_t>(p.kind))
        .bind(4, static_cast<std::int64_t>(p.temporality))
        .bind(5, attributes)
        .bind(6, p.start)
        .bind(7, cumulative ? 0 : p.time)
        .bind(8, p.time)
        .bind(9, p.count)
        .bind(10, p.sum)
        .bind(11, now)
        .run();
    changed += into.changes() > 0 ? 1U : 0U;
  }
  all.commit();
  return changed;
}

std::vector<metric_point> load_metrics(const database& from) {
  statement s(from,
              "SELECT name, kind, temporality, start, time, count, sum, attributes, resource, "
              "scope_name, scope_version FROM metric_rows m JOIN origins o ON o.id = m.origin "
              "ORDER BY o.id, name, kind, temporality, time, m.id");
  std::vector<metric_point> out;
  while (s.step()) {
    out.push_back({.name = std::string(s.text(0)),
                   .kind = static_cast<metric_point::form>(s.integer(1)),
                   .temporality = static_cast<metric_point::since>(s.integer(2)),
                   .start = s.integer(3),
                   .time = s.integer(4),
                   .count = s.integer(5),
                   .sum = s.real(6),
                   .attributes = object_of(s.text(7)),
                   .scope_name = std::string(s.text(9)),
                   .scope_version = std::string(s.text(10)),
                   .resource = object_of(s.text(8))});
  }
  return out;
}

}  // namespace skein::trace
