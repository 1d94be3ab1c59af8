// Rows into MongoDB by the sink, and by a bare loop over libmongoc's bulk API that writes the same
// documents. Needs a server: WEIR_MONGODB_URL (mongodb://127.0.0.1:27017/weir_bench), and
// WEIR_MONGODB_PASSWORD where it names a user. bench/peers/mongodb_sink.py starts one.
#include <benchmark/benchmark.h>
#include <mongoc/mongoc.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "mongodb.hpp"
#include "weir_testing/deliveries.hpp"

namespace {

using weir::mongodb_sink::Bson;
using weir::mongodb_sink::Mongodb;
using weir::testing::cpu_s;
using weir::testing::Deliveries;

constexpr std::uint32_t kRows = Deliveries::kRows, kSeries = Deliveries::kSeries;

std::string environment(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value == nullptr ? otherwise : value;
}

struct Job : Deliveries {
  weir::mongodb_sink::Options options;
  mongoc_client_t* client;
  mongoc_collection_t* collection;

  explicit Job(std::uint32_t field_count) : Deliveries(field_count) {
    mongoc_init();
    options.url = environment("WEIR_MONGODB_URL", "mongodb://127.0.0.1:27017/weir_bench");
    options.password = environment("WEIR_MONGODB_PASSWORD", "");
    options.connect_timeout = options.timeout = std::chrono::seconds(30);
    options.write_concern = "majority";
    options.time = "time";
    const auto uri =
        weir::mongodb_sink::make_uri(options, options.connect_timeout, options.timeout);
    client = mongoc_client_new_from_uri(uri.get());
    collection = mongoc_client_get_collection(client, mongoc_uri_get_database(uri.get()), "bench");
    mongoc_collection_drop(collection, nullptr);
  }
  ~Job() {
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(client);
  }

  // The same index as the sink makes.
  bool index() {
    Bson command, reply;
    weir::mongodb_sink::create_indexes(*command.get(), "bench", {{"weir_time", {{"time"}}}});
    return mongoc_collection_write_command_with_opts(collection, command.get(), nullptr,
                                                     reply.get(), nullptr);
  }
};

// The first batch, which connects and makes the collection, is nobody's.
template <class Deliver>
void run(benchmark::State& state, Job& job, Deliver deliver) {
  const weir::Batch first = job.next();
  if (std::string why = deliver(*first.get()); !why.empty()) state.SkipWithError(why.c_str());
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.next();
    cpu -= cpu_s();
    state.ResumeTiming();
    const std::string problem = deliver(*batch.get());
    cpu += cpu_s();
    if (!problem.empty()) state.SkipWithError(problem.c_str());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["cpu_s_per_million"] = cpu / static_cast<double>(state.iterations() * kRows) * 1e6;
}

void BM_Sink(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  Mongodb sink(weir::Sink(job.agent.host()), job.options);
  sink.start();
  const auto deliver = [&](const weir_batch& batch) -> std::string {
    const weir_batch* one = &batch;
    const weir::Status status = sink.write({&one, 1});
    return status.code() == WEIR_OK ? "" : "not delivered: " + status.why();
  };
  run(state, job, deliver);
  sink.stop();
}

std::string write_bare(Job& job, const std::vector<weir::table::SeriesId>& ids,
                       const bson_t& options, const weir_batch& b) {
  mongoc_bulk_operation_t* bulk =
      mongoc_collection_create_bulk_operation_with_opts(job.collection, &options);
  bson_error_t error{};
  for (std::uint32_t row = 0; row < kRows; ++row) {
    const weir_string* labels = b.series[row]->label_values;
    const auto id = weir::mongodb_sink::document_id(b.times[row], ids[row % kSeries]);
    Bson document;
    bson_append_binary(document.get(), "_id", 3, BSON_SUBTYPE_BINARY, id.data(), id.size());
    bson_append_date_time(document.get(), "time", 4, b.times[row] / 1'000'000);
    bson_append_utf8(document.get(), "host", 4, labels[0].data, static_cast<int>(labels[0].size));
    bson_append_utf8(document.get(), "device", 6, labels[1].data, static_cast<int>(labels[1].size));
    for (std::uint32_t f = 0; f < job.fields; ++f) {
      bson_append_double(document.get(), job.measurement->fields[f]->name, -1,
                         b.columns[f].v.f64[row]);
    }
    mongoc_bulk_operation_insert_with_opts(bulk, document.get(), nullptr, &error);
  }
  const bool is_ok = mongoc_bulk_operation_execute(bulk, nullptr, &error) != 0;
  mongoc_bulk_operation_destroy(bulk);
  return is_ok ? "" : error.message;
}

void BM_BareLoop(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  if (!job.index()) state.SkipWithError("no server");
  std::vector<weir::table::SeriesId> ids;
  for (const auto* s : job.series) ids.push_back(weir::table::series_id(*s));
  Bson options;
  BSON_APPEND_BOOL(options.get(), "ordered", false);
  run(state, job,
      [&](const weir_batch& batch) { return write_bare(job, ids, *options.get(), batch); });
}

BENCHMARK(BM_BareLoop)->ArgName("fields")->Arg(1)->Arg(10)->UseRealTime()->Iterations(20);
BENCHMARK(BM_Sink)->ArgName("fields")->Arg(1)->Arg(10)->UseRealTime()->Iterations(20);

}  // namespace

BENCHMARK_MAIN();
