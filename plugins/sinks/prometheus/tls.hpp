// Loads the TLS helper, where TLS is configured, and wraps its sessions. Without it the plugin
// runs without a byte of OpenSSL in memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "options.hpp"
#include "output.hpp"
#include "tls_abi.h"

namespace weir::prometheus_sink {

// Where the helper is: support/prometheus_tls.so beside the file that this code is in.
std::string tls_helper_path();

// One connection's TLS. One thread.
class TlsSession {
 public:
  TlsSession(const weir_prometheus_tls& helper, void* session)
      : helper_(helper), session_(session) {}
  ~TlsSession() { helper_.session_free(session_); }
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Decrypts `wire` and appends what comes of it. False: the session is over.
  bool receive(std::string_view wire, std::string& plain);
  // Encrypts. False: the session cannot send.
  bool send(std::string_view plain);
  void close() { helper_.close(session_); }
  // Appends what is to go out. True if that is anything.
  bool take(Output& wire);

 private:
  const weir_prometheus_tls& helper_;
  void* session_;
};

class Tls {
 public:
  // Throws std::runtime_error that says which file is wrong or missing.
  Tls(const TlsOptions& options, const std::string& helper_path);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  std::unique_ptr<TlsSession> session();

 private:
  const weir_prometheus_tls* helper_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace weir::prometheus_sink
