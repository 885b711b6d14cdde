// SPDX-License-Identifier: Apache-2.0
// looks.test.mjs - every view with something in it, light and dark, wide and narrow: axe finds nothing, nothing is wider than the screen,
// the console has no complaint.  So does the reference of the API.
import assert from 'node:assert/strict';
import test from 'node:test';
import { NARROW, WIDE, at, axeFindsNothing, open, setUp, visit } from './harness.mjs';
import { VIEWS } from './views.mjs';
import { beginIo, fill } from './world.mjs';

setUp(async (daemon) => {
  await fill(daemon);
  await beginIo(daemon);
});

const CONTRAST = 'color-contrast';
/** Dark has but other colours, and narrow another layout: each is looked at for what it can change. */
const LOOKS = [
  ['light', WIDE, {}],
  ['dark', WIDE, { runOnly: { type: 'rule', values: [CONTRAST] } }],
  ['light', NARROW, { rules: { [CONTRAST]: { enabled: false } } }],
];

for (const [colorScheme, viewport, options] of LOOKS) {
  test(`axe finds nothing in any view, ${colorScheme}, ${viewport.width} pixels wide`, async () => {
    await open({ colorScheme, viewport });
    await visit();
    for (const [name, { hash, ready, act }] of Object.entries(VIEWS)) {
      await visit(hash);
      await ready(at.page);
      await act?.(at.page);
      await axeFindsNothing(name, options);
      await at.page.keyboard.press('Escape');
    }
    assert.deepEqual(at.complaints, []);
  });
}

/** The page is one long repetition, and contrast by far the dearest rule. */
const SOME = { include: [['nav > ul:first-of-type'], ['section > article:nth-of-type(-n+2)']] };

for (const [colorScheme, options, context] of [['light', { rules: { [CONTRAST]: { enabled: false } } }],
  ['light', { runOnly: { type: 'rule', values: [CONTRAST] } }, SOME], ['dark', { runOnly: { type: 'rule', values: [CONTRAST] } }, SOME]]) {
  test(`axe finds nothing in the reference of the API, ${colorScheme}, ${context ? 'contrast in some of it' : 'all but contrast'}`, async () => {
    await open({ colorScheme, viewport: WIDE });
    await visit('docs/api');
    await axeFindsNothing('docs/api', options, context);
    assert.deepEqual(at.complaints, []);
  });
}
