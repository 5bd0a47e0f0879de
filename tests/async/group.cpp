// A group's children end before their owner goes on, however it goes on.
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <skein/async/spawn.hpp>
#include <skein/async/stream.hpp>

#include "async/awaitables.hpp"
#include "async/probes.hpp"
#include "async/runtimes.hpp"

namespace skein::test {
namespace {

using std::chrono::hours;

class Group : public OnEveryRuntime {
 protected:
  census objects;
  std::atomic<int> finished{0};
  task<> sleeper() {
    auto m = objects.enter(current());
    co_await sleep_for(hours(1));
  }
  task<> worker(int hops) {
    auto m = objects.enter(current());
    for (int i = 0; i < hops; ++i) co_await hop();
    ++finished;
  }
  task<> failing(int hops, std::string why) {
    auto m = objects.enter(current());
    for (int i = 0; i < hops; ++i) co_await hop();
    throw tool_error(why);
  }
  static task<> join(task_group& g) { co_await g.join(); }
  void TearDown() override {
    EXPECT_EQ(objects.alive(), 0);
    EXPECT_EQ(objects.astray(), 0) << "something died in another context than its own";
    OnEveryRuntime::TearDown();
  }
};

TEST_P(Group, JoinWaitsForAll) {
  auto work = [&]() -> task<> {
    task_group group;
    co_await group.join();
    for (int i = 0; i < 100; ++i) group.spawn(worker(i % 7));
    EXPECT_GT(group.running(), 0U);
    co_await group.join();
    EXPECT_EQ(finished, 100);
    EXPECT_EQ(group.running(), 0U);
    co_await group.join();
  };
  run(work());
}

TEST_P(Group, ChildrenAreBornWithTheContextOfTheCall) {
  auto child = [](int want) -> task<> {
    EXPECT_EQ(current(), want);
    scoped s(99);
    co_await hop();
    EXPECT_EQ(current(), 99);
  };
  auto work = [&]() -> task<> {
    task_group group;
    scoped outer(10);
    for (std::uint8_t i = 20; i < 30; ++i) {
      scoped s(i);
      group.spawn(child(i));
    }
    EXPECT_EQ(current(), 10);
    co_await group.join();
    EXPECT_EQ(current(), 10);
  };
  run(work());
}

TEST_P(Group, TheFirstFailureStopsTheOthersAndIsRethrownAfterAllEnded) {
  auto work = [&]() -> task<> {
    task_group group;
    for (int i = 0; i < 10; ++i) group.spawn(sleeper());
    group.spawn(failing(3, "first"));
    EXPECT_EQ(ending(co_await as_result(join(group))), "first");
    EXPECT_EQ(objects.alive(), 0);
    EXPECT_EQ(ending(co_await as_result(join(group))), "value") << "told once";
  };
  run(work());
}

TEST_P(Group, ALaterFailureIsNotTheGroups) {
  auto cleans_up_badly = [&]() -> task<> {
    auto r = co_await as_result(sleeper());
    throw tool_error("second");
  };
  auto work = [&]() -> task<> {
    task_group group;
    group.spawn(cleans_up_badly());
    group.spawn(failing(2, "first"));
    EXPECT_EQ(ending(co_await as_result(join(group))), "first");
  };
  run(work());
}

TEST_P(Group, ExceptionTypesSurvive) {
  struct unrelated {
    int n;
  };
  auto throws = [&]() -> task<> {
    co_await hop();
    throw unrelated{7};
  };
  auto work = [&]() -> task<int> {
    task_group group;
    group.spawn(throws());
    try {
      co_await group.join();
    } catch (const unrelated& u) {
      co_return u.n;
    }
    co_return 0;
  };
  EXPECT_EQ(run(work()), 7);
}

TEST_P(Group, AChildsOwnDeadlineIsAFailure) {
  auto work = [&]() -> task<> {
    task_group group;
    group.spawn(sleeper());
    group.spawn(with_deadline(std::chrono::milliseconds(1), sleeper()));
    EXPECT_EQ(ending(co_await as_result(join(group))), "deadline");
  };
  run(work());
}

TEST_P(Group, AStoppedGroupJoinsQuietly) {
  auto work = [&]() -> task<> {
    task_group group;
    for (int i = 0; i < 5; ++i) group.spawn(sleeper());
    co_await hop();
    group.cancel();
    co_await group.join();
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

TEST_P(Group, StoppingTheOwnerStopsTheChildrenAndIsToldByJoin) {
  auto work = [&]() -> task<> {
    cancel_source source;
    auto body = [&]() -> task<> {
      task_group group;
      for (int i = 0; i < 5; ++i) group.spawn(sleeper());
      EXPECT_EQ(ending(co_await as_result(join(group))), "cancelled");
      EXPECT_EQ(objects.alive(), 0);
      co_await hop();
    };
    auto j = spawn(*rt, with_cancel(source, body()));
    for (int i = 0; i < 3; ++i) co_await hop();
    source.cancel();
    EXPECT_EQ(co_await ending_of(j), "cancelled");
  };
  run(work());
}

TEST_P(Group, LeavingWithoutJoinDestroysTheChildren) {
  auto work = [&]() -> task<> {
    scoped s(5);
    for (int hops = 0; hops < 5; ++hops) {
      {
        task_group group;
        for (int i = 0; i < 10; ++i) group.spawn(sleeper());
        for (int i = 0; i < 10; ++i) group.spawn(worker(i % 4));
        for (int i = 0; i < hops; ++i) co_await hop();
      }
      EXPECT_EQ(objects.alive(), 0);
    }
  };
  run(work());
}

TEST_P(Group, LeavingWhileChildrenFinish) {
  auto work = [&]() -> task<> {
    for (int round = 0; round < 300; ++round) {
      task_group group;
      for (int i = 0; i < 8; ++i) group.spawn(worker(i % 3));
      if (round % 2 == 0) co_await hop();
    }
  };
  run(work());
}

task<> grow(task_group& group, census& objects, int levels) {
  auto m = objects.enter(0);
  co_await hop();
  if (levels > 0) {
    group.spawn(grow(group, objects, levels - 1));
    group.spawn(grow(group, objects, levels - 1));
  }
  co_await hop();
}

TEST_P(Group, ChildrenMaySpawnSiblings) {
  auto work = [&]() -> task<> {
    task_group group;
    group.spawn(grow(group, objects, 6));
    co_await group.join();
    EXPECT_EQ(objects.born(), 127);
  };
  run(work());
}

TEST_P(Group, LeavingWhileChildrenSpawnSiblings) {
  auto work = [&]() -> task<> {
    for (int round = 0; round < 200; ++round) {
      task_group group;
      group.spawn(grow(group, objects, 6));
      for (int i = 0; i < round % 8; ++i) co_await hop();
    }
  };
  run(work());
}

TEST_P(Group, GroupsNest) {
  auto inner = [&](int i) -> task<> {
    task_group group;
    for (int k = 0; k < 5; ++k) group.spawn(sleeper());
    group.spawn(i == 3 ? failing(2, "deep") : sleeper());
    co_await group.join();
  };
  auto work = [&]() -> task<> {
    task_group group;
    for (int i = 0; i < 5; ++i) group.spawn(inner(i));
    EXPECT_EQ(ending(co_await as_result(join(group))), "deep");
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

TEST_P(Group, SlotsAreUsedAgain) {
  auto work = [&]() -> task<> {
    task_group group;
    for (int round = 0; round < 50; ++round) {
      for (int i = 0; i < 20; ++i) group.spawn(worker(i % 3));
      for (int i = 0; i < 4; ++i) co_await hop();
    }
    co_await group.join();
    EXPECT_EQ(finished, 1000);
  };
  run(work());
}

TEST_P(Group, ManyChildren) {
  auto work = [&]() -> task<> {
    task_group group;
    for (int i = 0; i < 20'000; ++i) group.spawn(worker(1));
    co_await group.join();
    EXPECT_EQ(finished, 20'000);
  };
  run(work());
}

TEST_P(Group, InsideAStreamItDiesWithTheBody) {
  auto body = [&]() -> stream<int> {
    scoped s(40);
    task_group group;
    for (int i = 0;; ++i) {
      group.spawn(sleeper());
      co_yield i;
    }
  };
  auto work = [&]() -> task<> {
    auto s = body();
    for (int i = 0; i < 4; ++i) co_await s.next();
    co_await hop();
    EXPECT_GT(objects.alive(), 0);
    s.close();
    EXPECT_EQ(objects.alive(), 0);
  };
  run(work());
}

TEST_P(Group, OutsideACoroutineItSaysWhatIsWrong) {
  task_group group;
  EXPECT_THROW(group.spawn(hop()), usage_error);
  EXPECT_EQ(group.running(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Group, ::testing::ValuesIn(worlds), world_name);

}  // namespace
}  // namespace skein::test
