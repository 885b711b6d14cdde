// SPDX-License-Identifier: Apache-2.0
// shots.mjs FOLDER [VIEW...] - pictures of the views, over the installation of world.mjs: light and dark, and with PHAROS_NARROW also of a
// narrow screen.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startDaemon } from './daemon.mjs';
import { LAUNCH, NARROW, WIDE } from './harness.mjs';
import { VIEWS } from './views.mjs';
import { beginIo, fill } from './world.mjs';

const [folder, ...names] = process.argv.slice(2);
const daemon = await startDaemon();
const browser = await chromium.launch(LAUNCH);
try {
  await fill(daemon);
  await beginIo(daemon);
  const sizes = { '': WIDE, ...(process.env.PHAROS_NARROW && { '-narrow': NARROW }) };
  for (const [size, viewport] of Object.entries(sizes)) {
    const context = await browser.newContext({ viewport });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(String(error)));
    page.on('console', (message) => message.type() === 'log' || console.error(message.text()));
    await page.goto(`${daemon.url}/#/performance`);
    await page.waitForTimeout(size ? 0 : Number(process.env.PHAROS_WARM ?? 60) * 1000); // for the charts to fill
    for (const [name, { hash, ready, act }] of Object.entries(VIEWS)) {
      if (names.length && !names.includes(name)) continue;
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.goto(`${daemon.url}/#/none`);
        await page.goto(`${daemon.url}/${hash}`);
        await ready(page);
        await act?.(page);
        await page.waitForTimeout(1500);
        await page.screenshot({ path: join(folder, `${name}${size}-${colorScheme}.png`), fullPage: true });
        await page.keyboard.press('Escape');
      }
    }
    await context.close();
  }
} finally {
  await browser.close();
  await daemon.stop();
}
