/*
 * A snapshot of a broker in Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
#ifndef TQ_COMMAND_PROMETHEUS_H
#define TQ_COMMAND_PROMETHEUS_H

#include <stdio.h>

#include "command/snapshot.h"

/* Write every metric to f; errors stay in f for ferror(3). */
void	tq_prometheus_print(FILE *f, const struct tq_snapshot *);
#endif
