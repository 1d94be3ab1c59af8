#include "tests/pipeline/harness.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace weir::core {

namespace {

Harness* g_harness = nullptr;

Schema ledger_schema() {
  return Schema("ledger", "Numbered rows.")
      .label("series")
      .field("n", WEIR_U64, WEIR_COUNTER, "", "The row's number in its series, from 1.");
}

class LedgerSource {
 public:
  explicit LedgerSource(Source source)
      : source_(source),
        ledger_(g_harness->source(source.id())),
        measurement_(source.measurement(ledger_schema())) {
    for (unsigned i = 0; i < ledger_.threads; ++i) {
      series_.push_back(source.series(measurement_, {source.id() + ("." + std::to_string(i))}));
    }
  }

  void start() {
    if (ledger_.rows_a_collect != 0) return;
    ledger_.numbers.resize(ledger_.threads);
    for (unsigned i = 0; i < ledger_.threads; ++i) {
      threads_.emplace_back([this, i] {
        push(series_[i], ledger_.numbers[i], ledger_.rows_total / ledger_.threads);
      });
    }
  }
  void stop() {
    for (auto& t : threads_) t.join();
    threads_.clear();
  }

  void collect(Time) {
    if (ledger_.rows_a_collect == 0) return;
    ledger_.numbers.resize(1);
    std::uint64_t& number = ledger_.numbers[0];
    std::uint64_t left =
        std::min<std::uint64_t>(ledger_.rows_a_collect, ledger_.rows_total - number);
    while (left != 0) left -= emit_one(series_[0], number, left);
  }

 private:
  void push(const weir_series* series, std::uint64_t& number, std::uint64_t rows) {
    while (number < rows && !source_.stopping()) emit_one(series, number, rows - number);
  }

  // Emits a batch of at most `left` rows; returns how many.
  std::uint32_t emit_one(const weir_series* series, std::uint64_t& number, std::uint64_t left) {
    const auto rows =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(ledger_.rows_a_batch, left));
    if (ledger_.before) ledger_.before(number);
    weir::Batch batch = source_.batch(measurement_, rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
      ++number;
      batch.set_u64(0, batch.add(series, static_cast<Time>(number)), number);
    }
    ledger_.emitted += rows;
    if (ledger_.settled) {
      std::vector<weir::Batch> batches;
      batches.push_back(std::move(batch));
      source_.emit(
          batches,
          [](void* ledger, std::uint64_t token, weir_outcome outcome) {
            static_cast<SourceLedger*>(ledger)->settled(token, outcome);
          },
          &ledger_, number);
      return rows;
    }
    if (!ledger_.try_emit) {
      source_.emit(std::move(batch));
      return rows;
    }
    while (!source_.try_emit(batch)) {
      ++ledger_.refused;
      if (source_.stopping()) {
        ledger_.emitted -= rows;
        return rows;
      }
      std::this_thread::yield();
    }
    return rows;
  }

  Source source_;
  SourceLedger& ledger_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
  std::vector<std::thread> threads_;
};

class LedgerSink {
 public:
  explicit LedgerSink(Sink sink) : sink_(sink), ledger_(g_harness->sink(sink.id())) {}

  Status write(std::span<const weir_batch* const> batches) {
    const std::uint64_t call = ++ledger_.calls;
    if (ledger_.before) ledger_.before(call);
    switch (ledger_.answer(call)) {
      case SinkLedger::Answer::kRetry: return Status::retry("not now");
      case SinkLedger::Answer::kThrow: throw std::runtime_error("thrown in write");
      case SinkLedger::Answer::kReject:
        for (const weir_batch* b : batches) ledger_.rejected += b->rows;
        return Status::reject("never");
      case SinkLedger::Answer::kRejectSome:
        sink_.reject(*batches.front(), 0, "the first row is bad");
        take(batches, batches.front());
        ++ledger_.rejected;
        return Status::ok();
      case SinkLedger::Answer::kOk: take(batches, nullptr); return Status::ok();
    }
    return Status::ok();
  }

 private:
  void take(std::span<const weir_batch* const> batches, const weir_batch* without_first_row) {
    std::uint64_t rows = 0, sum = 0, disorder = 0;
    for (const weir_batch* b : batches) {
      for (std::uint32_t i = b == without_first_row ? 1 : 0; i < b->rows; ++i) {
        const std::uint64_t number = b->columns[0].v.u64[i];
        const std::uint64_t series =
            (std::uint64_t{b->series[i]->generation} << 32) + b->series[i]->index;
        auto& last = ledger_.last[{b->source, series}];
        disorder += number <= last;
        last = number;
        sum += number;
        ++rows;
        if (ledger_.got) ledger_.got(number);
      }
    }
    ledger_.rows += rows;
    ledger_.sum += sum;
    ledger_.disorder += disorder;
  }

  Sink sink_;
  SinkLedger& ledger_;
};

class Passer {
 public:
  explicit Passer(Processor host) : host_(host) {}
  void process(const weir_batch& batch) { host_.pass(batch); }

 private:
  Processor host_;
};

class Copier {
 public:
  explicit Copier(Processor host) : host_(host), measurement_(host.measurement(ledger_schema())) {}
  void process(const weir_batch& batch) {
    if (++calls_ % 1000 == 0) throw std::runtime_error("every 1000th batch");
    weir::Batch copy = host_.batch(measurement_, batch.rows);
    for (std::uint32_t i = 0; i < batch.rows; ++i) {
      const weir_series*& series = series_[batch.series[i]->index];
      if (series == nullptr) {
        series = host_.series(measurement_, {view(batch.series[i]->label_values[0])});
      }
      copy.set_u64(0, copy.add(series, batch.times[i]), batch.columns[0].v.u64[i]);
    }
    host_.emit(std::move(copy));
  }

 private:
  Processor host_;
  const weir_measurement* measurement_;
  std::map<std::uint32_t, const weir_series*> series_;
  std::uint64_t calls_ = 0;
};

}  // namespace

Harness::Harness() {
  g_harness = this;
  agent_.interval = std::chrono::milliseconds(1);
  agent_.hostname = "testhost";
  agent_.shutdown_timeout = std::chrono::minutes(5);
  agent_.max_series = 1000;
}

Harness::~Harness() {
  pipeline_.reset();
  g_harness = nullptr;
}

config::Component& Harness::add(weir_kind kind, const std::string& id,
                                const weir_component_type* descriptor) {
  config::Component c;
  c.kind = kind;
  c.id = id;
  c.type = descriptor->name;
  c.descriptor = descriptor;
  c.options = config::no_options();
  c.consumer.required = c.source.required = true;
  c.consumer.buffer.max_size = Bytes{256u << 10};
  c.sink.batch = {10000, Bytes{4u << 20}, {}};
  c.sink.retry = {std::chrono::microseconds(10), std::chrono::milliseconds(1)};
  c.sink.write_deadline = std::chrono::minutes(1);
  components_.push_back(std::move(c));
  return components_.back();
}

void Harness::remove(const std::string& id) {
  std::erase_if(components_, [&](const config::Component& c) { return c.id == id; });
}

// In the order of the stream.
std::unique_ptr<config::Config> Harness::make() const {
  auto config = std::make_unique<config::Config>();
  config->agent = agent_;
  config->components = components_;
  std::stable_sort(config->components.begin(), config->components.end(),
                   [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return config;
}

SourceLedger& Harness::source(const std::string& id, std::uint64_t rows_total,
                              std::uint32_t rows_a_batch) {
  add(WEIR_SOURCE, id, weir::source<LedgerSource>("ledger_source", "Numbers rows."));
  auto& slot = sources_[id];  // it goes on where it was removed
  if (slot == nullptr) slot = std::make_unique<SourceLedger>();
  SourceLedger& ledger = *slot;
  ledger.rows_total = rows_total;
  ledger.rows_a_batch = rows_a_batch;
  return ledger;
}

SinkLedger& Harness::sink(const std::string& id, std::vector<std::string> inputs,
                          config::WhenFull when_full) {
  auto& c = add(WEIR_SINK, id, weir::sink<LedgerSink>("ledger_sink", "Checks numbers."));
  c.inputs = std::move(inputs);
  c.consumer.buffer.when_full = when_full;
  auto& slot = sinks_[id];
  if (slot == nullptr) slot = std::make_unique<SinkLedger>();
  return *slot;
}

void Harness::passer(const std::string& id, std::vector<std::string> inputs) {
  auto& c = add(WEIR_PROCESSOR, id, processor<Passer>("pass", "Passes on."));
  c.inputs = std::move(inputs);
  c.consumer.buffer.when_full = config::WhenFull::kBlock;
}

void Harness::copier(const std::string& id, std::vector<std::string> inputs) {
  auto& c = add(WEIR_PROCESSOR, id, processor<Copier>("copy", "Copies."));
  c.inputs = std::move(inputs);
  c.consumer.buffer.when_full = config::WhenFull::kBlock;
}

config::Component& Harness::component(const std::string& id) {
  for (auto& c : components_) {
    if (c.id == id) return c;
  }
  throw std::out_of_range(id);
}

Pipeline& Harness::start() {
  pipeline_ = std::make_unique<Pipeline>(make(), limits_);
  EXPECT_EQ(pipeline_->start(), 0);
  pipeline_->schedule();
  return *pipeline_;
}

ReloadOutcome Harness::reload() {
  ReloadOutcome outcome = pipeline_->reload(make(), [] { return true; });
  ended_.insert(ended_.end(), outcome.ended.begin(), outcome.ended.end());
  return outcome;
}

void Harness::wait_for_sources() {
  for (const auto& [id, ledger] : sources_) {
    poll("the sources", [&] { return ledger->emitted >= ledger->rows_total; });
  }
}

void Harness::wait_for_empty_routes() {
  for (const auto& r : pipeline_->routes()) {
    poll("empty routes", [&] { return r->rows_held == 0; });
  }
}

const Route& Harness::route(const std::string& from, const std::string& to) {
  for (const auto& r : pipeline_->routes()) {
    if (r->producer == from && r->consumer == to) return *r;
  }
  throw std::out_of_range(from + " -> " + to);
}

void Harness::expect_conservation() {
  std::map<std::string, std::uint64_t> delivered, rejected;
  std::vector<RouteTotals> all = pipeline_->route_totals();
  all.insert(all.end(), ended_.begin(), ended_.end());
  for (const RouteTotals& r : all) {
    std::uint64_t gone = r.delivered;
    for (const auto& d : r.dropped) gone += d;
    EXPECT_EQ(r.offered + r.recovered, gone + r.held()) << r.producer << " -> " << r.consumer;
    if (sources_.contains(r.producer) && ended_.empty()) {
      EXPECT_EQ(r.offered, sources_.at(r.producer)->emitted) << r.producer << " -> " << r.consumer;
    }
    delivered[r.consumer] += r.delivered;
    rejected[r.consumer] += r.dropped[static_cast<std::size_t>(DropReason::kRejected)];
  }
  for (const auto& [id, ledger] : sinks_) {
    EXPECT_EQ(delivered[id], ledger->rows) << id;
    EXPECT_EQ(rejected[id], ledger->rejected) << id;
    EXPECT_EQ(ledger->disorder, 0u) << id;
  }
}

}  // namespace weir::core
