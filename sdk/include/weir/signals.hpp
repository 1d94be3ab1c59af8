// weir/signals.hpp - threads that are not to be bothered with signals.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace weir {

// While it lives, this thread takes no signal; the threads that it starts never do. Signals are for
// the agent's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace weir
