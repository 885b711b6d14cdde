/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_ctlsock.c - the control socket: messages in any split, descriptors in batches, hostile peers. */
#include "net/ctlsock.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct pair {
	struct net_ctl *c;
	int raw; /* the other end */
};

static struct pair make_pair(void)
{
	int sv[2];
	struct pair p;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	p.c = net_ctl_create(sv[0]);
	assert_non_null(p.c);
	p.raw = sv[1];
	return p;
}

static void end_pair(struct pair *p)
{
	net_ctl_destroy(p->c);
	if (p->raw >= 0)
		close(p->raw);
}

static size_t frame(char *out, const char *json)
{
	size_t len = strlen(json);

	out[0] = (char)(len >> 24);
	out[1] = (char)(len >> 16);
	out[2] = (char)(len >> 8);
	out[3] = (char)len;
	memcpy(out + 4, json, len);
	return len + 4;
}

static void test_message_arrives_in_any_split(void **state)
{
	char buf[256];
	size_t len = frame(buf, "{\"type\":\"hello\",\"epoch\":7}");

	(void)state;
	len += frame(buf + len, "{\"type\":\"drain\"}");
	for (size_t cut = 1; cut < len; cut++) {
		struct pair p = make_pair();
		struct net_ctl_msg msg;
		int seen = 0;

		for (size_t off = 0; off < len;) {
			size_t n = len - off < cut ? len - off : cut;

			assert_int_equal(write(p.raw, buf + off, n), n);
			off += n;
			assert_int_equal(net_ctl_read(p.c), 1);
			while (net_ctl_next(p.c, &msg, NULL) == 1) {
				assert_string_equal(msg.type, seen++ == 0 ? "hello" : "drain");
				net_ctl_msg_clear(&msg);
			}
		}
		assert_int_equal(seen, 2);
		assert_int_equal(net_ctl_read(p.c), 0);
		close(p.raw);
		p.raw = -1;
		assert_int_equal(net_ctl_read(p.c), -EPIPE);
		end_pair(&p);
	}
}

static void test_what_is_not_the_protocol_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "[]",
					   "{",
					   "{\"a\":1}",
					   "{\"type\":1}",
					   "{\"type\":\"fds\"}",
					   "{\"type\":\"fds\",\"names\":[\"ns:x\"]}",
					   "{\"type\":\"x\"} y" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pair p = make_pair();
		struct cmn_err err = { 0 };
		struct net_ctl_msg msg;
		char buf[256];
		size_t len = frame(buf, bad[i]);

		assert_int_equal(write(p.raw, buf, len), len);
		assert_int_equal(net_ctl_read(p.c), 1);
		assert_int_equal(net_ctl_next(p.c, &msg, &err), -EPROTO);
		assert_true(err.msg[0] != '\0');
		end_pair(&p);
	}
}

static void test_length_over_the_limit_is_refused_before_its_bytes(void **state)
{
	struct pair p = make_pair();
	struct cmn_err err = { 0 };
	struct net_ctl_msg msg;

	(void)state;
	assert_int_equal(write(p.raw, "\x04\x00\x00\x01", 4), 4);
	assert_int_equal(net_ctl_read(p.c), 1);
	assert_int_equal(net_ctl_next(p.c, &msg, &err), -EPROTO);
	end_pair(&p);
}

static int take_all(struct net_ctl *c, int want, char (*names)[32], int *fds)
{
	struct net_ctl_msg msg;
	int got = 0;

	while (got < want && net_ctl_read(c) == 1) {
		while (net_ctl_next(c, &msg, NULL) == 1) {
			for (size_t i = 0; i < msg.nr_fds; i++, got++) {
				snprintf(names[got], 32, "%s", msg.names[i]);
				fds[got] = msg.fds[i];
				msg.fds[i] = -1;
			}
			net_ctl_msg_clear(&msg);
		}
	}
	return got;
}

static void test_descriptors_keep_their_names_over_batches(void **state)
{
	enum { NR = 450 };
	static char names[NR][32], got_names[NR][32];
	const char *ptr[NR];
	int fds[NR], got[NR], nr = 0;
	struct pair p = make_pair();
	struct net_ctl *peer = net_ctl_create(p.raw);
	struct stat a, b;

	(void)state;
	for (int i = 0; i < NR; i++) {
		fds[i] = memfd_create("t", MFD_CLOEXEC);
		assert_int_equal(ftruncate(fds[i], i + 1), 0);
		snprintf(names[i], sizeof(names[i]), "ns:%d", i);
		ptr[i] = names[i];
	}
	assert_int_equal(net_ctl_send_fds(peer, ptr, fds, NR), 0);
	while (nr < NR) {
		assert_int_equal(net_ctl_flush(peer), 0);
		nr += take_all(p.c, NR - nr, got_names + nr, got + nr);
	}
	assert_false(net_ctl_wants_write(peer));
	for (int i = 0; i < NR; i++) {
		assert_string_equal(got_names[i], names[i]);
		assert_int_equal(fstat(got[i], &a), 0);
		assert_int_equal(fstat(fds[i], &b), 0);
		assert_int_equal(a.st_ino, b.st_ino);
		assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
		close(got[i]);
		close(fds[i]);
	}
	net_ctl_destroy(peer);
	p.raw = -1;
	end_pair(&p);
}

static void test_large_message_leaves_as_the_peer_reads(void **state)
{
	struct pair p = make_pair();
	struct net_ctl *peer = net_ctl_create(p.raw);
	struct json_object *msg = json_object_new_object();
	struct net_ctl_msg got;
	char *text = malloc(3000001);
	int have = 0;

	(void)state;
	memset(text, 'x', 3000000);
	text[3000000] = '\0';
	json_object_object_add(msg, "type", json_object_new_string("apply"));
	json_object_object_add(msg, "text", json_object_new_string(text));
	assert_int_equal(net_ctl_send(peer, msg), 0);
	while (!have) {
		assert_int_equal(net_ctl_flush(peer), 0);
		assert_true(net_ctl_read(p.c) >= 0);
		have = net_ctl_next(p.c, &got, NULL);
		assert_true(have >= 0);
	}
	assert_int_equal(net_ctl_queued(peer), 0);
	assert_true(json_object_equal(got.json, msg));
	net_ctl_msg_clear(&got);
	json_object_put(msg);
	free(text);
	net_ctl_destroy(peer);
	p.raw = -1;
	end_pair(&p);
}

static void test_listen_replaces_a_stale_socket_and_no_living_one(void **state)
{
	char dir[] = "/tmp/ctlsock.XXXXXX", path[64];
	struct cmn_err err = { 0 };
	struct stat st;
	int fd, peer, pid, conn;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/w.sock", dir);
	assert_int_equal(net_ctl_connect(path), -ENOENT);
	fd = net_ctl_listen(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(net_ctl_listen(path, &err), -EADDRINUSE);
	conn = net_ctl_connect(path);
	assert_true(conn >= 0);
	peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(net_ctl_check_peer(peer, &pid), 0);
	assert_int_equal(pid, getpid());
	close(conn);
	close(peer);
	close(fd);
	assert_int_equal(net_ctl_connect(path), -ECONNREFUSED);
	fd = net_ctl_listen(path, &err);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(net_ctl_listen(path, &err), -EEXIST);
	unlink(path);
	rmdir(dir);
}

static void test_listen_names_a_path_that_is_too_long(void **state)
{
	struct cmn_err err = { 0 };
	char path[200];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(net_ctl_listen(path, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.msg, "longer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_arrives_in_any_split),
		cmocka_unit_test(test_what_is_not_the_protocol_is_refused),
		cmocka_unit_test(test_length_over_the_limit_is_refused_before_its_bytes),
		cmocka_unit_test(test_descriptors_keep_their_names_over_batches),
		cmocka_unit_test(test_large_message_leaves_as_the_peer_reads),
		cmocka_unit_test(test_listen_replaces_a_stale_socket_and_no_living_one),
		cmocka_unit_test(test_listen_names_a_path_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
