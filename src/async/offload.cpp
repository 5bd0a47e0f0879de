#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <skein/async/offload.hpp>

namespace skein {

struct thread_pool::state {
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::move_only_function<void()>> work;
  bool stopping = false;
  std::vector<std::jthread> threads;

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      ready.wait(lock, [&] { return stopping || !work.empty(); });
      if (work.empty()) return;
      auto next = std::move(work.front());
      work.pop_front();
      lock.unlock();
      next();
      next = nullptr;
      lock.lock();
    }
  }
};

thread_pool::thread_pool(unsigned threads) : state_(std::make_unique<state>()) {
  for (unsigned i = 0; i < threads; ++i) {
    state_->threads.emplace_back([s = state_.get()] { s->loop(); });
  }
}

thread_pool::~thread_pool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->ready.notify_all();
  state_->threads.clear();
}

void thread_pool::post(std::move_only_function<void()> work) {
  {
    std::lock_guard lock(state_->mutex);
    state_->work.push_back(std::move(work));
  }
  state_->ready.notify_one();
}

}  // namespace skein
