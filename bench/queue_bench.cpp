// The ring beside the queues that a library offers, in one run; and what a batch costs.
#include <benchmark/benchmark.h>

#include <atomic>
#include <boost/lockfree/queue.hpp>
#include <thread>
#include <vector>

#include "core/pipeline/batch.hpp"
#include "core/pipeline/consumer_queue.hpp"
#include "core/pipeline/registry.hpp"
#include "core/pipeline/ring.hpp"
#include "weir/rows.hpp"
#ifdef WEIR_HAVE_MOODYCAMEL
#include <concurrentqueue/concurrentqueue.h>
#endif

namespace {

using weir::core::ConsumerQueue;
using Item = ConsumerQueue::Item;

struct OurRing {
  weir::core::Ring<Item> q{1 << 12};
  bool push(const Item& i) { return q.push(i); }
  bool pop(Item& i) { return q.pop(i); }
};
struct BoostQueue {
  boost::lockfree::queue<Item> q{1 << 12};
  bool push(const Item& i) { return q.bounded_push(i); }
  bool pop(Item& i) { return q.pop(i); }
};
#ifdef WEIR_HAVE_MOODYCAMEL
struct Moodycamel {
  moodycamel::ConcurrentQueue<Item> q{1 << 12};
  bool push(const Item& i) { return q.try_enqueue(i); }
  bool pop(Item& i) { return q.try_dequeue(i); }
};
#endif

// A push and a pop by one thread: what the instructions cost, without the machine's noise.
template <class Queue>
void BM_PushPop(benchmark::State& state) {
  Queue queue;
  Item item{nullptr, nullptr};
  for (auto _ : state) {
    queue.push(item);
    queue.pop(item);
    benchmark::DoNotOptimize(item);
  }
}

// `producers` threads and one consumer, a million items.
template <class Queue>
void BM_Threads(benchmark::State& state) {
  constexpr int kItems = 1'000'000;
  const int producers = static_cast<int>(state.range(0));
  for (auto _ : state) {
    Queue queue;
    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p) {
      threads.emplace_back([&, n = kItems / producers] {
        for (int i = 0; i < n; ++i) {
          while (!queue.push({nullptr, nullptr})) std::this_thread::yield();
        }
      });
    }
    Item item{};
    for (int n = 0; n < kItems / producers * producers;) {
      if (queue.pop(item)) {
        ++n;
      } else {
        std::this_thread::yield();
      }
    }
    for (auto& t : threads) t.join();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}

void BM_BatchBuild(benchmark::State& state) {
  const auto rows = static_cast<std::uint32_t>(state.range(0));
  weir::core::Epochs epochs;
  weir::core::Registry registry(epochs, 100);
  weir::Schema schema("bench");
  for (int i = 0; i < 10; ++i) schema.gauge("f" + std::to_string(i), "", "");
  std::string error;
  const weir_measurement* m = schema.with_abi(
      [&](const weir_measurement& wanted) { return registry.measurement(wanted, {}, error); });
  const weir_series* series = registry.series(m, nullptr, {}, error);
  weir::core::BatchPool* pool = weir::core::BatchPool::make(epochs);
  for (auto _ : state) {
    weir::core::Batch* batch = pool->acquire(m, rows);
    for (std::uint32_t f = 0; f < 10; ++f) {
      double* values = batch->abi.columns[f].v.f64;
      for (std::uint32_t i = 0; i < rows; ++i) values[i] = i + f;
    }
    for (std::uint32_t i = 0; i < rows; ++i) {
      batch->abi.series[i] = series;
      batch->abi.times[i] = i;
    }
    batch->abi.rows = rows;
    benchmark::DoNotOptimize(weir::core::well_formed(batch->abi));
    weir::core::release(batch);
  }
  state.SetItemsProcessed(state.iterations() * rows * 10);
  pool->close();
}

BENCHMARK(BM_PushPop<OurRing>);
BENCHMARK(BM_PushPop<BoostQueue>);
BENCHMARK(BM_Threads<OurRing>)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Threads<BoostQueue>)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
#ifdef WEIR_HAVE_MOODYCAMEL
BENCHMARK(BM_PushPop<Moodycamel>);
BENCHMARK(BM_Threads<Moodycamel>)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
#endif
BENCHMARK(BM_BatchBuild)->Arg(1)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
