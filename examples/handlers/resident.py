#!/usr/bin/python3
"""A handler that stays up, in Python: counts the words of its files.

	tqput -N words /etc/motd && tqrun -E -U words=./resident.py

What is slow to load is loaded once, before the loop.  An exception is the
error of its task and of no other.  stdout is for answers: print to stderr.
"""
import json
import sys
import traceback


def words(*files):
    return {name: len(open(name).read().split()) for name in files}


for line in sys.stdin:
    task = json.loads(line)
    answer = {"id": task["id"]}
    try:
        answer["result"] = words(*task["args"], **task["kwargs"])
    except FileNotFoundError as e:
        answer.update(error=str(e), status=66)      # never again
    except Exception as e:
        answer["error"] = "%s\n%s" % (e, traceback.format_exc())
    print(json.dumps(answer), flush=True)
