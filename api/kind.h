/* SPDX-License-Identifier: Apache-2.0 */
/* api/kind.h - what a resource is: a table of its members, how its objects are found, the commands that change them.
 * Owns: constant data; what is rendered belongs to the caller.  Thread: the control loop.  May block: as its commands do.
 *
 * From the table follow: an object's JSON and `fields=` (api/kind.c); filters, `sort` and pages of a list (api/list.c); the check of
 * a body (api/body.c); POST, PUT, PATCH and DELETE with ETag, dry run and audit (api/write.c, api/changes.c); the changes that
 * the event stream tells (api/stream.c).  A resource gives rows and, for what isn't a plain member of its row, a function that
 * gets the value. */
#ifndef API_KIND_H
#define API_KIND_H

#include "api/req.h"
#include "discoveryd/app.h"
#include "discoveryd/model/snapshot.h"

#define API_FIELDS_MAX 64 /* of a kind */
#define API_KEY_MAX 320 /* bytes of an object's key: two names and a number */

enum api_type {
	API_TEXT, /* a string, or null; in a row char[], or char * when size is that of a pointer */
	API_NUMBER, /* not negative */
	API_BOOL,
	API_TIME, /* milliseconds since 1970, told as RFC 3339 */
	API_SIZE, /* a number of bytes; a body may give text such as "1GiB" */
	API_PORT, /* a TCP port: told as text, a body may give a number */
	API_TEXTS, /* an array of strings, or null; got by a function */
	API_JSON, /* anything else; neither filtered nor sorted by; got by a function */
	API_TYPE_COUNT
};

enum api_field_flag {
	API_FILTER = 1 << 0, /* ?name=value keeps a list to those that have it */
	API_SORT = 1 << 1, /* ?sort=name */
	API_FIND = API_FILTER | API_SORT,
	API_KEY = 1 << 2, /* names the object among its siblings */
	API_PARENT = 1 << 3, /* names what it belongs to; the {name} in its path */
	API_HIDDEN = 1 << 9, /* to filter and sort by only; part of another member */
	API_DETAIL = 1 << 10, /* may be long: lists leave it out unless fields= names it */
	API_LIVE =
		1
		<< 4, /* observed or derived: no part of what is desired, so not of a change either */
	/* In a body. */
	API_CREATE = 1 << 5, /* of POST and PUT */
	API_CHANGE = 1 << 6, /* of PATCH and PUT: it may be changed */
	API_SET = API_CREATE | API_CHANGE,
	API_NEEDED = 1 << 7, /* of POST and PUT */
	API_SECRET = 1 << 11, /* what is there isn't told: whatever is given is another */
	API_NULL = 1 << 8, /* null is a value of it, or takes it back to its default */
};

/* What a value is got with. */
struct api_ctx {
	struct dsc_app *app;
	const struct dsc_snapshot *snap;
	const void *parent; /* of a nested collection: what kind->open found */
	void *live; /* the kind's own: what it watches beside the model */
};

struct api_op;

struct api_value {
	const char *text; /* NULL: null */
	uint64_t number; /* bool: 0 or 1 */
	struct json_object *json; /* API_TEXTS, API_JSON: taken over; NULL: null */
	bool null; /* a number or time that isn't known */
	bool absent; /* the object has no such member */
	char buf[256]; /* room for a text that is made */
};

struct api_field {
	const char *name;
	enum api_type type;
	unsigned int flags; /* enum api_field_flag */
	size_t offset, size; /* where the row has it: API_AT() */
	void (*get)(const struct api_ctx *ctx, const void *row, struct api_value *ret); /* or so */
	const char *const *words; /* all the texts that there are, NULL-ended; or NULL */
	uint64_t min, max; /* of a number that a body gives, or bytes of a text; max 0: any */
	/* Of a text that a body gives, each one of API_TEXTS; NULL: any.  0, or -EINVAL with err about field. */
	int (*check)(const char *text, const char *field, struct cmn_err *err);
	/* Only a filter, API_HIDDEN: does the object match? */
	bool (*match)(const struct api_ctx *ctx, const void *row, const char *value);
	const char *otherwise; /* the filter's value when none is given */
};
#define API_AT(type, member)                                                                       \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

struct dsc_call;

struct api_kind {
	const char *name; /* "host": for people, in changes and events */
	const char *param; /* the {name} of one object in its path */
	const struct api_field *fields; /* ended by one without name */
	uint8_t row; /* enum dsc_row_kind of its objects; DSC_ROW_NONE: they are no rows of the model */
	size_t changed; /* where the row has its uint64_t revision, for the ETag; 0: it has none */

	/* Of a nested collection: finds the parent that the path names; false: answered. */
	bool (*open)(struct api_req *req, struct api_ctx *ctx);
	/* Of objects that the model doesn't have all of: takes hold of what else there is, for reading; and lets it go. */
	void (*watch)(struct api_req *req, struct api_ctx *ctx);
	void (*unwatch)(struct api_ctx *ctx);
	/* As open of a row of the model, in ctx->snap; false: it isn't there. */
	bool (*adopt)(struct api_ctx *ctx, const void *row);
	/* The object of that key, NULL when there is none; borrowed from the snapshot or until the turn ends. */
	const void *(*find)(const struct api_ctx *ctx, const char *key);
	/* The first object whose key is greater, in the order of keys; after NULL: the first of all. */
	const void *(*next)(const struct api_ctx *ctx, const char *after);
	/* The row's key, when it isn't the member marked API_KEY. */
	void (*key)(const struct api_ctx *ctx, const void *row, char *buf, size_t size);
	/* Keeps a row beyond the turn; NULL: it is a dsc_row, counted as those are. */
	void (*hold)(const void *row);
	void (*drop)(const void *row);
	void (*page)(const struct api_ctx *ctx,
		     struct json_object *page); /* adds to a list's answer */
	/* A record of what happened: ?since=KEY goes on after that one, and without it (or sort) a page has the newest ones; its keys are
	 * numbers. */
	bool is_log;

	/* Commands of the model, for bodies that have been checked; they return what it returned (model/commands.h).  remove may be refused
	 * with -EBUSY: users() names who is in the way, by api_op_user(). */
	int (*create)(const struct api_ctx *ctx, struct json_object *doc,
		      const struct dsc_call *call, struct cmn_err *err);
	int (*update)(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		      const struct dsc_call *call, struct cmn_err *err);
	int (*remove)(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		      struct cmn_err *err);
	void (*users)(struct api_op *op, const struct api_ctx *ctx, const void *row);
	bool (*lingers)(struct dsc_app *app, const char *name,
			uint64_t *ret_left); /* see api/op.h */
};

/* Handlers of rows with a kind. */
void api_list(struct api_req *req); /* list.c: limit, cursor, sort, fields and filters */
void api_get(struct api_req *req); /* fields */
void api_create(struct api_req *req); /* write.c: POST to the collection */
void api_put(struct api_req *req); /* made, or changed where it differs */
void api_patch(struct api_req *req);
void api_delete(struct api_req *req);

/* NULL when the kind has no such member. */
const struct api_field *api_kind_field(const struct api_kind *kind, const char *name, size_t len);
/* The kind of a row of the model that has a resource; NULL when none has. */
const struct api_kind *api_kind_of_row(uint8_t row_kind);
void api_kind_key(const struct api_kind *kind, const struct api_ctx *ctx, const void *row,
		  char *buf, size_t size);
uint64_t api_kind_revision(const struct api_kind *kind, const void *row);
/* Value of a member; json in it is the caller's. */
void api_field_get(const struct api_field *field, const struct api_ctx *ctx, const void *row,
		   struct api_value *ret);
struct json_object *api_field_json(const struct api_field *field, const struct api_ctx *ctx,
				   const void *row);
/* The members in the mask, bit i for fields[i]; API_ALL for all. */
#define API_ALL UINT64_MAX
struct json_object *api_render(const struct api_kind *kind, const struct api_ctx *ctx,
			       const void *row, uint64_t mask);
/* Those that have none of the flags. */
uint64_t api_kind_without(const struct api_kind *kind, unsigned int flags);
/* ?fields=a,b; false: answered. */
bool api_kind_mask(struct api_req *req, const struct api_kind *kind, uint64_t *ret_mask);
/* Gets ready to read, with a reference on a snapshot; false: answered.  close it either way. */
bool api_kind_open(struct api_req *req, const struct api_kind *kind,
		   const struct dsc_snapshot *snap, struct api_ctx *ctx);
void api_kind_close(const struct api_kind *kind, struct api_ctx *ctx);
/* Answers that the object which the path names isn't there. */
void api_kind_lost(struct api_req *req, const struct api_kind *kind);
/* "a, b, c": members that have one of the flags (0: all that are told). */
void api_kind_names(const struct api_kind *kind, unsigned int flags, char *buf, size_t size);

/* body.c: is doc a body for what `as` says?  API_CREATE: all that is needed is there; API_CHANGE: all may be changed; API_SET: neither.
 * Returns how many faults there are; the first max of them are in errs. */
size_t api_body_check(const struct api_kind *kind, struct json_object *doc, unsigned int as,
		      struct cmn_err *errs, size_t max);
/* Of a body that was checked: 0 when it isn't given. */
uint64_t api_body_size(struct json_object *doc, const char *name);
uint16_t api_body_port(struct json_object *doc, const char *name);
uint64_t api_body_u64(struct json_object *doc, const char *name);
const char *api_body_str(struct json_object *doc, const char *name); /* NULL: not given, or null */
const char *api_body_told(struct json_object *doc,
			  const char *name); /* NULL: not given; "" for null */

#endif
