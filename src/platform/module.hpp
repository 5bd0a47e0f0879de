// Shared modules that are loaded only when they are wanted.
#pragma once

#include <dlfcn.h>
#include <expected>
#include <filesystem>
#include <string>
#include <system_error>

namespace skein::platform {

// The address of a function in a module, which then stays loaded; or what went wrong. A name
// without a slash is looked for where the program's own libraries are, and beside the program (a
// sanitizer's runtime, which calls the loader in our place, forgets the former).
inline std::expected<void*, std::string> load_function(const char* module, const char* function) {
  void* handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    std::error_code ec;
    const auto beside =
        std::filesystem::read_symlink("/proc/self/exe", ec).replace_filename(module);
    if (!ec && std::filesystem::exists(beside, ec)) {
      handle = dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
  }
  void* address = handle == nullptr ? nullptr : dlsym(handle, function);
  if (address != nullptr) return address;
  const char* why = dlerror();
  return std::unexpected(std::string(why == nullptr ? "unknown reason" : why));
}

}  // namespace skein::platform
