// SPDX-License-Identifier: Apache-2.0
// views/settings - about this installation, what was done to it, and how this browser shows it.
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Version } from '../../api/types';
import { clock, span } from '../../components/format';
import { Show } from '../../components/polled';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import { ThemeChoice } from '../../components/theme';
import type { View } from '../view';
import { Audit } from './audit';
import { Backups } from './backups';
import { Keys } from './keys';
import { Operations } from './operations';
import { Users } from './users';

function Facts({ version }: { version: Version }) {
  return (
    <dl class="facts">
      <div><dt>Version</dt><dd>{version.version}</dd></div>
      <div><dt>API</dt><dd>{version.api}</dd></div>
      <div><dt>Node</dt><dd>{version.node ?? '–'}</dd></div>
      {version.started_at && (
        <div><dt>Runs since</dt><dd><time dateTime={version.started_at}>{clock(version.started_at)}</time>, {span((Date.now() - Date.parse(version.started_at)) / 1000)}</dd></div>
      )}
      <div class="wide"><dt>Discovery NQN</dt><dd><code>{version.discovery_nqn ?? '–'}</code></dd></div>
    </dl>
  );
}

function About() {
  const polled = usePoll('about', api.version);
  return (
    <>
      <Show of={polled}>{(version) => <Facts version={version} />}</Show>
      <section aria-labelledby="browser">
        <h2 id="browser">This browser</h2>
        <ThemeChoice />
      </section>
    </>
  );
}

const TABS: Tab[] = [
  { key: '', title: 'About' },
  { key: 'users', title: 'Users and tokens' },
  { key: 'keys', title: 'Keys' },
  { key: 'audit', title: 'Audit' },
  { key: 'backups', title: 'Backups' },
  { key: 'operations', title: 'Operations' },
];

function Settings({ params }: { params: URLSearchParams }) {
  const tab = tabOf(TABS, params);
  return (
    <>
      <Tabs label="Settings" path="settings" tabs={TABS} current={tab} />
      {tab === '' && <About />}
      {tab === 'users' && <Users />}
      {tab === 'keys' && <Keys />}
      {tab === 'audit' && <Audit />}
      {tab === 'backups' && <Backups />}
      {tab === 'operations' && <Operations />}
    </>
  );
}

export const settings: View = { path: 'settings', title: 'Settings', icon: 'settings', component: Settings };
