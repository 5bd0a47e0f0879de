#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> small_count{0};
std::atomic<std::size_t> text_count{0};
}  // namespace

namespace bench {
std::size_t small_blocks() noexcept { return small_count.load(std::memory_order_relaxed); }
std::size_t text_blocks() noexcept { return text_count.load(std::memory_order_relaxed); }
}  // namespace bench

void* operator new(std::size_t size) {
  auto& count = size < bench::text_block ? small_count : text_count;
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
