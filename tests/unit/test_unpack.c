/*
 * Unit tests of lib/backend/unpack: each codec that was built, through the
 * shared object that a module loads.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/celery.h"
#include "tests/lib/t.h"

#define WANT	"[[2, 3], {}, null]"

/* What Python's zlib, gzip, bz2 and lzma and zstd(1) made of WANT. */
static const struct {
	const char	*name;
	size_t		 n;
	const char	*p;
} packed[] = {
	{ "application/x-gzip", 26,
	    "\x78\x9c\x8b\x8e\x36\xd2\x51\x30\x8e\xd5\x51\xa8\xae\xd5\x51\xc8"
	    "\x2b\xcd\xc9\x89\x05\x00\x2e\xb0\x05\x6d" },
	{ "gzip", 38,
	    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x8b\x8e\x36\xd2\x51\x30"
	    "\x8e\xd5\x51\xa8\xae\xd5\x51\xc8\x2b\xcd\xc9\x89\x05\x00\x9a\x1e"
	    "\x81\xf1\x12\x00\x00\x00" },
	{ "application/x-bz2", 57,
	    "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xd2\x6b\xef\x4a\x00\x00"
	    "\x04\x9b\x80\x40\x04\x18\x00\x00\x0a\x00\x05\x02\x0a\x20\x00\x22"
	    "\x1a\x19\x00\x80\x69\xa6\x80\xf1\xc9\x11\x0a\xdb\x4e\x8e\xf1\x77"
	    "\x24\x53\x85\x09\x0d\x26\xbe\xf4\xa0" },
	{ "application/x-lzma", 76,
	    "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01"
	    "\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x11\x5b\x5b\x32\x2c\x20"
	    "\x33\x5d\x2c\x20\x7b\x7d\x2c\x20\x6e\x75\x6c\x6c\x5d\x00\x00\x00"
	    "\x3d\xfa\xa9\x40\x51\xd3\x8b\x29\x00\x01\x2a\x12\x4b\x08\x54\xbc"
	    "\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a" },
	{ "application/x-lzma", 40,
	    "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x2d\xe0"
	    "\xc4\x58\x21\x16\x66\x1a\x2c\x4f\x75\x0f\x56\x85\x71\xc7\xa7\x8d"
	    "\x0f\xff\x9f\xff\xfb\x94\x00\x00" },
	{ "application/zstd", 31,
	    "\x28\xb5\x2f\xfd\x04\x58\x91\x00\x00\x5b\x5b\x32\x2c\x20\x33\x5d"
	    "\x2c\x20\x7b\x7d\x2c\x20\x6e\x75\x6c\x6c\x5d\xed\xc7\x86\x50" }
};

/* 2 MiB of zeros, bzip2 */
static const char bomb[] =
    "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x7e\xe1\x91\xb1\x00\x10"
    "\x10\x60\x00\xc0\x00\x00\x04\x00\x08\x20\x00\x30\xcc\x05\x29\xa6"
    "\x04\x03\x62\x08\x07\x8b\xb9\x22\x9c\x28\x48\x3f\x70\xc8\xd8\x80";

struct fixture {
	tq_celery_unpack *unpack;
	struct tq_buf	 b;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;
	const char *modules = getenv("TQ_MODULES");
	char path[T_PATH_MAX];
	void *so;

	memset(&f, 0, sizeof(f));
	tq_buf_init(&f.b);
	snprintf(path, sizeof(path), "%s/unpack.so",
	    modules == NULL ? "build/modules" : modules);
	if ((so = dlopen(path, RTLD_NOW)) != NULL)
		*(void **)&f.unpack = dlsym(so, "tq_unpack_module");
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_buf_fini(&f->b);
	return 0;
}

static int
unpack(struct fixture *f, const char *name, const char *p, size_t n,
    size_t max)
{
	struct tq_bytes in = { p, n };

	if (f->unpack == NULL)
		skip();
	tq_buf_reset(&f->b);
	return f->unpack(&f->b, name, in, max, &f->e);
}

/* 1 if the library of a codec was not there when tq was built. */
static int
is_missing(struct fixture *f, const char *name)
{
	return unpack(f, name, "", 0, 100) == -1 && f->e.num == ENOTSUP;
}

static void
every_codec_unpacks(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(packed); i++) {
		if (is_missing(f, packed[i].name))
			continue;
		if (unpack(f, packed[i].name, packed[i].p, packed[i].n,
		    strlen(WANT)) == -1)
			fail_msg("%s: %s", packed[i].name, f->e.text);
		assert_int_equal(f->b.n, strlen(WANT));
		assert_memory_equal(f->b.p, WANT, f->b.n);
	}
}

/* Cut anywhere, or with a byte after it. */
static void
damage_is_found(void **state)
{
	char longer[256];
	struct fixture *f = *state;
	size_t i, n;

	for (i = 0; i < T_COUNT(packed); i++) {
		if (is_missing(f, packed[i].name))
			continue;
		for (n = 0; n < packed[i].n; n++) {
			assert_int_equal(unpack(f, packed[i].name,
			    packed[i].p, n, 100), -1);
			assert_int_equal(f->e.num, EBADMSG);
		}
		memcpy(longer, packed[i].p, packed[i].n);
		longer[packed[i].n] = 'x';
		assert_int_equal(unpack(f, packed[i].name, longer,
		    packed[i].n + 1, 100), -1);
		assert_int_equal(f->e.num, EBADMSG);
	}
}

static void
bomb_is_found_out_at_its_bound(void **state)
{
	struct fixture *f = *state;

	if (is_missing(f, "application/x-bz2"))
		skip();
	assert_int_equal(unpack(f, "application/x-bz2", bomb,
	    sizeof(bomb) - 1, 2 << 20), 0);
	assert_int_equal(f->b.n, 2 << 20);
	assert_int_equal(unpack(f, "application/x-bz2", bomb,
	    sizeof(bomb) - 1, 1 << 20), -1);
	assert_int_equal(f->e.num, EMSGSIZE);
	assert_true(f->b.n < (1 << 20) + (128 << 10));
}

static void
unknown_compression_is_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(unpack(f, "application/x-brotli", "", 0, 100), -1);
	assert_int_equal(f->e.num, ENOTSUP);
	assert_non_null(strstr(f->e.text, "application/x-brotli"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_codec_unpacks, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(damage_is_found, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    bomb_is_found_out_at_its_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_compression_is_named,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
