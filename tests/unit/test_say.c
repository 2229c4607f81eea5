/* Unit tests of lib/worker/say.c. */
#include <sys/stat.h>

#include <bsd/string.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/worker/say.h"
#include "tests/lib/t.h"

static void
hear(void *arg, enum tq_say_level level, const char *line)
{
	(void)level;
	strlcat(arg, line, 256);
	strlcat(arg, "\n", 256);
}

static void
claim_init(struct tq_claim *c)
{
	tq_claim_init(c);
	strlcpy(c->ref.id.s, "id-1", sizeof(c->ref.id.s));
	c->ref.attempt = 2;
	c->task.queue = "mail";
	c->task.label = "two words";
	/* in the future, so that no time is told */
	c->start = TQ_FOREVER / 2;
}

static void
people_get_sentences(void **state)
{
	char text[256] = "";
	const struct tq_say say = { .steps = 1, .fn = hear, .arg = text };
	struct tq_outcome end;
	struct tq_claim c;

	(void)state;
	claim_init(&c);
	tq_outcome_init(&end, TQ_FAILURE);
	end.status = 137;
	end.why = "time limit";
	tq_say_started(&say, &c, "sh");
	tq_say_ended(&say, &c, &end);
	tq_say(&say, TQ_SAY_WRONG, "%d lost", 3);
	assert_string_equal(text, "id-1: started sh\n"
	    "id-1: failure, status 137: time limit\n3 lost\n");
	tq_claim_fini(&c);
}

static void
the_journal_gets_a_priority_and_words(void **state)
{
	char text[256] = "";
	const struct tq_say say = { .steps = 1, .journal = 1, .fn = hear,
	    .arg = text };
	struct tq_outcome end;
	struct tq_claim c;

	(void)state;
	claim_init(&c);
	tq_outcome_init(&end, TQ_SUCCESS);
	end.status = 0;
	end.why = "";
	tq_say_started(&say, &c, "/bin/sh");
	assert_string_equal(text, "<6>started task=id-1 queue=mail "
	    "label=\"two words\" attempt=2 program=/bin/sh\n");
	text[0] = '\0';
	tq_say_ended(&say, &c, &end);
	tq_say(&say, TQ_SAY_WRONG, "%d lost", 3);
	tq_say(&say, TQ_SAY_NOTE, "%d left", 2);
	assert_string_equal(text, "<6>ended task=id-1 queue=mail "
	    "label=\"two words\" attempt=2 state=success status=0 why=\"\"\n"
	    "<4>3 lost\n<6>2 left\n");
	tq_claim_fini(&c);
}

static void
one_event_is_one_line_whatever_it_quotes(void **state)
{
	char text[256] = "";
	const struct tq_say say = { .steps = 1, .journal = 1, .fn = hear,
	    .arg = text };
	struct tq_claim c;

	(void)state;
	claim_init(&c);
	c.task.label = "x\n<0>y=\"z\" \033[2J";
	tq_say_started(&say, &c, "a\tb");
	assert_string_equal(text, "<6>started task=id-1 queue=mail "
	    "label=\"x\\n<0>y=\\\"z\\\" \\x1b[2J\" attempt=2 "
	    "program=a\\tb\n");
	text[0] = '\0';
	tq_say(&say, TQ_SAY_WRONG, "%s", "a\n<0>b");
	assert_string_equal(text, "<4>a\\n<0>b\n");
	tq_claim_fini(&c);
}

static void
steps_are_said_on_demand(void **state)
{
	char text[256] = "";
	const struct tq_say say = { .fn = hear, .arg = text };
	struct tq_outcome end;
	struct tq_claim c;

	(void)state;
	claim_init(&c);
	tq_outcome_init(&end, TQ_SUCCESS);
	tq_say_started(&say, &c, "sh");
	tq_say_ended(&say, &c, &end);
	tq_say(&say, TQ_SAY_STEP, "stopped");
	assert_string_equal(text, "");
	tq_say(&say, TQ_SAY_WRONG, "lost");
	assert_string_equal(text, "lost\n");
	tq_claim_fini(&c);
}

static void
the_journal_is_what_its_variable_names(void **state)
{
	char is[64];
	struct stat st;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	assert_int_equal(tq_say_journal(fd), 0);
	snprintf(is, sizeof(is), "%" PRIuMAX ":%" PRIuMAX,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", is, 1), 0);
	assert_int_equal(tq_say_journal(fd), 1);
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	assert_int_equal(tq_say_journal(fd), 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_get_sentences),
		cmocka_unit_test(the_journal_gets_a_priority_and_words),
		cmocka_unit_test(one_event_is_one_line_whatever_it_quotes),
		cmocka_unit_test(steps_are_said_on_demand),
		cmocka_unit_test(the_journal_is_what_its_variable_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
