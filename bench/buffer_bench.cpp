// The disk buffer beside plain sequential write() of the same bytes at the same sync policy, and
// its replay. In the folder that WEIR_BENCH_FOLDER names, by default one of the working directory,
// so that a real disk is measured and not a tmpfs.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/buffer/crc32c.hpp"
#include "core/buffer/disk_buffer.hpp"
#include "core/buffer/replay.hpp"
#include "core/pipeline/batch.hpp"
#include "core/pipeline/registry.hpp"
#include "weir/rows.hpp"

namespace {

namespace buffer = weir::buffer;
namespace core = weir::core;

constexpr std::uint64_t kTotalBytes = 64u << 20;  // of one measured round

std::string folder() {
  const char* named = std::getenv("WEIR_BENCH_FOLDER");
  return std::string(named == nullptr ? "." : named) + "/buffer_bench." + std::to_string(getpid());
}

// Batches of 10 numbers a row, each row of another series.
class Rows {
 public:
  explicit Rows(std::uint32_t rows) {
    weir::Schema schema("bench");
    schema.label("n");
    for (int i = 0; i < 10; ++i) schema.gauge("f" + std::to_string(i), "", "");
    std::string error;
    const weir_measurement* m = schema.with_abi(
        [&](const weir_measurement& wanted) { return registry_.measurement(wanted, {}, error); });
    batch_ = pool_->acquire(m, rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::string name = "series " + std::to_string(i);
      const weir_string value = weir::abi_string(name);
      batch_->abi.series[i] = registry_.series(m, &value, {}, error);
      batch_->abi.times[i] = i;
      for (std::uint32_t f = 0; f < 10; ++f) batch_->abi.columns[f].v.f64[i] = i + f;
    }
    batch_->abi.rows = rows;
    batches_.push_back(&batch_->abi);
  }
  ~Rows() {
    core::release(batch_);
    pool_->close();
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  buffer::Chain chain() const { return {1, batches_}; }
  core::Registry& registry() { return registry_; }
  core::BatchPool& pool() { return *pool_; }

 private:
  core::Epochs epochs_;
  core::Registry registry_{epochs_, 1u << 20};
  core::BatchPool* pool_ = core::BatchPool::make(epochs_);
  core::Batch* batch_;
  std::vector<const weir_batch*> batches_;
};

std::unique_ptr<buffer::DiskBuffer> open(const std::string& path, buffer::SyncPolicy sync) {
  buffer::Options options;
  options.bytes_max = 4ull << 30;
  options.sync = sync;
  buffer::OpenReport report;
  std::string error;
  auto opened =
      buffer::DiskBuffer::open(buffer::open_directory(path, true, error), options, report, error);
  if (opened == nullptr) std::abort();
  return opened;
}

// Bytes of a frame of these rows, and how many a round has.
struct Round {
  std::uint64_t frame_bytes, frames;
};
Round round_of(const Rows& rows, buffer::SyncPolicy sync) {
  buffer::Encoder encoder;
  encoder.begin_segment(1);
  encoder.add(rows.chain());
  encoder.keep();
  encoder.add(rows.chain());
  const std::uint64_t bytes = encoder.bytes();
  if (sync == buffer::SyncPolicy::kAlways) return {bytes, 50};
  return {bytes, std::min<std::uint64_t>(kTotalBytes / bytes / 64 * 64, 192'000)};
}

// How many frames go into one call: small chains come in groups, as they wait in a queue.
std::size_t group_of(std::int64_t rows) { return rows < 1000 ? 64 : 1; }

// Under kInterval both sync once a round; under kAlways after each frame.
template <buffer::SyncPolicy kSync>
void BM_Append(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  const Round round = round_of(rows, kSync);
  const std::vector<buffer::Chain> chains(group_of(state.range(0)), rows.chain());
  const std::string path = folder();
  std::string error;
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(path);
    auto to = open(path, kSync);
    state.ResumeTiming();
    for (std::uint64_t i = 0; i < round.frames; i += chains.size()) {
      if (to->append(chains, {}, error) != buffer::DiskBuffer::Appended::kOk) std::abort();
    }
    if (kSync == buffer::SyncPolicy::kInterval && !to->sync({}, error)) std::abort();
  }
  const auto frames = static_cast<std::int64_t>(state.iterations() * round.frames);
  state.SetItemsProcessed(frames * state.range(0));
  state.SetBytesProcessed(frames * static_cast<std::int64_t>(round.frame_bytes));
  std::filesystem::remove_all(path);
}

// The same bytes from memory, in files of the same size.
template <buffer::SyncPolicy kSync>
void BM_PlainWrite(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  const Round round = round_of(rows, kSync);
  const std::size_t group = group_of(state.range(0));
  const std::string bytes(round.frame_bytes * group, 'x');
  const std::string path = folder();
  constexpr std::uint64_t kFileBytes = 16u << 20;
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
    state.ResumeTiming();
    int fd = -1;
    std::uint64_t written = kFileBytes;
    int files = 0;
    for (std::uint64_t i = 0; i < round.frames; i += group) {
      if (written + bytes.size() > kFileBytes) {
        if (fd >= 0 && kSync == buffer::SyncPolicy::kInterval) ::fdatasync(fd);
        if (fd >= 0) ::close(fd);
        const std::string name = path + "/" + std::to_string(++files);
        fd = ::open(name.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0640);
        written = 0;
      }
      if (::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        std::abort();
      }
      written += bytes.size();
      if (kSync == buffer::SyncPolicy::kAlways) ::fdatasync(fd);
    }
    if (kSync == buffer::SyncPolicy::kInterval) ::fdatasync(fd);
    ::close(fd);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * round.frames) *
                          static_cast<std::int64_t>(round.frame_bytes));
  std::filesystem::remove_all(path);
}

// From an open that finds a full buffer to the last batch, acknowledged in groups.
void BM_Replay(benchmark::State& state) {
  Rows rows(static_cast<std::uint32_t>(state.range(0)));
  const Round round = round_of(rows, buffer::SyncPolicy::kNever);
  const buffer::Chain chains[] = {rows.chain()};
  const std::string path = folder();
  std::string error;
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(path);
    {
      auto to = open(path, buffer::SyncPolicy::kNever);
      for (std::uint64_t i = 0; i < round.frames; ++i) to->append(chains, {}, error);
    }
    state.ResumeTiming();
    const auto from = open(path, buffer::SyncPolicy::kNever);
    core::Replay replay(rows.registry(), rows.pool());
    buffer::Frame frame;
    std::size_t frames = 0;
    std::uint64_t all = 0;
    while (from->next(frame, error) == buffer::DiskBuffer::Next::kFrame) {
      core::release(replay.chain(frame, error));
      ++all;
      if (++frames == 100) from->acknowledge(std::exchange(frames, 0), {});
    }
    from->acknowledge(frames, {});
    if (all != round.frames) std::abort();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * round.frames) *
                          state.range(0));
  std::filesystem::remove_all(path);
}

void BM_Crc32c(benchmark::State& state) {
  const std::string bytes(64u << 10, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(buffer::crc32c(0, bytes.data(), bytes.size()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

constexpr auto kAlways = buffer::SyncPolicy::kAlways;
constexpr auto kInterval = buffer::SyncPolicy::kInterval;
constexpr auto kNever = buffer::SyncPolicy::kNever;

#define WEIR_BOTH(policy, rows)                           \
  BENCHMARK(BM_Append<policy>)->Arg(rows)->UseRealTime(); \
  BENCHMARK(BM_PlainWrite<policy>)->Arg(rows)->UseRealTime()
WEIR_BOTH(kNever, 1000);
WEIR_BOTH(kNever, 10);
WEIR_BOTH(kInterval, 1000);
WEIR_BOTH(kAlways, 1000);
BENCHMARK(BM_Replay)->Arg(1000)->Arg(1)->UseRealTime();
BENCHMARK(BM_Crc32c);

}  // namespace

BENCHMARK_MAIN();
