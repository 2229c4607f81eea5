/* Redis, asked what every broker is asked. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/contract/contract.h"
#include "tests/lib/redis.h"

static struct t_redis server;

/* Of workers that are all of tq, or some of Celery's. */
static void
redis_url(char *url, size_t size, const char *dir)
{
	(void)dir;
	t_redis_flush(&server);
	(void)snprintf(url, size, "redis://%s/sock?workers=tq", server.dir);
}

static void
mixed_url(char *url, size_t size, const char *dir)
{
	(void)dir;
	t_redis_flush(&server);
	(void)snprintf(url, size, "redis://%s/sock", server.dir);
}

/* What Celery's way of keeping tasks has no place for: ENOTSUP, exit 78. */
static const struct contract_lack lacks[] = {
	{ "claim_and_stat_give_every_field",
	    "a submitter has no uid there, nor the right to a directory of his" },
	{ "foreign_ids_are_kept_as_they_are",
	    "JSON has no place for an id that is not UTF-8" },
	{ "known_id_is_refused_while_queued_and_after_its_end",
	    "what has ended is in no list" },
	{ "full_queue_refuses_at_once_when_told",
	    "no settings" },
	{ "full_queue_waits_as_long_as_asked",
	    "no settings" },
	{ "full_batch_that_does_not_fit_puts_nothing",
	    "no settings" },
	{ "full_queue_takes_again_once_a_task_has_ended",
	    "no settings" },
	{ "claim_tells_the_retries_of_the_queue",
	    "no settings" },
	{ "long_result_takes_the_place_of_output",
	    "a result of any length stands beside the output" },
	{ "success_without_result_keeps_no_output",
	    "as with Celery nothing at all is kept of it" },
	{ "output_of_earlier_attempts_is_kept",
	    "a task has one meta" },
	{ "queue_is_idle_when_all_have_ended_or_are_held",
	    "nothing is held" },
	{ "tail_finds_its_task",
	    "ids are keys: no search for tails" },
	{ "ambiguous_tail_names_two",
	    "ids are keys: no search for tails" },
	{ "list_of_everything_is_in_order_of_put",
	    "what has ended is in no list" },
	{ "list_by_queue_state_and_label",
	    "what has ended is in no list" },
	{ "list_stops_when_told",
	    "what has ended is in no list" },
	{ "held_and_delayed_tasks_say_so",
	    "nothing is held" },
	{ "started_task_names_its_worker",
	    "who has not joined has no name there" },
	{ "queues_count_their_tasks",
	    "Celery's workers count for themselves" },
	{ "held_task_waits_for_its_release",
	    "nothing is held" },
	{ "task_put_held_waits_for_its_release",
	    "nothing is held" },
	{ "failure_is_reopened_with_its_body_and_outcome",
	    "a message that has ended is gone" },
	{ "success_is_reopened_by_force_only",
	    "a message that has ended is gone" },
	{ "priority_changed_goes_first",
	    "there a task without -p is as urgent as can be" },
	{ "unknown_id_is_named",
	    "nothing is held" },
	{ "selectors_choose_what_is_changed",
	    "what has ended is in no list" },
	{ "changes_are_seen_by_another_handle_and_after_closing",
	    "nothing is held" },
	{ "purge_spares_what_has_started",
	    "nothing is held" },
	{ "setting_is_told_as_it_was_set",
	    "no settings" },
	{ "queue_without_a_setting_has_the_brokers",
	    "no settings" },
	{ "wrong_settings_are_quoted",
	    "no settings" },
	{ "success_is_kept_as_long_as_set",
	    "no settings" },
	{ "healthy_broker_has_no_findings",
	    "its files are the server's, which syncs them as it is set" },
	{ "capture_files_have_places_of_their_own",
	    "a worker keeps them where it wants" },
	{ "events_tell_a_life_from_now_on",
	    "events are told, not kept" },
	{ "events_tell_settings_and_what_is_forgotten",
	    "events are told, not kept" },
	{ "events_stop_when_told_and_go_on_from_there",
	    "events are told, not kept" },
	{ "events_wait_as_long_as_asked",
	    "events are told, not kept" },
	{ "key_is_not_taken_back_by_a_retry",
	    "a message that has ended is gone" },
	{ "who_replaces_is_waited_for",
	    "what waits for a task is of its put: tests/peer/keys.sh" },
	{ NULL, NULL }
};

/* And what not all workers know, where some are Celery's. */
static const struct contract_lack mixed_lacks[] = {
	{ "batch_with_one_id_twice_puts_nothing",
	    "an id that nobody knows is PENDING" },
	{ "waiting_for_an_unknown_task_names_it",
	    "an id that nobody knows is PENDING" },
	{ "unknown_id_is_0",
	    "an id that nobody knows is PENDING" },
	{ "list_by_ids_is_restricted_too",
	    "an id that nobody knows is PENDING" },
	{ "forgotten_task_is_unknown_and_its_id_free",
	    "an id that nobody knows is PENDING" },
	{ "queue_with_tasks_is_removed_by_force_only",
	    "an id that nobody knows is PENDING" },
	{ "task_put_once_is_not_started_twice",
	    "--once is refused" },
	{ "task_kept_for_a_moment_is_forgotten",
	    "--keep is refused" },
	{ "ready_task_without_a_worker_says_so",
	    "Celery's workers are not asked" },
	{ "sleep_tells_the_next_timer",
	    "an ETA stands in a list until somebody takes it" },
	{ NULL, NULL }
};

int
main(void)
{
	static const struct contract redis = {
		.url = redis_url,
		/*
		 * Not here: LIMIT, a queue has no settings; GRAPH, whose
		 * shapes go over many puts and are refused.
		 */
		.groups = (CONTRACT_ALL & ~(CONTRACT_LIMIT | CONTRACT_GRAPH)) |
		    CONTRACT_APART,
		.lacks = lacks
	};
	static const struct contract mixed = {
		.url = mixed_url,
		.groups = (CONTRACT_ALL & ~(CONTRACT_LIMIT | CONTRACT_GRAPH |
		    CONTRACT_KEY | CONTRACT_GATE)) | CONTRACT_APART |
		    CONTRACT_MIXED,
		.lacks = lacks, .more_lacks = mixed_lacks
	};
	int rv;

	if (getenv("TQ_MODULES") == NULL || !t_redis_start(&server)) {
		puts("ok 1 - redis # SKIP no redis-server\n1..1");
		return 0;
	}
	rv = contract_run(&redis);
	rv |= contract_run(&mixed);
	t_redis_stop(&server);
	return rv;
}
