// SPDX-License-Identifier: Apache-2.0
// components/router.ts - which view is shown: the part of the address after '#', so that reload, back and links work.
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  path: string;
  params: URLSearchParams;
}

export function href(path: string, params: Record<string, string> = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== '');
  const search = new URLSearchParams(given).toString();
  return `#/${path}${search ? '?' + search : ''}`;
}

function current(): Route {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { path, params: new URLSearchParams(search) };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const changed = () => setRoute(current());
    addEventListener('hashchange', changed);
    changed(); // it may have changed between rendering and now
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
