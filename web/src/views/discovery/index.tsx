// SPDX-License-Identifier: Apache-2.0
// views/discovery - what hosts are told, what they and others have told us.
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { LogTab } from './log';
import { Referrals } from './referrals';
import { Registrations } from './registrations';

const TABS: Tab[] = [
  { key: '', title: 'Log of a host' },
  { key: 'registrations', title: 'Registrations' },
  { key: 'referrals', title: 'Referrals' },
];

function Discovery({ params }: { params: URLSearchParams }) {
  const tab = tabOf(TABS, params);
  return (
    <>
      <Tabs label="Discovery" path="discovery" tabs={TABS} current={tab} />
      {tab === '' && <LogTab params={params} />}
      {tab === 'registrations' && <Registrations />}
      {tab === 'referrals' && <Referrals />}
    </>
  );
}

export const discovery: View = { path: 'discovery', title: 'Discovery', icon: 'search', component: Discovery };
