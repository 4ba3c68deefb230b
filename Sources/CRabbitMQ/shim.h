#pragma once
#include <stdint.h>
#include <sys/time.h>
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// The login is variadic in C.
static inline amqp_rpc_reply_t crabbitmq_login(amqp_connection_state_t connection, const char *vhost, int frame_max, int heartbeat,
                                               const amqp_table_t *properties, const char *user, const char *password) {
    return amqp_login_with_properties(connection, vhost, 0, frame_max, heartbeat, properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

// Believes the authorities that the system believes; the library has no call for it before 0.14.
static inline int crabbitmq_trust_system(amqp_socket_t *socket) {
    return SSL_CTX_set_default_verify_paths((SSL_CTX *)amqp_ssl_socket_get_context(socket));
}

// Makes OpenSSL compare the certificate with the host (RFC 6125) or the address as part of its verification. The library's own
// comparison knows no addresses and was mended in 0.14 (alanxz/rabbitmq-c#784).
static inline int crabbitmq_expect_host(amqp_socket_t *socket, const char *host) {
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param((SSL_CTX *)amqp_ssl_socket_get_context(socket));
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1) return 1;
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(parameters, host, 0);
}
