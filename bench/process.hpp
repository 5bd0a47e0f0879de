// What a benchmark reads of its own process (Linux), and what it prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace bench {

inline double monotonic_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

// User and system time of all threads so far.
inline double cpu_ms() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

inline double rss_mb() {
  std::size_t size = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1048576.0;
}

inline double peak_rss_mb() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024.0;
}

// One line of JSON with the keys that the JavaScript peers print.
class json_line {
 public:
  json_line& text(const char* key, const std::string& value) { return raw(key, '"' + value + '"'); }
  json_line& number(const char* key, double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.4g", value);
    return raw(key, digits);
  }
  json_line& count(const char* key, std::size_t value) { return raw(key, std::to_string(value)); }
  json_line& flag(const char* key, bool value) { return raw(key, value ? "true" : "false"); }
  void print() const {
    std::printf("{%s}\n", members_.c_str());
    std::fflush(stdout);
  }

 private:
  json_line& raw(const char* key, const std::string& value) {
    if (!members_.empty()) members_ += ',';
    members_ += '"' + std::string(key) + "\":" + value;
    return *this;
  }
  std::string members_;
};

}  // namespace bench
