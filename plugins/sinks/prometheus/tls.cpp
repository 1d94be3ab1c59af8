// Finding and using the TLS helper; see tls.hpp.
#include "tls.hpp"

#include <dlfcn.h>

#include <array>
#include <new>
#include <stdexcept>

namespace weir::prometheus_sink {

std::string tls_helper_path() {
  Dl_info info{};
  std::string path;
  if (dladdr(reinterpret_cast<const void*>(&tls_helper_path), &info) != 0) path = info.dli_fname;
  const std::size_t slash = path.rfind('/');
  return (slash == std::string::npos ? "." : path.substr(0, slash)) + "/support/prometheus_tls.so";
}

bool TlsSession::receive(std::string_view wire, std::string& plain) {
  if (!helper_.feed(session_, wire.data(), wire.size())) return false;
  std::array<char, 4096> bytes;
  while (true) {
    const long size = helper_.read(session_, bytes.data(), bytes.size());
    if (size <= 0) return size == 0;
    plain.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

bool TlsSession::send(std::string_view plain) {
  return plain.empty() || helper_.write(session_, plain.data(), plain.size()) != 0;
}

bool TlsSession::take(Output& wire) {
  bool any = false;
  while (true) {
    char* at = wire.room(4096);
    const std::size_t size = helper_.take(session_, at, wire.free());
    if (size == 0) return any;
    wire.advance(at + size);
    any = true;
  }
}

Tls::Tls(const TlsOptions& options, const std::string& helper_path) {
  // Never unloaded: OpenSSL registers handlers that run when the process ends.
  void* library = dlopen(helper_path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    throw std::runtime_error("tls: cannot load the TLS helper (" + std::string(dlerror()) +
                             "); it is installed with this plugin, remove `tls` or install it");
  }
  const auto open =
      reinterpret_cast<weir_prometheus_tls_open_fn>(dlsym(library, WEIR_PROMETHEUS_TLS_SYMBOL));
  helper_ = open != nullptr ? open() : nullptr;
  if (helper_ == nullptr || helper_->size != sizeof(weir_prometheus_tls)) {
    throw std::runtime_error("tls: " + helper_path +
                             " is not the TLS helper of this version; install both anew");
  }
  std::array<char, 1024> error{};
  context_ = helper_->context_new(options.cert.c_str(), options.key.c_str(),
                                  options.client_ca.c_str(), error.data(), error.size());
  if (context_ == nullptr) throw std::runtime_error(error.data());
}

Tls::~Tls() {
  if (context_ != nullptr) helper_->context_free(context_);
}

std::unique_ptr<TlsSession> Tls::session() {
  void* session = helper_->session_new(context_);
  if (session == nullptr) throw std::bad_alloc();
  return std::make_unique<TlsSession>(*helper_, session);
}

}  // namespace weir::prometheus_sink
