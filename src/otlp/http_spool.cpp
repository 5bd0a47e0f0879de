// A spool whose collector speaks OTLP over HTTP, with Protobuf.
#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <format>
#include <map>
#include <memory>
#include <mutex>
#include <protozero/pbf_writer.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/sdk/common/global_log_handler.h>

#include <skein/core/error.hpp>
#include <skein/otlp/exporter.hpp>
#include <skein/telemetry/spool.hpp>

#include "otlp/answers.hpp"
#include "otlp/http_sender.hpp"
#include "otlp/signal_json.hpp"
#include "otlp/span_bytes.hpp"
#include "otlp/spool_file.hpp"
#include "otlp/transcode.hpp"
#include "telemetry/log_recorder.hpp"

namespace skein::otlp {

namespace sdk = opentelemetry::sdk;
using telemetry::loss;
using telemetry::otlp_config;
using telemetry::sent_counts;
using telemetry::spool_options;

namespace {

constexpr std::size_t most_bytes_of_a_request = std::size_t{4} << 20U;
constexpr int most_files = 1000;

struct spans {
  using recordable = sdk::trace::Recordable;
  using recorder = span_bytes;
  static constexpr const char* plural = "spans";
  static constexpr const char* rejected_name = "rejectedSpans";
  static void append(const recorder& r, std::string& to) { r.append_to(to); }
};
struct log_records {
  using recordable = sdk::logs::Recordable;
  using recorder = telemetry::log_recorder;
  static constexpr const char* plural = "log records";
  static constexpr const char* rejected_name = "rejectedLogRecords";
  static void append(const recorder& r, std::string& to) {
    to += log_to_protobuf(log_json(r.record()));
  }
};

using file_ptr = std::unique_ptr<spool_file>;

// The one that is ours, and those that nobody has any more.
struct claimed {
  file_ptr own;
  std::vector<file_ptr> orphans;
};
claimed claim(const spool_options& options) {
  claimed out;
  for (int n = 0; n < most_files; ++n) {
    const auto path = n == 0 ? options.file : std::format("{}~{}", options.file, n);
    std::error_code ec;
    if (out.own && !std::filesystem::exists(path, ec)) return out;
    try {
      auto file = std::make_unique<spool_file>(path, options.max_bytes);
      if (!out.own) {
        out.own = std::move(file);
      } else if (file->count() > 0) {
        out.orphans.push_back(std::move(file));
      }
    } catch (const spool_error& e) {
      if (e.kind() == sqlite::failure::locked) continue;
      OTEL_INTERNAL_LOG_ERROR("[Skein] " << path << ": " << e.what());
      if (e.kind() != sqlite::failure::damaged)
        throw usage_error(std::format("{}: {}", path, e.what()));
    }
  }
  if (!out.own)
    throw usage_error(std::format("too many processes have the spool {}", options.file));
  return out;
}

template <class Signal>
class http_spool final : public telemetry::spool<typename Signal::recordable> {
 public:
  using recordable = typename Signal::recordable;
  using recorder = typename Signal::recorder;
  using base = telemetry::spool<recordable>;
  using typename base::clock;
  using progress = telemetry::spool_progress;
  using then = progress::then;

  http_spool(const otlp_config& config, const spool_options& options)
      : timeout_(config.timeout),
        max_age_(options.max_age),
        path_(options.file),
        sender_(config),
        files_(claim(options)) {
    waiting_ = files_.own->count();
    for (auto& f : files_.orphans) waiting_ += f->count();
  }

  std::unique_ptr<recordable> make_record() noexcept override {
    return std::make_unique<recorder>();
  }
  void started(recordable& span,
               const opentelemetry::trace::SpanContext& parent) noexcept override {
    if constexpr (requires(recorder& r) { r.set_remote_parent(true); }) {
      static_cast<recorder&>(span).set_remote_parent(parent.IsRemote());
    }
  }

  sent_counts keep(const recordable& record) noexcept override {
    sent_counts out;
    try {
      const auto& r = static_cast<const recorder&>(record);
      std::string bytes;
      bytes.reserve(1024);
      Signal::append(r, bytes);
      const auto origin = origin_of(r);
      waiting_ += 1;  // before anybody can take it away again
      spool_file::put_result put;
      try {
        put = files_.own->put(origin, bytes);
      } catch (const spool_error&) {
        waiting_ -= 1;
        throw;
      }
      out.lose(loss::spool_full, put.gone + (put.kept ? 0 : 1));
      waiting_ -= put.gone + (put.kept ? 0 : 1);
      out.spooled = put.kept ? 1 : 0;
    } catch (const std::exception& e) {
      out.lose(loss::spool_failed, 1, e.what());
    }
    if (!out.ok() && !said_.exchange(true)) {
      OTEL_INTERNAL_LOG_WARN("[Skein] " << Signal::plural << " are dropped ("
                                        << name_of(out.losses.front().why) << ") by the spool "
                                        << path_ << ' ' << out.losses.front().first);
    }
    return out;
  }

  std::size_t waiting() const noexcept override { return waiting_; }
  void end_by(clock::time_point deadline) noexcept override { sender_.end_by(deadline); }

  progress deliver(std::size_t most, clock::time_point deadline) noexcept override {
    progress made;
    try {
      auto& file = oldest_file();
      const auto aged = file.forget_older_than(max_age_);
      waiting_ -= aged;
      made.counts.lose(loss::too_old, aged);
      const auto batch = file.oldest(most, most_bytes_of_a_request);
      delivery(*this, file, batch, std::min(deadline, clock::now() + timeout_)).run(made);
    } catch (const std::exception& e) {
      made.next = then::later;
      say(e.what());
    }
    return made;
  }

 private:
  using items = std::span<const spool_file::item>;

  // One batch on its way, in order. A collector that refuses it for one item in it takes the others
  // when they come without it.
  class delivery {
   public:
    delivery(http_spool& of, spool_file& from, items batch, clock::time_point deadline)
        : spool_(of), file_(from), deadline_(deadline) {
      if (!batch.empty()) todo_.push_back(batch);
    }

    void run(progress& made) {
      while (!todo_.empty() && made.next == then::go_on) {
        const auto some = todo_.back();
        todo_.pop_back();
        auto answer = spool_.sender_.try_once(spool_.request_of(file_, some), deadline_);
        using kind = http_sender::answer::kind;
        switch (answer.outcome) {
          case kind::accepted:
            taken(made, some,
                  counts_of_accepted(answer.body, wire_format::protobuf, Signal::plural,
                                     Signal::rejected_name, some.size()));
            spool_.quiet_ = false;
            break;
          case kind::refused:
            refused(made, some, answer);
            break;
          case kind::busy:
            put_off(made, then::later, answer);
            break;
          case kind::nobody:
            put_off(made, then::nobody, answer);
            break;
        }
      }
      // Refused one by one, and others were not: it is they.
      if (!suspects_.empty()) {
        if (alive_) {
          taken(made, suspects_, {});
        } else if (made.next == then::go_on) {
          made.next = then::nobody;
          spool_.say(why_);
        }
      }
    }

   private:
    static constexpr std::size_t most_suspects = 8;

    // `some` follow the suspects in the batch.
    void taken(progress& made, items some, sent_counts counts) {
      alive_ = true;
      counts.lose(loss::refused, suspects_.size(), why_);
      const auto all = some.size() + (some.data() == suspects_.data() ? 0 : suspects_.size());
      made.counts += counts;
      suspects_ = {};
      file_.forget(some.back().id);
      spool_.waiting_ -= all;
    }

    void refused(progress& made, items some, const http_sender::answer& answer) {
      if (is_about_us(answer.status)) return put_off(made, then::nobody, answer);
      if (some.size() > 1) {
        const auto half = some.size() / 2;
        todo_.push_back(some.subspan(half));
        todo_.push_back(some.first(half));
        return;
      }
      if (why_.empty()) why_ = answer.why;
      if (answer.for_its_content()) {
        OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: one of the " << Signal::plural
                                                            << " is lost: " << answer.why);
        sent_counts poison;
        poison.lose(loss::refused, 1, answer.why);
        return taken(made, some, poison);
      }
      suspects_ = suspects_.empty() ? some : items(suspects_.data(), suspects_.size() + 1);
      if (!alive_ && suspects_.size() >= most_suspects) put_off(made, then::nobody, answer);
    }

    // Whoever sends is refused, whatever it is: a wrong key or address.
    static bool is_about_us(long status) {
      return status < 400 || status == 401 || status == 403 || status == 404 || status == 405 ||
             status == 407 || status == 415;
    }

    void put_off(progress& made, then next, const http_sender::answer& answer) {
      made.next = next;
      made.retry_after = answer.retry_after;
      spool_.say(answer.why);
    }

    http_spool& spool_;
    spool_file& file_;
    const clock::time_point deadline_;
    std::vector<items> todo_;
    items suspects_;  // refused alone by a collector that may refuse everybody
    std::string why_;
    bool alive_ = false;  // it took something, or looked into something
  };

  spool_file& oldest_file() {
    while (!files_.orphans.empty()) {
      if (files_.orphans.front()->count() > 0) return *files_.orphans.front();
      files_.orphans.erase(files_.orphans.begin());
      origins_.clear();
    }
    return *files_.own;
  }

  std::int64_t origin_of(const recorder& r) {
    std::lock_guard lock(known_mutex_);
    for (const auto& k : known_) {
      if (k.resource == r.resource() && k.scope == r.scope()) return k.id;
    }
    const auto id = files_.own->origin_of(resource_fields(r.resource()), scope_fields(r.scope()));
    known_.push_back({r.resource(), r.scope(), id});
    return id;
  }

  std::string request_of(spool_file& file, items some) {
    using protozero::pbf_writer;
    std::map<std::int64_t, std::vector<const spool_file::item*>> groups;
    for (const auto& i : some) groups[i.origin].push_back(&i);
    std::string out;
    pbf_writer request(out);
    for (const auto& [id, all] : groups) {
      auto known = origins_.find({&file, id});
      if (known == origins_.end()) {
        known = origins_.emplace(std::pair(&file, id), file.origin_at(id)).first;
      }
      pbf_writer of_resource(request, 1);
      out += known->second.resource;
      pbf_writer of_scope(of_resource, 2);
      out += known->second.scope;
      for (const auto* i : all) of_scope.add_message(2, i->bytes);
    }
    return out;
  }

  // Once for each time that things go wrong.
  void say(const std::string& why) {
    if (std::exchange(quiet_, true)) return;
    OTEL_INTERNAL_LOG_ERROR("[Skein] OTLP: " << Signal::plural << " wait in the spool " << path_
                                             << ": " << why);
  }

  struct known_origin {
    const sdk::resource::Resource* resource;
    const sdk::instrumentationscope::InstrumentationScope* scope;
    std::int64_t id;
  };

  const std::chrono::milliseconds timeout_;
  const std::chrono::seconds max_age_;
  const std::string path_;
  http_sender sender_;
  claimed files_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<bool> said_ = false;
  bool quiet_ = false;
  std::mutex known_mutex_;
  std::vector<known_origin> known_;
  std::map<std::pair<const spool_file*, std::int64_t>, spool_file::origin> origins_;
};

template <class Signal>
std::unique_ptr<telemetry::spool<typename Signal::recordable>> make_spool(
    const otlp_config& config, const spool_options& options) {
  if (config.protocol != telemetry::otlp_protocol::http_protobuf) {
    throw usage_error(
        "a spool is for OTLP over HTTP with Protobuf: leave it out (SKEIN_TELEMETRY_SPOOL), or set "
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
  }
  return std::make_unique<http_spool<Signal>>(config, options);
}

}  // namespace

std::unique_ptr<telemetry::span_spool> exporter_maker::spool_spans(
    const otlp_config& config, const spool_options& options) const {
  return make_spool<spans>(config, options);
}

std::unique_ptr<telemetry::log_spool> exporter_maker::spool_logs(
    const otlp_config& config, const spool_options& options) const {
  return make_spool<log_records>(config, options);
}

}  // namespace skein::otlp
