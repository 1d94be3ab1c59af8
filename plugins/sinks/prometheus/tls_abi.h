/* tls_abi.h - what the plugin and its TLS helper (support/prometheus_tls.so) share.
 *
 * Linking OpenSSL costs an agent 4 MiB of memory, whether it is used or not. So it is in a second
 * shared object, which the plugin loads when `tls:` is configured. TLS is a transformation of bytes
 * here: the plugin owns sockets and time, the helper never does I/O but for reading its files. All
 * functions: one thread at a time. Both files are built together; `size` guards against a mix. */
#ifndef WEIR_PROMETHEUS_TLS_ABI_H
#define WEIR_PROMETHEUS_TLS_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_prometheus_tls {
  uint32_t size;
  /* A server's settings; NULL and a text that names the file when one cannot be used. Copies the
   * paths: certificate and key are read again when they change, so that a renewed certificate
   * needs no restart. `client_ca` may be empty. */
  void* (*context_new)(const char* cert, const char* key, const char* client_ca, char* error,
                       size_t error_size);
  void (*context_free)(void* context);
  /* One connection. NULL: out of memory. */
  void* (*session_new)(void* context);
  void (*session_free)(void* session);
  /* Bytes from the client, encrypted. 0: out of memory. */
  int (*feed)(void* session, const char* bytes, size_t size);
  /* The same, decrypted: how many there are now; 0: none yet; -1: the client ended or broke it.
   * Advances the handshake: `take` afterwards. */
  long (*read)(void* session, char* bytes, size_t capacity);
  /* Bytes for the client, to be encrypted. 0: the session cannot send. */
  int (*write)(void* session, const char* bytes, size_t size);
  /* Bytes to put on the wire, up to `capacity`; 0: none. */
  size_t (*take)(void* session, char* bytes, size_t capacity);
  /* Says goodbye: `take` afterwards. */
  void (*close)(void* session);
} weir_prometheus_tls;

#define WEIR_PROMETHEUS_TLS_SYMBOL "weir_prometheus_tls_open"
typedef const weir_prometheus_tls* (*weir_prometheus_tls_open_fn)(void);

#ifdef __cplusplus
}
#endif
#endif
