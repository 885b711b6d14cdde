// SPDX-License-Identifier: Apache-2.0
// components/theme.tsx - light or dark, as the system has it or as the user chose on this browser.
import { useEffect, useState } from 'preact/hooks';
import { Choose } from './filter';

const KEY = 'pharos-theme';
const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Heard by whatever paints colours itself. */
export const REPAINT = 'pharos-repaint';

/** A browser that keeps nothing follows the system. */
function kept(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}

function keep(theme: Theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // then it holds for this page
  }
}

function show(theme: Theme) {
  document.documentElement.dataset['theme'] = theme;
  dispatchEvent(new Event(REPAINT));
}

show(kept());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => dispatchEvent(new Event(REPAINT)));
addEventListener('storage', (event) => void (event.key === KEY && show(kept())));

export function ThemeChoice() {
  const [theme, set] = useState(kept);
  useEffect(() => {
    keep(theme);
    show(theme);
  }, [theme]);
  return <Choose label="Colours" value={theme} set={(value) => set(value as Theme)} all={null} from={[['system', 'as the system'], 'light', 'dark']} />;
}
