// A program that exports spans through a spool and dies when it is told. Usage:
//   spool_child URL FILE RUN SPANS [at POINT | reported COUNT]
// Ends SPANS spans named RUN-0, RUN-1, ..., says the name of each on standard output once its end
// has returned, flushes and leaves. `at` counts all that the spool does to files, and its
// beginnings and ends of keeping and delivering, and raises SIGKILL at that one; `reported` raises
// it after so many spans. Last it says how many points it passed.
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <format>
#include <map>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/operation.hpp>
#include <skein/telemetry/setup.hpp>

namespace {

using namespace skein;

std::atomic<long> points = 0;
long die_at = 0;

void point() {
  if (++points == die_at) std::raise(SIGKILL);
}

// SQLite's own files, with a point before each change and each lock.
namespace files {

int (*open)(sqlite3_vfs*, sqlite3_filename, sqlite3_file*, int, int*);
int (*remove)(sqlite3_vfs*, const char*, int);
int (*write)(sqlite3_file*, const void*, int, sqlite3_int64);
int (*truncate)(sqlite3_file*, sqlite3_int64);
int (*lock)(sqlite3_file*, int);

int on_write(sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
  point();
  return write(f, data, size, at);
}
int on_truncate(sqlite3_file* f, sqlite3_int64 size) {
  point();
  return truncate(f, size);
}
int on_lock(sqlite3_file* f, int kind) {
  point();
  return lock(f, kind);
}
int on_remove(sqlite3_vfs* v, const char* name, int sync) {
  point();
  return remove(v, name, sync);
}

int on_open(sqlite3_vfs* v, sqlite3_filename name, sqlite3_file* f, int flags, int* out) {
  static std::map<const sqlite3_io_methods*, sqlite3_io_methods> ours;
  point();
  const int result = open(v, name, f, flags, out);
  if (f->pMethods == nullptr) return result;
  auto [at, is_new] = ours.try_emplace(f->pMethods, *f->pMethods);
  if (is_new) {
    write = f->pMethods->xWrite;
    truncate = f->pMethods->xTruncate;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) lock = f->pMethods->xLock;
    at->second.xWrite = on_write;
    at->second.xTruncate = on_truncate;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) at->second.xLock = on_lock;
  }
  f->pMethods = &at->second;
  return result;
}

void watch() {
  static sqlite3_vfs ours = *sqlite3_vfs_find(nullptr);
  open = ours.xOpen;
  remove = ours.xDelete;
  ours.xOpen = on_open;
  ours.xDelete = on_remove;
  ours.zName = "watched";
  sqlite3_vfs_register(&ours, 1);
}

}  // namespace files

class watched_spool final : public telemetry::span_spool {
 public:
  using recordable = opentelemetry::sdk::trace::Recordable;
  explicit watched_spool(std::unique_ptr<telemetry::span_spool> s) : inner_(std::move(s)) {}
  std::unique_ptr<recordable> make_record() noexcept override { return inner_->make_record(); }
  void started(recordable& r, const opentelemetry::trace::SpanContext& p) noexcept override {
    inner_->started(r, p);
  }
  telemetry::sent_counts keep(const recordable& r) noexcept override {
    point();
    auto out = inner_->keep(r);
    point();
    return out;
  }
  std::size_t waiting() const noexcept override { return inner_->waiting(); }
  telemetry::spool_progress deliver(std::size_t most, clock::time_point by) noexcept override {
    point();
    auto out = inner_->deliver(most, by);
    point();
    return out;
  }
  void end_by(clock::time_point by) noexcept override { inner_->end_by(by); }

 private:
  std::unique_ptr<telemetry::span_spool> inner_;
};

struct watched_maker {
  std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> operator()(
      const telemetry::otlp_config& c) const {
    return otlp::make_exporter(c);
  }
  static std::unique_ptr<telemetry::span_spool> spool_spans(const telemetry::otlp_config& c,
                                                            const telemetry::spool_options& o) {
    return std::make_unique<watched_spool>(otlp::make_exporter.spool_spans(c, o));
  }
  static std::unique_ptr<telemetry::log_spool> spool_logs(const telemetry::otlp_config& c,
                                                          const telemetry::spool_options& o) {
    return otlp::make_exporter.spool_logs(c, o);
  }
};

void say(const std::string& line) {
  if (::write(1, line.data(), line.size()) < 0) std::raise(SIGKILL);
}

long number(const char* text) {
  long out = 0;
  std::from_chars(text, text + std::strlen(text), out);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const std::string run = argv[3];
  const long spans = number(argv[4]);
  long die_after = -1;
  for (int i = 5; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "at") die_at = number(argv[i + 1]);
    if (std::string_view(argv[i]) == "reported") die_after = number(argv[i + 1]);
  }
  files::watch();
  auto pipeline = telemetry::setup({
      .service_name = "run " + run,
      .exporters = {telemetry::otlp_collector{.endpoint = argv[1]}},
      .metrics = telemetry::nowhere{},
      .logs = telemetry::nowhere{},
      .otlp = watched_maker{},
      .batch = telemetry::batch_options{.max_batch_size = 3,
                                        .schedule_delay = std::chrono::milliseconds(1)},
      .spool = telemetry::spool_options{.file = argv[2]},
      .flush_deadline = std::chrono::seconds(20),
  });
  if (die_after == 0) std::raise(SIGKILL);
  for (long i = 0; i < spans; ++i) {
    const auto name = std::format("{}-{}", run, i);
    telemetry::operation(name, telemetry::operation::kind::internal, {}, {})
        .end(telemetry::outcome::ok);
    say(name + '\n');
    if (i + 1 == die_after) std::raise(SIGKILL);
  }
  const auto sent = pipeline.flush();
  say(std::format("points {}\n", points.load()));
  return sent.ok() ? 0 : 1;
}
