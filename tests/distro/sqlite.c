/*
 * A database on a file, as any program with SQLite in it uses one: journal and
 * write-ahead log, locks between two processes, a rollback by SIGKILL.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int print_row(void *unused, int count, char **values, char **names)
{
	(void)unused;
	(void)names;
	for (int i = 0; i < count; i++)
		printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
	printf("\n");
	return 0;
}

static void run(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, print_row, NULL, &error) != SQLITE_OK) {
		printf("%s: %s\n", sql, error);
		exit(1);
	}
}

static sqlite3 *open_it(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK) {
		printf("open: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
	sqlite3_busy_timeout(db, 20000);
	return db;
}

static const char fill[] =
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	"WHERE i < 5000) INSERT INTO t SELECT i, i * 7919 % 10007, "
	"'text ' || i FROM n";

/* A child begins to write and is killed: nothing of it must be seen. */
static void killed_writer(const char *path)
{
	pid_t pid;
	int ready[2];
	char byte;

	if (pipe(ready) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db = open_it(path);

		run(db, "PRAGMA cache_size = 10; BEGIN IMMEDIATE;"
			"UPDATE t SET v = -1;");
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		exit(1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void two_writers(const char *path)
{
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		sqlite3 *db = open_it(path);

		for (int n = 0; n < 20; n++)
			run(db, "UPDATE c SET n = n + 1");
		sqlite3_close(db);
		_exit(0);
	}
	for (int i = 0; i < 2; i++)
		waitpid(pid[i], NULL, 0);
}

static void work(const char *path, const char *mode)
{
	char sql[64];
	sqlite3 *db = open_it(path);

	snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", mode);
	run(db, sql);
	run(db, "PRAGMA mmap_size = 1048576");
	run(db, "CREATE TABLE t (i INTEGER PRIMARY KEY, v INT, s TEXT)");
	run(db, fill);
	run(db, "CREATE INDEX tv ON t (v); CREATE TABLE c (n INT);"
		"INSERT INTO c VALUES (0);");
	run(db, "SELECT count(*), sum(v), min(s), max(s) FROM t");
	run(db, "SELECT i, s FROM t WHERE v BETWEEN 100 AND 103 ORDER BY v");
	run(db, "BEGIN; DELETE FROM t; ROLLBACK; SELECT count(*) FROM t");
	sqlite3_close(db);
	killed_writer(path);
	two_writers(path);
	db = open_it(path);
	run(db, "SELECT count(*) FROM t WHERE v = -1; SELECT n FROM c");
	run(db, "DELETE FROM t WHERE i % 2; VACUUM; PRAGMA integrity_check");
	run(db, "PRAGMA page_count");
	sqlite3_close(db);
	unlink(path);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("SQLite %s\n", sqlite3_libversion());
	work("calf-delete.db", "delete");
	work("calf-wal.db", "wal");
	return 0;
}
