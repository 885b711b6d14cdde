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

static struct dsc_tree *with_children(const struct dsc_tree_ops *ops, const struct dsc_tree *t,
				      struct dsc_tree *left, struct dsc_tree *right)
{
	return node(ops, t->prio, t->value, left, right);
}

/* Splits around key; what has the key itself is left out. */
static void split(const struct dsc_tree_ops *ops, struct dsc_tree *t, const void *key,
		  struct dsc_tree **ret_left, struct dsc_tree **ret_right)
{
	struct dsc_tree *l, *r;
	int c;

	if (!t) {
		*ret_left = *ret_right = NULL;
		return;
	}
	c = ops->cmp(key, t->value);
	if (c == 0) {
		*ret_left = dsc_tree_get(t->left);
		*ret_right = dsc_tree_get(t->right);
	} else if (c < 0) {
		split(ops, t->left, key, &l, &r);
		*ret_left = l;
		*ret_right = with_children(ops, t, r, dsc_tree_get(t->right));
	} else {
		split(ops, t->right, key, &l, &r);
		*ret_left = with_children(ops, t, dsc_tree_get(t->left), l);
		*ret_right = r;
	}
}

/* Every key of a is less than every key of b. */
static struct dsc_tree *join(const struct dsc_tree_ops *ops, struct dsc_tree *a, struct dsc_tree *b)
{
	if (!a || !b)
		return dsc_tree_get(a ? a : b);
	if (a->prio > b->prio)
		return with_children(ops, a, dsc_tree_get(a->left), join(ops, a->right, b));
	return with_children(ops, b, join(ops, a, b->left), dsc_tree_get(b->right));
}

struct insertion {
	const struct dsc_tree_ops *ops;
	const void *key;
	void *value;
	uint32_t prio;
};

static struct dsc_tree *insert(const struct insertion *in, struct dsc_tree *t)
{
	const struct dsc_tree_ops *ops = in->ops;
	struct dsc_tree *l, *r;
	int c;

	c = t ? in->ops->cmp(in->key, t->value) : 0;
	if (t && c == 0)
		return node(ops, t->prio, in->value, dsc_tree_get(t->left), dsc_tree_get(t->right));
	if (!t || in->prio > t->prio) {
		split(ops, t, in->key, &l, &r);
		return node(ops, in->prio, in->value, l, r);
	}
	if (c < 0)
		return with_children(ops, t, insert(in, t->left), dsc_tree_get(t->right));
	return with_children(ops, t, dsc_tree_get(t->left), insert(in, t->right));
}

void dsc_tree_set(struct dsc_tree **root, const struct dsc_tree_ops *ops, void *value)
{
	struct insertion in = {
		.ops = ops, .key = ops->key(value), .value = value, .prio = next_prio()
	};
	struct dsc_tree *old = *root;

	*root = insert(&in, old);
	dsc_tree_put(old, ops);
}

static struct dsc_tree *without(const struct dsc_tree_ops *ops, struct dsc_tree *t, const void *key)
{
	int c = ops->cmp(key, t->value);

	if (c == 0)
		return join(ops, t->left, t->right);
	if (c < 0)
		return with_children(ops, t, without(ops, t->left, key), dsc_tree_get(t->right));
	return with_children(ops, t, dsc_tree_get(t->left), without(ops, t->right, key));
}

bool dsc_tree_del(struct dsc_tree **root, const struct dsc_tree_ops *ops, const void *key)
{
	struct dsc_tree *old = *root;

	if (!dsc_tree_find(old, ops, key))
		return false;
	*root = without(ops, old, key);
	dsc_tree_put(old, ops);
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
