/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/bootstrap.h - what a first start makes, and the portals that the command line asks for.
 * Owns: nothing.  Thread: control loop.  May block: never. */
#ifndef DISCOVERYD_BOOTSTRAP_H
#define DISCOVERYD_BOOTSTRAP_H

#include "common/err.h"
#include "discoveryd/app.h"

/* done() is called once, with an error when something could not be made.  Before the supervisor starts. */
void dsc_bootstrap(struct dsc_app *app,
		   void (*done)(struct dsc_app *app, const struct cmn_err *err));

#endif
