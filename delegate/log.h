/* Messages for the user, on stderr, never on stdout. */
#ifndef HBY_DELEGATE_LOG_H
#define HBY_DELEGATE_LOG_H

/* What the option `verbose` must be at least for a message to appear. */
enum hby_log_level { HBY_LOG_WARNING = 0, HBY_LOG_CLAIMS = 1, HBY_LOG_NODES = 2, HBY_LOG_ALL = 3 };

/* One line, written at once. */
void hby_log(int verbose, enum hby_log_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
