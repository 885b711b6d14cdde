// SPDX-License-Identifier: Apache-2.0
// looks.test.mjs - every view with something in it, light and dark, wide and narrow: axe finds nothing, nothing is wider than the screen,
// the console has no complaint.  So does the reference of the API.
import assert from 'node:assert/strict';
import test from 'node:test';
import { NARROW, WIDE, at, axeFindsNothing, setUp, visit } from './harness.mjs';
import { VIEWS } from './views.mjs';
import { beginIo, fill } from './world.mjs';

setUp(async (daemon) => {
  await fill(daemon);
  await beginIo(daemon);
});

const CONTRAST = 'color-contrast';
const NO_CONTRAST = { rules: { [CONTRAST]: { enabled: false } } };
const ONLY_CONTRAST = { runOnly: { type: 'rule', values: [CONTRAST] } };
/** Dark has but other colours, and narrow another layout: each is looked at for what it can change. */
const LOOKS = [
  ['light', WIDE, {}],
  ['dark', WIDE, ONLY_CONTRAST],
  ['light', NARROW, NO_CONTRAST],
];

/** One visit for all its looks: what is open stays so when the colours or the window change. */
test('axe finds nothing in any view, light and dark, wide and narrow', async () => {
  await visit();
  for (const [name, { hash, ready, act }] of Object.entries(VIEWS)) {
    await visit(hash);
    await ready(at.page);
    await act?.(at.page);
    for (const [colorScheme, viewport, options] of LOOKS) {
      await at.page.emulateMedia({ colorScheme });
      await at.page.setViewportSize(viewport);
      await axeFindsNothing(`${name}, ${colorScheme}, ${viewport.width} pixels wide`, options);
    }
    await at.page.setViewportSize(WIDE);
    await at.page.keyboard.press('Escape');
  }
  assert.deepEqual(at.complaints, []);
});

/** The page is one long repetition, and contrast by far the dearest rule. */
const SOME = { include: [['nav > ul:first-of-type'], ['section > article:nth-of-type(-n+2)']] };

test('axe finds nothing in the reference of the API, light and dark', async () => {
  await visit('docs/api');
  for (const [colorScheme, options, context] of [['light', NO_CONTRAST], ['light', ONLY_CONTRAST, SOME], ['dark', ONLY_CONTRAST, SOME]]) {
    await at.page.emulateMedia({ colorScheme });
    await axeFindsNothing(`docs/api, ${colorScheme}`, options, context);
  }
  assert.deepEqual(at.complaints, []);
});
