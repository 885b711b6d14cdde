// SPDX-License-Identifier: Apache-2.0
// components/tabs.tsx - the parts of a view, each with an address of its own.
import { href } from './router';

export interface Tab {
  /** In the address as tab=; '' is the first one. */
  key: string;
  title: string;
  count?: number | undefined;
}

interface Props {
  label: string;
  path: string;
  params?: Record<string, string>;
  tabs: Tab[];
  current: string;
}

export function Tabs({ label, path, params = {}, tabs, current }: Props) {
  return (
    <nav aria-label={label}>
      <ul class="tabs">
        {tabs.map(({ key, title, count }) => (
          <li key={key}>
            <a href={href(path, { ...params, tab: key })} aria-current={key === current ? 'page' : undefined}>
              {title}{count !== undefined && <>{' '}<span class="count">{count.toLocaleString('en')}</span></>}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** The tab of these parameters; the first when they name none that there is. */
export function tabOf(tabs: Tab[], params: URLSearchParams): string {
  const key = params.get('tab') ?? '';
  return tabs.some((tab) => tab.key === key) ? key : tabs[0]!.key;
}
