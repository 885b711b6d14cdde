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

for (const [colorScheme, viewport] of [['light', WIDE], ['dark', WIDE], ['light', NARROW]]) {
  test(`axe finds nothing in any view, ${colorScheme}, ${viewport.width} pixels wide`, async () => {
    await open({ colorScheme, viewport });
    await visit();
    for (const [name, { hash, ready, act }] of Object.entries(VIEWS)) {
      await visit(hash);
      await ready(at.page);
      await act?.(at.page);
      await axeFindsNothing(name);
      await at.page.keyboard.press('Escape');
    }
    assert.deepEqual(at.complaints, []);
  });
}

for (const [colorScheme, viewport] of [['light', WIDE], ['dark', NARROW]]) {
  test(`axe finds nothing in the reference of the API, ${colorScheme}, ${viewport.width} pixels wide`, async () => {
    await open({ colorScheme, viewport });
    await visit('docs/api');
    await axeFindsNothing('docs/api');
    assert.deepEqual(at.complaints, []);
  });
}
