// See tls_files.hpp. Files are looked at before OpenSSL is: its own errors ("system lib", "no start
// line") name neither the file nor a remedy.
#include "tls_files.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace weir::prometheus_sink {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;  // every public authority there is comes to 250 KiB
constexpr const char* kCertificate = "CERTIFICATE-----";
constexpr const char* kKey = "PRIVATE KEY-----";

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};

// The text of a file, wiped when it is no longer needed: it may be a key.
struct Text {
  std::string bytes;
  Text() = default;
  ~Text() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  // Whether a part in PEM begins whose label ends so.
  bool has(const char* label) const {
    const std::size_t begin = bytes.find("-----BEGIN ");
    return begin != std::string::npos && bytes.find(label, begin) != std::string::npos;
  }
};

std::string user() { return "the agent's user (uid " + std::to_string(geteuid()) + ")"; }

std::string open_fault(int error) {
  switch (error) {
    case ENOENT: return "there is no such file; check the path, or put the file there";
    case EACCES:
      return user() + " may not read it; give it the right to, and to enter the directories above";
    default: return std::string("it cannot be read: ") + std::strerror(error);
  }
}

std::string read(const std::string& path, Text& text) {
  // A FIFO would keep the agent waiting for somebody to write.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return open_fault(errno);
  struct stat info {};
  std::string fault;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    fault = S_ISDIR(info.st_mode) ? "it is a directory, expected a file in PEM"
                                  : "it is no regular file, expected one in PEM";
  } else if (static_cast<std::size_t>(info.st_size) > kFileBytesMax) {
    fault = "it is larger than 1 MiB, expected a file in PEM";
  } else {
    text.bytes.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t size = ::read(fd, text.bytes.data(), text.bytes.size());
    if (size < 0) fault = open_fault(errno);
    text.bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  close(fd);
  return fault;
}

std::string missing(const Text& text, const char* label, const char* what) {
  if (text.has(label)) return "";
  const char* other = label == kKey ? kCertificate : kKey;
  const std::string fault = std::string("it holds no ") + what + " in PEM (-----BEGIN ...";
  return fault + label + ")" +
         (text.has(other) ? "; are tls.cert and tls.key the wrong way round?"
                          : "; convert it from another format, or name another file");
}

// Of what OpenSSL found wrong, the first: what follows are its consequences.
std::string unusable(const char* what) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return std::string("its ") + what + " cannot be used (" +
         (reason != nullptr ? reason : "unknown error") + "); make it anew";
}

std::string load_key_text(SSL_CTX* ssl, const Text& text, const std::string& cert_path) {
  if (std::string fault = missing(text, kKey, "private key"); !fault.empty()) return fault;
  bool asked = false;
  const auto refuse = [](char*, int, int, void* told) {
    *static_cast<bool*>(told) = true;
    return -1;
  };
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(text.bytes.data(), static_cast<int>(text.bytes.size())));
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse, &asked));
  if (asked) {
    ERR_clear_error();
    return "it is encrypted, and nobody is there to type its passphrase; write it without one "
           "(openssl pkey -in FILE -out OTHER) and let only " +
           user() + " read it";
  }
  if (key == nullptr) return unusable("private key");
  if (X509_check_private_key(SSL_CTX_get0_certificate(ssl), key.get()) != 1) {
    ERR_clear_error();
    return "it is not the key of the certificate " + cert_path +
           "; name the key that the certificate was made for, or have both made anew";
  }
  return SSL_CTX_use_PrivateKey(ssl, key.get()) == 1 ? "" : unusable("private key");
}

std::string placed(const char* option, const std::string& path, const std::string& fault) {
  return fault.empty() ? "" : std::string(option) + ": " + path + ": " + fault;
}

// Looks at a file of certificates, and then has OpenSSL load it.
template <class Load>
std::string load_certificates(const char* option, const std::string& path, Load load) {
  Text text;
  std::string fault = read(path, text);
  if (fault.empty()) fault = missing(text, kCertificate, "certificate");
  if (fault.empty() && load() != 1) fault = unusable("certificate");
  return placed(option, path, fault);
}

}  // namespace

std::string load_certificate(SSL_CTX* ssl, const std::string& path) {
  return load_certificates("tls.cert", path,
                           [&] { return SSL_CTX_use_certificate_chain_file(ssl, path.c_str()); });
}

std::string load_key(SSL_CTX* ssl, const std::string& path, const std::string& cert_path) {
  Text text;
  std::string fault = read(path, text);
  if (fault.empty()) fault = load_key_text(ssl, text, cert_path);
  return placed("tls.key", path, fault);
}

std::string load_client_ca(SSL_CTX* ssl, const std::string& path) {
  return load_certificates("tls.client_ca", path, [&] {
    return SSL_CTX_load_verify_locations(ssl, path.c_str(), nullptr);
  });
}

}  // namespace weir::prometheus_sink
