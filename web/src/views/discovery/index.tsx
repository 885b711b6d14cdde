// SPDX-License-Identifier: Apache-2.0
// views/discovery - what hosts are told, what they and others have told us.
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { Controllers, useWaitingControllers } from './controllers';
import { LogTab } from './log';
import { Referrals } from './referrals';
import { Registrations } from './registrations';

const tabsOf = (waiting: number): Tab[] => [
  { key: '', title: 'Log of a host' },
  { key: 'controllers', title: 'Discovery controllers', count: waiting || undefined },
  { key: 'registrations', title: 'Registrations' },
  { key: 'referrals', title: 'Referrals' },
];

function Discovery({ params }: { params: URLSearchParams }) {
  const tabs = tabsOf(useWaitingControllers());
  const tab = tabOf(tabs, params);
  return (
    <>
      <Tabs label="Discovery" path="discovery" tabs={tabs} current={tab} />
      {tab === '' && <LogTab params={params} />}
      {tab === 'controllers' && <Controllers />}
      {tab === 'registrations' && <Registrations />}
      {tab === 'referrals' && <Referrals />}
    </>
  );
}

export const discovery: View = { path: 'discovery', title: 'Discovery', icon: 'search', useCount: useWaitingControllers, component: Discovery };
