// A processor with one fault, which an option names: what `weir plugin test` has to find.
#include "weir/weir.hpp"

namespace {

enum class Fault { kNone, kPassesTwice, kWritesBatch, kRetains };

class Faulty {
 public:
  struct Options {
    Fault fault = Fault::kNone;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("fault", &Options::fault, "What is wrong.")
              .choices({"none", "passes_twice", "writes_batch", "retains"})
              .def("none"),
      };
      return t;
    }
  };

  Faulty(weir::Processor agent, const Options& options) : agent_(agent), options_(options) {}

  void process(const weir_batch& batch) {
    if (options_.fault == Fault::kWritesBatch) batch.columns[0].v.f64[0] += 1;
    if (options_.fault == Fault::kPassesTwice) agent_.pass(batch);
    if (options_.fault == Fault::kRetains) agent_.retain(batch);
    agent_.pass(batch);
  }

 private:
  weir::Processor agent_;
  const Options options_;
};

}  // namespace

WEIR_PLUGIN("faulty", "1.0.0", weir::processor<Faulty>("faulty", "Has one fault, for tests."))
