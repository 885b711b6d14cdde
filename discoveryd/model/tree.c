/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/tree.c - a persistent treap: path copying, reference counted nodes.
 * Owns: nodes.  Thread: see tree.h.  May block: never. */
#include "discoveryd/model/tree.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "discoveryd/model/rows.h"

struct dsc_tree {
	_Atomic uint32_t refs;
	uint32_t prio;
	size_t count;
	struct dsc_tree *left, *right;
	void *value;
};

/* xorshift: priorities need to be spread, not secret.  Thread-local, for snapshots never insert but tests may. */
static uint32_t next_prio(void)
{
	static _Thread_local uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

struct dsc_tree *dsc_tree_get(struct dsc_tree *t)
{
	if (t)
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void dsc_tree_put(struct dsc_tree *t, const struct dsc_tree_ops *ops)
{
	while (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
		struct dsc_tree *right = t->right;

		dsc_tree_put(t->left, ops);
		if (ops->put)
			ops->put(t->value);
		free(t);
		t = right;
	}
}

size_t dsc_tree_count(const struct dsc_tree *t)
{
	return t ? t->count : 0;
}

/* A node of its own over children whose references it takes over; takes its own reference to value. */
static struct dsc_tree *node(const struct dsc_tree_ops *ops, uint32_t prio, void *value,
			     struct dsc_tree *left, struct dsc_tree *right)
{
	struct dsc_tree *t = dsc_zalloc(sizeof(*t));

	atomic_init(&t->refs, 1);
	t->prio = prio;
	t->value = ops->get ? ops->get(value) : value;
	t->left = left;
	t->right = right;
	t->count = 1 + dsc_tree_count(left) + dsc_tree_count(right);
	return t;
}

/* -- changing: these take over the references that they are given, and return one ------------------------------ */

/* t, or a copy of it where others have it too: to be changed in place.  So a transaction that changes many values makes each node
 * at most once. */
static struct dsc_tree *own(const struct dsc_tree_ops *ops, struct dsc_tree *t)
{
	struct dsc_tree *copy;

	if (atomic_load_explicit(&t->refs, memory_order_acquire) == 1)
		return t;
	copy = node(ops, t->prio, t->value, dsc_tree_get(t->left), dsc_tree_get(t->right));
	dsc_tree_put(t, ops);
	return copy;
}

static struct dsc_tree *counted(struct dsc_tree *t)
{
	t->count = 1 + dsc_tree_count(t->left) + dsc_tree_count(t->right);
	return t;
}

/* The children's references go to the caller, the node goes. */
static void dissolve(const struct dsc_tree_ops *ops, struct dsc_tree *t, struct dsc_tree **ret_left,
		     struct dsc_tree **ret_right)
{
	t = own(ops, t);
	*ret_left = t->left;
	*ret_right = t->right;
	t->left = t->right = NULL;
	dsc_tree_put(t, ops);
}

/* Splits around key; what has the key itself is left out. */
static void split(const struct dsc_tree_ops *ops, struct dsc_tree *t, const void *key,
		  struct dsc_tree **ret_left, struct dsc_tree **ret_right)
{
	int c;

	if (!t) {
		*ret_left = *ret_right = NULL;
		return;
	}
	c = ops->cmp(key, t->value);
	if (c == 0) {
		dissolve(ops, t, ret_left, ret_right);
		return;
	}
	t = own(ops, t);
	if (c < 0) {
		split(ops, t->left, key, ret_left, &t->left);
		*ret_right = counted(t);
	} else {
		split(ops, t->right, key, &t->right, ret_right);
		*ret_left = counted(t);
	}
}

/* Every key of a is less than every key of b. */
static struct dsc_tree *join(const struct dsc_tree_ops *ops, struct dsc_tree *a, struct dsc_tree *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->prio > b->prio) {
		a = own(ops, a);
		a->right = join(ops, a->right, b);
		return counted(a);
	}
	b = own(ops, b);
	b->left = join(ops, a, b->left);
	return counted(b);
}

struct insertion {
	const struct dsc_tree_ops *ops;
	const void *key;
	void *value;
	uint32_t prio;
};

static void replace(const struct insertion *in, struct dsc_tree *t)
{
	void *old = t->value;

	t->value = in->ops->get ? in->ops->get(in->value) : in->value;
	if (in->ops->put)
		in->ops->put(old);
}

static struct dsc_tree *insert(const struct insertion *in, struct dsc_tree *t)
{
	struct dsc_tree *l, *r;
	int c = t ? in->ops->cmp(in->key, t->value) : 0;

	if (!t || (c != 0 && in->prio > t->prio)) {
		split(in->ops, t, in->key, &l, &r);
		return node(in->ops, in->prio, in->value, l, r);
	}
	t = own(in->ops, t);
	if (c == 0)
		replace(in, t);
	else if (c < 0)
		t->left = insert(in, t->left);
	else
		t->right = insert(in, t->right);
	return counted(t);
}

void dsc_tree_set(struct dsc_tree **root, const struct dsc_tree_ops *ops, void *value)
{
	struct insertion in = {
		.ops = ops, .key = ops->key(value), .value = value, .prio = next_prio()
	};

	*root = insert(&in, *root);
}

static struct dsc_tree *without(const struct dsc_tree_ops *ops, struct dsc_tree *t, const void *key)
{
	int c = ops->cmp(key, t->value);
	struct dsc_tree *l, *r;

	if (c == 0) {
		dissolve(ops, t, &l, &r);
		return join(ops, l, r);
	}
	t = own(ops, t);
	if (c < 0)
		t->left = without(ops, t->left, key);
	else
		t->right = without(ops, t->right, key);
	return counted(t);
}

bool dsc_tree_del(struct dsc_tree **root, const struct dsc_tree_ops *ops, const void *key)
{
	if (!dsc_tree_find(*root, ops, key))
		return false;
	*root = without(ops, *root, key);
	return true;
}

void *dsc_tree_find(const struct dsc_tree *t, const struct dsc_tree_ops *ops, const void *key)
{
	while (t) {
		int c = ops->cmp(key, t->value);

		if (c == 0)
			return t->value;
		t = c < 0 ? t->left : t->right;
	}
	return NULL;
}

void *dsc_tree_next(const struct dsc_tree *t, const struct dsc_tree_ops *ops, const void *key)
{
	void *best = NULL;

	while (t) {
		if (!key || ops->cmp(key, t->value) < 0) {
			best = t->value;
			t = t->left;
		} else {
			t = t->right;
		}
	}
	return best;
}

bool dsc_tree_walk(const struct dsc_tree *t, bool (*fn)(void *arg, void *value), void *arg)
{
	for (; t; t = t->right) {
		if (!dsc_tree_walk(t->left, fn, arg) || !fn(arg, t->value))
			return false;
	}
	return true;
}
