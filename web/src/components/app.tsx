// SPDX-License-Identifier: Apache-2.0
// components/app.tsx - what stands around every view: name, menu, health, and whether discoveryd answers.
import { Component, type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api/client';
import { useLink } from '../api/link';
import { usePoll } from '../api/poll';
import { give, useToken } from '../api/token';
import { menu, views } from '../views';
import type { View } from '../views/view';
import { clock } from './format';
import { Find } from './find';
import { Icon } from './icon';
import { HostNames } from './nqn';
import { href, useRoute, type Route } from './router';
import { SignIn } from './signin';
import { State } from './state';

function Badge({ view }: { view: View }) {
  const waiting = view.useCount?.() ?? 0;
  return waiting > 0 ? <span class="badge">{waiting.toLocaleString('en')}<span class="unseen"> waiting</span></span> : null;
}

function Menu({ path, shut }: { path: string; shut: boolean }) {
  return (
    <nav aria-label="Views" id="menu" class={shut ? 'shut' : undefined}>
      {menu.map((group, i) => (
        <ul key={i}>
          {group.map((view) => (
            <li key={view.path}>
              <a href={href(view.path)} aria-current={view.path === path ? 'page' : undefined}><Icon name={view.icon} />{view.title}{' '}<Badge view={view} /></a>
            </li>
          ))}
        </ul>
      ))}
    </nav>
  );
}

/** Of discoveryd and all it looks after. */
function Health({ class: name }: { class: string }) {
  const link = useLink();
  const health = usePoll('health', api.health).data;
  const state = link.up ? health?.status : 'away';
  return <a class={name} href={href('')}>{state && <State state={state} />}</a>;
}

/** As whom discoveryd knows us, where it asks. */
function Who() {
  const me = usePoll('whoami', api.whoami, { every: 60000, kinds: ['user', 'token'] }).data;
  if (!me?.authentication) return null;
  return (
    <div class="row">
      <a href={href('settings', { tab: 'users' })}>{me.user}, {me.role}</a>
      <button type="button" onClick={() => give('')}>Sign out</button>
    </div>
  );
}

function Foot() {
  const version = usePoll('version', api.version, { every: 60000, deaf: true }).data;
  return (
    <div class="foot">
      <div class="row">
        <Health class="foot-state" />
        {version && <a href={href('settings')}>{version.version}</a>}
      </div>
      {version?.node && <div>{version.node}</div>}
      <Who />
    </div>
  );
}

function Side({ path, route }: { path: string; route: Route }) {
  const [shut, setShut] = useState(true); // of a narrow screen's menu; a wide one shows it always
  useEffect(() => setShut(true), [route]);
  return (
    <header class="side">
      <a class="brand" href={href('')}><img src="/favicon.svg" alt="" width="30" height="30" />Pharos</a>
      <Find />
      <Health class="top-state" />
      <button type="button" class="menu-button" aria-expanded={!shut} aria-controls="menu" onClick={() => setShut(!shut)}>
        <Icon name="menu" />Menu
      </button>
      <Menu path={path} shut={shut} />
      <Foot />
    </header>
  );
}

/** Always in the page, so that screen readers announce the text when it comes. */
function Away() {
  const link = useLink();
  const since = link.heard ? `What you see is as it was at ${clock(link.heard)}.` : '';
  return (
    <div class="told">
      <div role="status" class={link.up ? 'unseen' : 'away'}>
        {link.up ? '' : `discoveryd doesn't answer; trying again. ${since}`}
      </div>
    </div>
  );
}

function Title({ view, title }: { view: View; title: string }) {
  return (
    <div class="title">
      {title !== view.title && <p class="crumb"><a href={href(view.path)}>{view.title}</a></p>}
      <h1>{title}</h1>
    </div>
  );
}

/** A view that fails takes only itself down; another address is another try. */
class Fenced extends Component<{ address: string; children: ComponentChildren }, { failed?: string; address?: string }> {
  override componentDidCatch(error: unknown) {
    console.error(error);
    this.setState({ failed: String(error), address: this.props.address });
  }

  override render() {
    const { failed, address } = this.state;
    if (failed === undefined || address !== this.props.address) return this.props.children;
    return <p class="problem" role="alert">This view has failed, which is a mistake in it: {failed}</p>;
  }
}

/** Nothing is to be seen before it is known who asks, where that matters. */
export function App() {
  const { wanted } = useToken();
  return wanted === undefined ? <Shell /> : <SignIn why={wanted} />;
}

function Shell() {
  const route = useRoute();
  const link = useLink();
  const main = useRef<HTMLElement>(null);
  const shown = useRef('');
  const view = views.find((v) => v.path === route.path) ?? views[0]!;
  const title = view.titleOf?.(route.params) ?? view.title;

  useEffect(() => {
    document.title = `${title} · Pharos`;
    if (shown.current && shown.current !== title) {
      main.current?.focus(); // a new view is read from its start
      scrollTo(0, 0);
    }
    shown.current = title;
  }, [title]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to content</a>
      <HostNames><div class="shell">
        <Side path={view.path} route={route} />
        <div>
          <Away />
          <main id="main" ref={main} tabIndex={-1} data-stale={link.up ? undefined : 'true'}>
            <Title view={view} title={title} />
            <Fenced address={`${route.path}?${route.params}`}><view.component params={route.params} /></Fenced>
          </main>
        </div>
      </div></HostNames>
    </>
  );
}
