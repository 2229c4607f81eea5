/* One connection over TLS: handshake, bytes, goodbye. */
#include "backend/tls/tls.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include <openssl/err.h>

#define SEND_MOST	(1 << 20)	/* what fits into an int, and goes at once */

/* Alerts by which the server refuses us (RFC 8446 §6.2). */
#define ALERT_FIRST	(SSL_AD_REASON_OFFSET + SSL_AD_HANDSHAKE_FAILURE)
#define ALERT_LAST	(SSL_AD_REASON_OFFSET + SSL_AD_ACCESS_DENIED)

struct client {
	struct tq_tls	 head;		/* first: it is what others see */
	struct tq_tls_io io;
	SSL		*ssl;
	int		 stands;	/* after the handshake */
	int		 broken;	/* nothing may be sent any more */
	char		 host[256];
};

static struct client *
client_of(struct tq_tls *t)
{
	return (struct client *)(void *)t;
}

/* ---- what went wrong ------------------------------------------------- */

static int
fail_distrust(const struct client *c, struct tq_err *e)
{
	long why = SSL_get_verify_result(c->ssl);

	if (why == X509_V_ERR_HOSTNAME_MISMATCH ||
	    why == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return tq_fail(e, EPERM, "its certificate is not for %s",
		    c->host);
	return tq_fail(e, EPERM, "its certificate is not trusted: %s",
	    X509_verify_cert_error_string(why));
}

/* What OpenSSL says, in words that help. */
static int
fail_tls(const struct client *c, struct tq_err *e)
{
	unsigned long code = ERR_peek_error();
	const char *text = ERR_reason_error_string(code);
	int reason = ERR_GET_REASON(code);

	if (text == NULL)
		text = "unknown error";
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return fail_distrust(c, e);
	if (!c->stands && (reason == SSL_R_WRONG_VERSION_NUMBER ||
	    reason == SSL_R_PACKET_LENGTH_TOO_LONG))
		return tq_fail(e, ECONNREFUSED, "the server speaks no TLS");
	if (reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)
		return tq_fail(e, EPERM, "the server wants a certificate of "
		    "ours: ssl_certfile");
	if (reason >= ALERT_FIRST && reason <= ALERT_LAST)
		return tq_fail(e, EPERM, "the server refuses us: %s", text);
	return tq_fail(e, ECONNREFUSED, "TLS: %s", text);
}

static int
fail_socket(int num, struct tq_err *e)
{
	return tq_fail(e, ECONNREFUSED, "%s", strerror(num));
}

/*
 * What an operation that did not succeed tells: -1 and EAGAIN with the event
 * that must come first, 0 the end, or -1.
 */
static int
judge(struct client *c, int rv, short *event, struct tq_err *e)
{
	switch (SSL_get_error(c->ssl, rv)) {
	case SSL_ERROR_WANT_READ:
		*event = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*event = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		c->broken = 1;
		return c->io.num == 0 ? 0 : fail_socket(c->io.num, e);
	default:
		c->broken = 1;
		return fail_tls(c, e);
	}
}

/* ---- what can be done ------------------------------------------------ */

static int
client_shake(struct tq_tls *t, int fd, short *event, struct tq_err *e)
{
	struct client *c = client_of(t);
	int rv;

	c->io.fd = fd;
	ERR_clear_error();
	if ((rv = SSL_do_handshake(c->ssl)) == 1) {
		c->stands = 1;
		return 1;
	}
	if (judge(c, rv, event, e) == 0)
		return tq_fail(e, ECONNREFUSED, "the server closed the "
		    "connection at the beginning of TLS");
	return errno == EAGAIN ? 0 : -1;
}

static ssize_t
client_recv(struct tq_tls *t, void *p, size_t n, struct tq_err *e)
{
	struct client *c = client_of(t);
	short unused;
	int rv;

	ERR_clear_error();
	rv = SSL_read(c->ssl, p, (int)(n < SEND_MOST ? n : SEND_MOST));
	return rv > 0 ? rv : judge(c, rv, &unused, e);
}

/* A server that refuses us says why before it closes: that is still there. */
static int
fail_send(struct client *c, struct tq_err *e)
{
	int num = c->io.num, rv;
	char unused;

	c->broken = 1;
	ERR_clear_error();
	rv = SSL_read(c->ssl, &unused, 1);
	if (rv <= 0 && SSL_get_error(c->ssl, rv) == SSL_ERROR_SSL)
		return fail_tls(c, e);
	return fail_socket(num, e);
}

static ssize_t
client_send(struct tq_tls *t, const void *p, size_t n, struct tq_err *e)
{
	struct client *c = client_of(t);
	short unused;
	int rv;

	ERR_clear_error();
	rv = SSL_write(c->ssl, p, (int)(n < SEND_MOST ? n : SEND_MOST));
	if (rv > 0)
		return rv;
	if (SSL_get_error(c->ssl, rv) == SSL_ERROR_SYSCALL)
		return fail_send(c, e);
	if (judge(c, rv, &unused, e) == 0)
		return fail_socket(EPIPE, e);
	return -1;
}

static void
client_close(struct tq_tls *t)
{
	struct client *c = client_of(t);
	int saved = errno;

	ERR_clear_error();
	if (c->stands && !c->broken)
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	tq_tls_io_close(&c->io);
	ERR_clear_error();
	free(c);
	errno = saved;
}

int
tq_tls_module(struct tq_tls **out, const char *host,
    const struct tq_tls_rules *rules, struct tq_err *e)
{
	struct client *c;
	BIO *b;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return tq_fail_sys(e, ENOMEM, "TLS");
	c->head = (struct tq_tls){
		client_shake, client_recv, client_send, client_close
	};
	c->io.fd = -1;
	strlcpy(c->host, host, sizeof(c->host));
	if ((c->ssl = tq_tls_rules_apply(rules, host, e)) == NULL) {
		client_close(&c->head);
		return -1;
	}
	if ((b = tq_tls_io_open(&c->io)) == NULL) {
		client_close(&c->head);
		return tq_fail_sys(e, ENOMEM, "TLS");
	}
	SSL_set_bio(c->ssl, b, b);
	SSL_set_connect_state(c->ssl);
	*out = &c->head;
	return 0;
}
