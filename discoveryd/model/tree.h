/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/tree.h - a persistent ordered map: every change makes a new root that shares all but its path with the old.
 * Owns: nodes, by reference count (atomic, so that any thread may drop a root).  Thread: a root is immutable; a variable that
 * holds one belongs to its owner.  May block: never.
 *
 * It is a treap: the expected depth is 2 ln n whatever the order of insertion, since a node's priority is random.
 * Without memory it ends the process: workers go on, and the next discoveryd adopts them.
 * An empty tree is NULL.  Values are reference counted rows (model/rows.h) or, where ops->get is NULL, plain pointers. */
#ifndef DISCOVERYD_MODEL_TREE_H
#define DISCOVERYD_MODEL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dsc_tree;

struct dsc_tree_ops {
	/* Orders a key against a value's own key. */
	int (*cmp)(const void *key, const void *value);
	const void *(*key)(const void *value);
	void *(*get)(
		void *value); /* takes a reference, returns value; NULL: values aren't counted */
	void (*put)(void *value);
};

struct dsc_tree *dsc_tree_get(struct dsc_tree *t);
void dsc_tree_put(struct dsc_tree *t, const struct dsc_tree_ops *ops);

/* Replaces *root by a tree with value in it (instead of the one with the same key); takes its own reference to value. */
void dsc_tree_set(struct dsc_tree **root, const struct dsc_tree_ops *ops, void *value);
/* Takes the key out; false when it isn't there. */
bool dsc_tree_del(struct dsc_tree **root, const struct dsc_tree_ops *ops, const void *key);

void *dsc_tree_find(const struct dsc_tree *t, const struct dsc_tree_ops *ops, const void *key);
/* The first value whose key is greater than key (NULL: the first of all); NULL at the end.  So a loop is
 *     for (v = dsc_tree_next(t, ops, NULL); v; v = dsc_tree_next(t, ops, ops->key(v))) */
void *dsc_tree_next(const struct dsc_tree *t, const struct dsc_tree_ops *ops, const void *key);
/* fn with each value in order, until it returns false; cheaper than the loop where there are thousands. */
bool dsc_tree_walk(const struct dsc_tree *t, bool (*fn)(void *arg, void *value), void *arg);
size_t dsc_tree_count(const struct dsc_tree *t);

#define dsc_tree_each(v, t, ops)                                                                   \
	for ((v) = dsc_tree_next((t), (ops), NULL); (v);                                           \
	     (v) = dsc_tree_next((t), (ops), (ops)->key(v)))

#endif
