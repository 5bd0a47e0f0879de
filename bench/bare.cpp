// bare_peer chunks|tool|conc: the lower bound that skein_peer is held against. The same scenarios
// and keys with nothing but libcurl, a loop that looks for blank lines, and Boost.JSON.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <vector>

#include <boost/json.hpp>
#include <curl/curl.h>

#include "process.hpp"

namespace {

namespace json = boost::json;

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

// One answer: events cut at blank lines, JSON into memory that is used again for each event.
class reader {
 public:
  std::size_t chunks = 0;
  std::size_t chars = 0;
  std::string call_id;
  std::string arguments;

  void feed(std::string_view bytes) {
    buffer_.append(bytes);
    std::size_t from = 0;
    for (std::size_t end; (end = buffer_.find("\n\n", from)) != std::string::npos; from = end + 2) {
      event(std::string_view(buffer_).substr(from, end - from));
    }
    buffer_.erase(0, from);
  }

 private:
  void event(std::string_view line) {
    if (!line.starts_with("data: ") || line == "data: [DONE]") return;
    json::monotonic_resource memory(memory_.data(), memory_.size());
    const json::value value = json::parse(line.substr(6), &memory);
    const auto& choices = value.at("choices").as_array();
    if (choices.empty()) return;
    const auto& delta = choices[0].at("delta").as_object();
    if (const auto* content = delta.if_contains("content"); content && content->is_string()) {
      const auto& text = content->get_string();
      if (!text.empty()) ++chunks;
      chars += text.size();
    }
    if (const auto* calls = delta.if_contains("tool_calls")) {
      for (const auto& call : calls->as_array()) {
        if (const auto* id = call.as_object().if_contains("id")) call_id = id->as_string();
        arguments += call.at("function").at("arguments").as_string();
      }
    }
  }

  std::string buffer_;
  std::array<unsigned char, 4096> memory_;
};

struct slist_free {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct easy_free {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using easy_handle = std::unique_ptr<CURL, easy_free>;

std::unique_ptr<curl_slist, slist_free> headers() {
  auto* list = curl_slist_append(nullptr, "Content-Type: application/json");
  list = curl_slist_append(list, "Expect:");
  return std::unique_ptr<curl_slist, slist_free>(list);
}

struct request {
  std::string url = std::string(std::getenv("BASE")) + "/chat/completions";
  std::unique_ptr<curl_slist, slist_free> header_list = headers();
  std::string body;
  reader answer;

  void set_up(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_list.get());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(
        easy, CURLOPT_WRITEFUNCTION, +[](char* p, std::size_t, std::size_t n, void* self) {
          static_cast<reader*>(self)->feed({p, n});
          return n;
        });
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  }
};

json::array first_message() { return {{{"role", "user"}, {"content", "hi"}}}; }

std::string body_of(const std::string& model, const json::array& messages, bool tool) {
  json::object body{{"model", model}, {"stream", true}, {"messages", messages}};
  if (tool) {
    body["tools"] = json::array{
        json::object{{"type", "function"},
                     {"function",
                      {{"name", "get_weather"},
                       {"parameters",
                        {{"type", "object"}, {"properties", {{"city", {{"type", "string"}}}}}}}}}}};
  }
  return json::serialize(body);
}

struct totals {
  std::size_t chunks = 0;
  std::size_t chars = 0;
};

totals ask(CURL* easy, const std::string& model, bool tool) {
  auto messages = first_message();
  while (true) {
    request r;
    r.body = body_of(model, messages, tool);
    r.set_up(easy);
    if (curl_easy_perform(easy) != CURLE_OK) {
      std::fputs("bare_peer: a request failed\n", stderr);
      std::exit(1);
    }
    if (r.answer.call_id.empty()) return {r.answer.chunks, r.answer.chars};
    const std::string city(json::parse(r.answer.arguments).at("city").as_string());
    messages.push_back(
        {{"role", "assistant"},
         {"content", nullptr},
         {"tool_calls",
          json::array{json::object{
              {"id", r.answer.call_id},
              {"type", "function"},
              {"function", {{"name", "get_weather"}, {"arguments", r.answer.arguments}}}}}}});
    messages.push_back(
        {{"role", "tool"}, {"tool_call_id", r.answer.call_id}, {"content", city + " 21C"}});
  }
}

// Any number of requests at once on one thread, by epoll.
class multi {
 public:
  multi() : handle_(curl_multi_init()), poll_(epoll_create1(0)) {
    curl_multi_setopt(
        handle_, CURLMOPT_SOCKETFUNCTION,
        +[](CURL*, curl_socket_t fd, int what, void* self, void* known) {
          static_cast<multi*>(self)->watch(fd, what, known != nullptr);
          return 0;
        });
    curl_multi_setopt(handle_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(
        handle_, CURLMOPT_TIMERFUNCTION, +[](CURLM*, long ms, void* self) {
          static_cast<multi*>(self)->due_ =
              ms < 0 ? -1 : bench::monotonic_ms() + static_cast<double>(ms);
          return 0;
        });
    curl_multi_setopt(handle_, CURLMOPT_TIMERDATA, this);
  }
  multi(const multi&) = delete;
  multi& operator=(const multi&) = delete;
  ~multi() {
    for (auto* easy : easies_) curl_multi_remove_handle(handle_, easy);
    curl_multi_cleanup(handle_);
    ::close(poll_);
  }

  void add(CURL* easy) {
    easies_.push_back(easy);
    curl_multi_add_handle(handle_, easy);
  }

  // Calls `now_and_then` every 50 ms.
  template <class F>
  void run(F now_and_then) {
    int running = 1;
    curl_multi_socket_action(handle_, CURL_SOCKET_TIMEOUT, 0, &running);
    double next = 0;
    while (running > 0) {
      std::array<epoll_event, 64> events{};
      const double now = bench::monotonic_ms();
      int wait = 50;
      if (due_ >= 0 && due_ - now < wait) wait = due_ > now ? static_cast<int>(due_ - now) + 1 : 0;
      const int n = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), wait);
      for (int i = 0; i < n; ++i) {
        const auto& e = events[static_cast<std::size_t>(i)];
        const int bits = ((e.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                         ((e.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                         ((e.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(handle_, e.data.fd, bits, &running);
      }
      if (due_ >= 0 && bench::monotonic_ms() >= due_) {
        due_ = -1;
        curl_multi_socket_action(handle_, CURL_SOCKET_TIMEOUT, 0, &running);
      }
      if (now > next) {
        now_and_then();
        next = now + 50;
      }
    }
  }

 private:
  void watch(curl_socket_t fd, int what, bool known) {
    epoll_event e{};
    e.data.fd = fd;
    e.events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(poll_, EPOLL_CTL_DEL, fd, nullptr);
      return;
    }
    epoll_ctl(poll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
    curl_multi_assign(handle_, fd, this);
  }

  CURLM* handle_;
  int poll_;
  double due_ = -1;
  std::vector<CURL*> easies_;
};

bench::json_line line(const char* scenario) {
  bench::json_line out;
  out.text("peer", "bare").text("sc", scenario);
  return out;
}

void chunks(CURL* easy) {
  ask(easy, "b-500-0", false);
  ask(easy, "b-1000-0", false);
  const auto n = from_environment("N", 20);
  const double cpu = bench::cpu_ms();
  const double start = bench::monotonic_ms();
  totals sum;
  for (std::size_t i = 0; i < n; ++i) {
    const auto seen = ask(easy, "b-1000-0", false);
    sum.chunks += seen.chunks;
    sum.chars += seen.chars;
  }
  line("chunks")
      .count("deltas", sum.chunks)
      .flag("okChars", sum.chars == n * 6000)
      .number("cpuMsPer1000", (bench::cpu_ms() - cpu) / static_cast<double>(n))
      .number("wallMsPer1000", (bench::monotonic_ms() - start) / static_cast<double>(n))
      .number("rssMB", bench::rss_mb())
      .print();
}

void tool(CURL* easy) {
  for (int i = 0; i < 20; ++i) ask(easy, "b-10-0-tool", true);
  const auto n = from_environment("N", 200);
  const double cpu = bench::cpu_ms();
  const double start = bench::monotonic_ms();
  std::size_t chars = 0;
  for (std::size_t i = 0; i < n; ++i) chars += ask(easy, "b-10-0-tool", true).chars;
  line("tool")
      .flag("ok", chars == n * 60)
      .number("cpuMsPerRun", (bench::cpu_ms() - cpu) / static_cast<double>(n))
      .number("wallMsPerRun", (bench::monotonic_ms() - start) / static_cast<double>(n))
      .number("rssMB", bench::rss_mb())
      .print();
}

void conc(CURL* first) {
  ask(first, "b-10-0", false);
  const double base = bench::rss_mb();
  const auto streams = from_environment("S", 200);
  const double cpu = bench::cpu_ms();
  const double start = bench::monotonic_ms();
  double peak = 0;
  std::vector<request> requests(streams);
  std::vector<easy_handle> easies;
  {
    multi all;
    for (auto& r : requests) {
      easies.emplace_back(curl_easy_init());
      r.body = body_of("b-100-20", first_message(), false);
      r.set_up(easies.back().get());
      all.add(easies.back().get());
    }
    all.run([&] { peak = std::max(peak, bench::rss_mb()); });
  }
  bool right = true;
  for (const auto& r : requests) right = right && r.answer.chars == 600;
  const double used = bench::cpu_ms() - cpu;
  line("conc")
      .count("streams", streams)
      .flag("okChars", right)
      .count("idealMs", 2080)
      .number("wallMs", bench::monotonic_ms() - start)
      .number("cpuMs", used)
      .number("cpuMsPer1000", used / (static_cast<double>(streams) / 10.0))
      .number("baseRssMB", base)
      .number("peakRssMB", peak)
      .number("hwmMB", bench::peak_rss_mb())
      .print();
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view scenario = count > 1 ? arguments[1] : "";
  void (*run)(CURL*) = scenario == "chunks" ? chunks
                       : scenario == "tool" ? tool
                       : scenario == "conc" ? conc
                                            : nullptr;
  if (run == nullptr || std::getenv("BASE") == nullptr) {
    std::fputs("usage: BASE=http://127.0.0.1:4100/v1 bare_peer chunks|tool|conc\n", stderr);
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const easy_handle easy(curl_easy_init());
  run(easy.get());
}
