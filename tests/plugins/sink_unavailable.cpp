// A sink whose server never answers, or always says no.
#include "weir/weir.hpp"

namespace {

enum class Answer { kRetry, kReject };

class Unavailable {
 public:
  struct Options {
    Answer answer = Answer::kRetry;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("answer", &Options::answer, "What a write comes to.")
              .def("retry")
              .choices({"retry", "reject"}),
      };
      return t;
    }
  };

  Unavailable(weir::Sink, const Options& options) : answer_(options.answer) {}
  weir::Status write(std::span<const weir_batch* const>) {
    return answer_ == Answer::kRetry ? weir::Status::retry("nobody answers")
                                     : weir::Status::reject("told to say no");
  }

 private:
  const Answer answer_;
};

}  // namespace

WEIR_PLUGIN("unavailable", "1.0.0", weir::sink<Unavailable>("unavailable", "Never writes."))
