// SPDX-License-Identifier: Apache-2.0
// components/app.tsx - what stands around every view: name, menu, health, and whether discoveryd answers.
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../api/client';
import { useLink } from '../api/link';
import { usePoll } from '../api/poll';
import { views } from '../views';
import { clock } from './format';
import { href, useRoute } from './router';
import { State } from './state';

function Menu({ path }: { path: string }) {
  return (
    <nav aria-label="Views">
      {views.map((view) => (
        <a key={view.path} href={href(view.path)} aria-current={view.path === path ? 'page' : undefined}>
          {view.title}
        </a>
      ))}
    </nav>
  );
}

function HealthBadge() {
  const link = useLink();
  const { data } = usePoll('health', api.health);
  const version = usePoll('version', api.version).data;
  if (!link.up) return <State state="away" />;
  if (!data) return null;
  const worst = data.checks.find((check) => check.status === data.status && check.status !== 'ok');
  return (
    <span class="health">
      <State state={data.status} {...(worst && { reason: worst.detail })} />
      {version && <span class="version">{version.version}</span>}
    </span>
  );
}

/** Always in the page, so that screen readers announce the text when it comes. */
function Away() {
  const link = useLink();
  const since = link.heard ? `What you see is as it was at ${clock(link.heard)}.` : '';
  return (
    <div role="status" class={link.up ? 'unseen' : 'away'}>
      {link.up ? '' : `discoveryd doesn't answer; trying again. ${since}`}
    </div>
  );
}

export function App() {
  const route = useRoute();
  const link = useLink();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const view = views.find((v) => v.path === route.path) ?? views[0]!;

  const title = view.titleOf?.(route.params) ?? view.title;

  useEffect(() => {
    document.title = `${title} · Pharos`;
    if (!first.current) main.current?.focus(); // a new view is read from its start
    first.current = false;
  }, [view, title]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to content</a>
      <header>
        <a class="brand" href={href('')}><img src="/favicon.svg" alt="" width="28" height="28" />Pharos</a>
        <Menu path={view.path} />
        <HealthBadge />
      </header>
      <Away />
      <main id="main" ref={main} tabIndex={-1} data-stale={link.up ? undefined : 'true'}>
        <h1>{title}</h1>
        <view.component params={route.params} />
      </main>
    </>
  );
}
