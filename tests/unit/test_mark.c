/* The mark of the processes of an attempt (lib/worker/mark.h). */
#include <sys/stat.h>

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "lib/worker/mark.h"
#include "tests/lib/t.h"

static void
a_directory_is_one_site_and_its_copy_another(void **state)
{
	char dir[T_PATH_MAX], one[TQ_SITE_SIZE], two[TQ_SITE_SIZE];
	char path[T_PATH_MAX + 8];

	(void)state;
	t_tmpdir(dir);
	snprintf(path, sizeof(path), "%s/copy", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	tq_mark_site(one, dir, "spool:");
	tq_mark_site(two, path, "spool:");
	assert_string_not_equal(one, two);
	snprintf(path, sizeof(path), "%s/.", dir);
	tq_mark_site(two, path, "spool:other");
	assert_string_equal(one, two);
	t_rmdir(dir);
}

static void
another_broker_is_its_url(void **state)
{
	char one[TQ_SITE_SIZE], two[TQ_SITE_SIZE];

	(void)state;
	tq_mark_site(one, NULL, "redis://localhost/0");
	tq_mark_site(two, NULL, "redis://localhost/1");
	assert_string_not_equal(one, two);
	/* the known answer of FNV-1a for "a" */
	tq_mark_site(one, NULL, "a");
	assert_string_equal(one, "af63dc4c8601ec8c");
}

static void
an_id_that_came_again_has_another_mark(void **state)
{
	char one[TQ_MARK_SIZE], two[TQ_MARK_SIZE];
	struct tq_claim c = { .put = 1 };

	(void)state;
	strlcpy(c.ref.id.s, "nightly", sizeof(c.ref.id.s));
	tq_mark_make(one, "8:17", &c, 1);
	assert_string_equal(one, "TQ_MARK=8:17/1/nightly/1");
	c.put = 2;
	tq_mark_make(two, "8:17", &c, 1);
	assert_string_not_equal(one, two);
}

static void
the_longest_mark_is_whole(void **state)
{
	char site[TQ_SITE_SIZE], mark[TQ_MARK_SIZE];
	struct tq_claim c = { .put = INT64_MIN };

	(void)state;
	memset(site, '9', sizeof(site) - 1);
	site[sizeof(site) - 1] = '\0';
	memset(c.ref.id.s, 'x', TQ_ID_MAX);
	tq_mark_make(mark, site, &c, UINT32_MAX);
	assert_string_equal(strrchr(mark, '/'), "/4294967295");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_is_one_site_and_its_copy_another),
		cmocka_unit_test(another_broker_is_its_url),
		cmocka_unit_test(an_id_that_came_again_has_another_mark),
		cmocka_unit_test(the_longest_mark_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
