/* What is asked of a connection: versions, whom to trust, who we are. */
#include <arpa/inet.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "backend/tls/tls.h"

/* Without it OpenSSL would ask for the password of a key at the terminal. */
static int
no_password(char *p, int n, int writing, void *asked)
{
	(void)p;
	(void)n;
	(void)writing;
	*(int *)asked = 1;
	return -1;
}

/* A file could not be used; option is the name in a URL. */
static int
bad_file(const char *option, const char *path, const char *what,
    struct tq_err *e)
{
	if (access(path, R_OK) == -1)
		what = strerror(errno);
	return tq_fail(e, EINVAL, "%s: %s: %s", option, path, what);
}

/* Who may sign the server's certificate. */
static int
trust(SSL_CTX *ctx, const struct tq_tls_rules *rules, struct tq_err *e)
{
	if (rules->any_cert)
		return 0;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (rules->ca == NULL)
		return SSL_CTX_set_default_verify_paths(ctx) == 1 ? 0 :
		    tq_fail(e, EINVAL, "no certificates of this system");
	if (SSL_CTX_load_verify_locations(ctx, rules->ca, NULL) == 1)
		return 0;
	return bad_file("ssl_ca_certs", rules->ca, "no certificate in it", e);
}

/* The certificate that shows the server who we are. */
static int
show(SSL_CTX *ctx, const struct tq_tls_rules *rules, struct tq_err *e)
{
	const char *key = rules->key != NULL ? rules->key : rules->cert;
	int asked = 0;

	if (rules->cert == NULL)
		return 0;
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
	if (SSL_CTX_use_certificate_chain_file(ctx, rules->cert) != 1)
		return bad_file("ssl_certfile", rules->cert,
		    "no certificate in it", e);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return bad_file("ssl_keyfile", key, asked ?
		    "it has a password" : "no key of that certificate in it",
		    e);
	return 0;
}

static SSL_CTX *
make_context(const struct tq_tls_rules *rules, struct tq_err *e)
{
	SSL_CTX *ctx;

	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL) {
		tq_fail_sys(e, ENOMEM, "TLS");
		return NULL;
	}
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* so that a send never waits for something to come */
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	/* what is to be sent may grow, and move, until it is sent */
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (trust(ctx, rules, e) == -1 || show(ctx, rules, e) == -1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static int
is_address(const char *host)
{
	unsigned char unused[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, unused) == 1 ||
	    inet_pton(AF_INET6, host, unused) == 1;
}

/*
 * The name goes out with the first message (SNI, RFC 6066 §3, not for an
 * address), and comes back in the certificate.
 */
static int
expect(SSL *ssl, const struct tq_tls_rules *rules, const char *host)
{
	int is_checked = !rules->any_cert && !rules->any_host;

	if (is_address(host))
		return !is_checked || X509_VERIFY_PARAM_set1_ip_asc(
		    SSL_get0_param(ssl), host) == 1 ? 0 : -1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, host) == 1 &&
	    (!is_checked || SSL_set1_host(ssl, host) == 1) ? 0 : -1;
}

SSL *
tq_tls_rules_apply(const struct tq_tls_rules *rules, const char *host,
    struct tq_err *e)
{
	SSL_CTX *ctx;
	SSL *ssl;

	ERR_clear_error();
	if ((ctx = make_context(rules, e)) == NULL)
		return NULL;
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);	/* lives as long as ssl */
	if (ssl == NULL || expect(ssl, rules, host) == -1) {
		SSL_free(ssl);
		tq_fail_sys(e, ENOMEM, "TLS");
		return NULL;
	}
	return ssl;
}
