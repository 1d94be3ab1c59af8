// A processor whose calls take as long as told; then it passes on what it was given.
#include <thread>

#include "weir/weir.hpp"

namespace {

class Delay {
 public:
  struct Options {
    weir::Duration takes{};
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("takes", &Options::takes, "How long a call takes.").def("1s").max("1h"),
      };
      return t;
    }
  };

  Delay(weir::Processor host, const Options& options) : host_(host), options_(options) {}
  void process(const weir_batch& batch) {
    std::this_thread::sleep_for(options_.takes);
    host_.pass(batch);
  }

 private:
  weir::Processor host_;
  const Options options_;
};

}  // namespace

WEIR_PLUGIN("delay", "1.0.0", weir::processor<Delay>("delay", "Takes its time, for tests."))
